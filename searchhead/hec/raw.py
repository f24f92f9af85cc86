"""Raw data: text whose lines are events."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from . import replies
from .envelopes import Envelope
from .replies import Refusal


def parse(body: bytes, *, line_breaker: str, max_event: int) -> Iterator[Envelope]:
    """One envelope a line, blank lines left out. Raises Refusal, for data without any line among others.

    ``line_breaker``: a regular expression as in props.conf; its first group is what stands between two events. Bytes that
    are no UTF-8 become ``\\xE4``, as splunkd writes them.
    """
    text = body.decode("utf-8", _HEXADECIMAL)
    number = 0
    for line in _lines(text, line_breaker):
        if not line.strip():
            continue
        if len(line) * 4 > max_event and len(line.encode()) > max_event:
            detail = f"The event has more than maxEventSize={max_event} bytes"
            raise Refusal(replies.INVALID_DATA, event=number, detail=detail)
        yield Envelope(line)
        number += 1
    if not number:
        raise Refusal(replies.NO_DATA)


def _lines(text: str, line_breaker: str) -> Iterator[str]:
    try:
        breaker = re.compile(line_breaker)
    except re.error as exc:
        raise Refusal(
            replies.INTERNAL_ERROR, detail=f"LINE_BREAKER {line_breaker} is no regular expression: {exc}"
        ) from exc
    start = 0
    for match in breaker.finditer(text):
        if breaker.groups and match.start(1) >= 0:
            yield text[start : match.start(1)]
            start = match.end(1)
    yield text[start:]


def _hexadecimal(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    wrong = error.object[error.start : error.end]
    return "".join(f"\\x{byte:02X}" for byte in wrong), error.end


_HEXADECIMAL = "searchhead.hec.hexadecimal"
codecs.register_error(_HEXADECIMAL, _hexadecimal)
