"""REST endpoint that takes one event: receivers/simple, POST of its text with index=, sourcetype=, source=, host=."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from searchhead.indexes import Event, StoreError, definitions

from .atom import clean
from .errors import RestError
from .rest import Request, Response, Route

if TYPE_CHECKING:
    from .head import SearchHead


class ReceiverEndpoints:
    """The handlers, for the event store of one search head."""

    def __init__(self, head: SearchHead) -> None:
        self._head = head

    def routes(self) -> Sequence[Route]:
        """What these endpoints answer."""
        return (Route(("POST",), "receivers/simple", self.receive, json=True),)  # the body is text, not a form

    def receive(self, request: Request) -> Response:
        """What was stored; it is on disk. Raises RestError 400, 403."""
        request.need("edit_tcp")
        index = request.parameters.get("index", "main")
        if index not in definitions.enabled(self._head.confs):
            raise RestError(400, f"supplied index '{index}' missing")
        text = request.body.decode("utf-8", "replace").rstrip("\r\n")
        if not text:
            raise RestError(400, "There is no event in the body.")
        event = Event(
            time.time(),
            text,
            index,
            request.parameters.get("sourcetype", "www"),
            request.parameters.get("source", "www"),
            request.parameters.get("host", self._head.host),
        )
        try:
            self._head.events.add([event])
        except StoreError as exc:
            raise RestError(400, str(exc)) from exc
        told = {
            "_index": index,
            "bytes": len(request.body),
            "host": event.host,
            "source": event.source,
            "sourcetype": event.sourcetype,
        }
        fields = "".join(
            f"<field k='{name}'><value><text>{escape(clean(str(value)))}</text></value></field>"
            for name, value in told.items()
        )
        return Response(f"<response><results><result>{fields}</result></results></response>\n".encode())
