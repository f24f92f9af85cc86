"""The answers of the HTTP Event Collector: HTTP status, code and text, as splunkd's."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Reply:
    """One kind of answer."""

    status: int
    code: int
    text: str

    def body(self, **more: Any) -> bytes:
        """The JSON body; ``more`` without the values that are None."""
        told = {name: value for name, value in more.items() if value is not None}
        return json.dumps({"text": self.text, "code": self.code, **told}, separators=(",", ":")).encode()


SUCCESS = Reply(200, 0, "Success")
TOKEN_DISABLED = Reply(403, 1, "Token disabled")
TOKEN_REQUIRED = Reply(401, 2, "Token is required")
INVALID_AUTHORIZATION = Reply(401, 3, "Invalid authorization")
INVALID_TOKEN = Reply(403, 4, "Invalid token")
NO_DATA = Reply(400, 5, "No data")
INVALID_DATA = Reply(400, 6, "Invalid data format")
INCORRECT_INDEX = Reply(400, 7, "Incorrect index")
INTERNAL_ERROR = Reply(500, 8, "Internal server error")
SERVER_BUSY = Reply(503, 9, "Server is busy")
CHANNEL_MISSING = Reply(400, 10, "Data channel is missing")
INVALID_CHANNEL = Reply(400, 11, "Invalid data channel")
EVENT_REQUIRED = Reply(400, 12, "Event field is required")
EVENT_BLANK = Reply(400, 13, "Event field cannot be blank")
ACK_DISABLED = Reply(400, 14, "ACK is disabled")
INDEXED_FIELDS = Reply(400, 15, "Error in handling indexed fields")
NO_QUERY_STRING = Reply(400, 16, "Query string authorization is not enabled")
HEALTHY = Reply(200, 17, "HEC is healthy")
QUEUES_FULL = Reply(503, 18, "HEC is unhealthy, queues are full")
ACK_UNAVAILABLE = Reply(503, 19, "HEC is unhealthy, ack service unavailable")
HEALTH_INVALID_TOKEN = Reply(400, 21, "Invalid token")
HEALTH_TOKEN_DISABLED = Reply(400, 22, "Token disabled")
SHUTTING_DOWN = Reply(503, 23, "Server is shutting down")
NOT_FOUND = Reply(404, 404, "The requested URL was not found on this server.")
NOT_ALLOWED = Reply(405, 405, "Method Not Allowed")
TIMED_OUT = Reply(408, 408, "Request Timeout")
TOO_LARGE = Reply(413, 413, "Request entity too large")


class Refusal(Exception):
    """A request, or its events from one on, that is not accepted."""

    def __init__(self, reply: Reply, *, event: int | None = None, detail: str = "") -> None:
        """``event``: number of the first event that was not accepted, from 0. ``detail``: for the log, what is wrong."""
        super().__init__(detail or reply.text)
        self.reply = reply
        self.event = event
        self.detail = detail
