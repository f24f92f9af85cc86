"""Which token a request comes with."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping

from . import replies
from .replies import Refusal
from .settings import Settings, Token


def token(settings: Settings, headers: Mapping[bytes, bytes], parameters: Mapping[str, str]) -> Token:
    """The enabled token of a request. Raises Refusal.

    A token in the address counts before one in the header, as in splunkd, even where it is not allowed there.
    """
    if "token" in parameters:
        found = _known(settings, parameters["token"])
        if not found.query_string:
            raise Refusal(replies.NO_QUERY_STRING)
    else:
        found = _known(settings, _presented(headers))
    if found.disabled:
        raise Refusal(replies.TOKEN_DISABLED)
    return found


def _presented(headers: Mapping[bytes, bytes]) -> str:
    header = headers.get(b"authorization", b"").decode("latin-1").strip()
    if not header:
        raise Refusal(replies.TOKEN_REQUIRED)
    kind, _, value = header.partition(" ")
    value = value.strip()
    if kind.lower() == "basic":
        try:
            value = base64.b64decode(value, validate=True).decode("utf-8").partition(":")[2]
        except (binascii.Error, ValueError):
            raise Refusal(replies.INVALID_AUTHORIZATION) from None
    elif kind.lower() != "splunk":
        raise Refusal(replies.INVALID_AUTHORIZATION)
    if not value:
        raise Refusal(replies.TOKEN_REQUIRED)
    return value


def _known(settings: Settings, value: str) -> Token:
    found = None
    for candidate in settings.tokens:  # all of them, in the same time whichever it is
        if hmac.compare_digest(candidate.value.encode(), value.encode("utf-8", "replace")):
            found = candidate
    if found is None:
        raise Refusal(replies.INVALID_TOKEN)
    return found
