"""From envelopes to events in the store, as the token allows."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..indexes import Event, EventStore
from . import replies
from .envelopes import Envelope, epoch_seconds
from .replies import Refusal
from .settings import Settings, Token


@dataclass(frozen=True)
class Defaults:
    """What an event gets that says nothing itself. ``time``: epoch seconds."""

    index: str
    sourcetype: str
    source: str
    host: str
    time: float


@dataclass(frozen=True)
class Outcome:
    """How many events of a request are on disk, and what ended it if not its end."""

    stored: int
    refusal: Refusal | None = None


def defaults(token: Token, parameters: Mapping[str, str], *, host: str) -> Defaults:
    """From the address first, then from the token; ``host``: where the request comes from, as the token wants it told.

    Raises Refusal for a time in the address that is none.
    """
    try:
        at = epoch_seconds(parameters["time"]) if parameters.get("time") else time.time()
    except ValueError as exc:
        raise Refusal(replies.INVALID_DATA, detail=str(exc)) from None
    return Defaults(
        index=parameters.get("index") or token.index,
        sourcetype=parameters.get("sourcetype") or token.sourcetype,
        source=parameters.get("source") or token.source,
        host=parameters.get("host") or token.host or host,
        time=at,
    )


def take(
    store: EventStore, settings: Settings, token: Token, envelopes: Iterable[Envelope], default: Defaults
) -> Outcome:
    """Stores the events up to the first bad one, as splunkd does; they are on disk when this returns.

    Raises StoreError, and then none is stored.
    """
    events: list[Event] = []
    refusal = None
    try:
        for envelope in envelopes:
            events.append(_event(settings, token, envelope, default))
    except Refusal as exc:
        number = len(events) if exc.reply is replies.INCORRECT_INDEX else exc.event
        refusal = Refusal(exc.reply, event=number, detail=exc.detail)
    store.add(events)
    return Outcome(len(events), refusal)


def _event(settings: Settings, token: Token, envelope: Envelope, default: Defaults) -> Event:
    index = envelope.index or default.index
    allowed = not token.indexes or index in token.indexes or index == token.index
    if not allowed or index not in settings.indexes:
        raise Refusal(replies.INCORRECT_INDEX, detail=f"index={index[:80]}")
    sourcetype = envelope.sourcetype or default.sourcetype
    return Event(
        time=default.time if envelope.time is None else envelope.time,
        raw=_truncated(envelope.raw, settings.truncate(sourcetype)),
        index=index,
        sourcetype=sourcetype,
        source=envelope.source or default.source,
        host=envelope.host or default.host,
        fields=envelope.fields,
    )


def _truncated(raw: str, limit: int) -> str:
    """The text cut to so many bytes of UTF-8, 0 for all; a character is left out rather than cut."""
    if not limit or len(raw) * 4 <= limit:
        return raw
    data = raw.encode()
    return raw if len(data) <= limit else data[:limit].decode("utf-8", "ignore")
