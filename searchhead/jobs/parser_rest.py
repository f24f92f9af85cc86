"""REST endpoint that reads a search without running it: search/parser, GET and POST with q=."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

from searchhead import spl
from searchhead.spl.context import Context
from searchhead.spl.errors import SplError
from searchhead.spl.registry import BUILTINS
from searchhead.splunkd.errors import RestError
from searchhead.splunkd.rest import Request, Response, Route

from .entity import split

if TYPE_CHECKING:
    from searchhead.splunkd.head import SearchHead

_STREAM_TYPES = {"generating": "SP_GENERATING", "streaming": "SP_STREAM", "transforming": "SP_REPORT"}


class ParserEndpoints:
    """The handlers, with the commands and macros of one search head."""

    def __init__(self, head: SearchHead) -> None:
        self._head = head

    def routes(self) -> Sequence[Route]:
        """What these endpoints answer."""
        return (Route(("GET", "POST"), "search/(?:v2/)?parser", self.parse),)

    def parse(self, request: Request) -> Response:
        """The commands of a search. Raises RestError 400 for one that is wrong."""
        text = request.parameters.get("q", "")
        context = Context(app=self._head.app, custom_commands=self._head.command_names, confs=self._head.confs.read)
        try:
            pipeline = spl.parse(text, context)
            spl.check(pipeline, context)
        except SplError as exc:
            raise RestError(400, str(exc), level="FATAL") from exc
        events, report = split(pipeline)
        commands = []
        for number, stage in enumerate(pipeline.stages):
            kind = BUILTINS[stage.name].kind if stage.name in BUILTINS else "custom"
            one = {
                "command": stage.name,
                "rawargs": stage.raw_args,
                "pipeline": "streaming" if kind in ("streaming", "generating") else "report",
                "args": stage.raw_args,
                "isGenerating": number == 0,
                "streamType": _STREAM_TYPES.get(kind, "SP_EVENTS"),
            }
            commands.append(one)
        body: dict[str, Any] = {
            "remoteSearch": "", "remoteTimeOrdered": True, "eventsSearch": events, "eventsTimeOrdered": True,
            "eventsStreaming": not report, "reportsSearch": report, "canSummarize": False, "commands": commands,
        }  # fmt: skip
        if request.as_json:
            return Response(json.dumps(body).encode(), content_type="application/json; charset=UTF-8")
        return Response(f"<?xml version='1.0' encoding='UTF-8'?>\n<response>{_tree(body)}</response>".encode())


def _tree(value: Any) -> str:
    if isinstance(value, dict):
        return f"<dict>{''.join(f'<key name={quoteattr(name)}>{_tree(item)}</key>' for name, item in value.items())}</dict>"
    if isinstance(value, list):
        return f"<list>{''.join(f'<item>{_tree(item)}</item>' for item in value)}</list>"
    return str(int(value)) if isinstance(value, bool) else escape(str(value))
