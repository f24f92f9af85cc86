"""One request as the collector needs it: its headers, what its address says, and its body piece by piece."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl

from . import replies
from .replies import Refusal

_CHANNEL = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
LARGEST_DRAIN = 128 * 1_048_576  # bytes that are read and dropped, so that a sender who is refused learns why
BODY_S = 120.0  # seconds that a body may take, so that slow senders do not hold the room of others for ever

Receive = Callable[[], Awaitable[dict[str, Any]]]


class Disconnected(Exception):
    """The sender has hung up before its body was complete."""


class Exchange:
    """One request. ``size``: bytes of the body that were read by now, as they came."""

    def __init__(self, scope: dict[str, Any], receive: Receive) -> None:
        self.method: str = scope["method"]
        self.headers: dict[bytes, bytes] = {name.lower(): value for name, value in scope["headers"]}
        self.parameters = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        root, path = scope.get("root_path", ""), scope["path"]
        self.path: str = path if path.startswith(root) else root + path
        self.address: str = scope["client"][0] if scope.get("client") else "n/a"
        length = self.headers.get(b"content-length", b"0")
        self.length = int(length) if length.isdigit() else 0
        self.size = 0
        self.token_name = "n/a"
        self._receive = receive
        self._more = True
        self._started_at: float | None = None

    def channel(self) -> str:
        """The channel that the request names, in lower case. Raises Refusal without one, or for one that is no GUID."""
        channel = self.headers.get(b"x-splunk-request-channel", b"").decode("latin-1") or self.parameters.get(
            "channel", ""
        )
        if not channel:
            raise Refusal(replies.CHANNEL_MISSING)
        if not _CHANNEL.fullmatch(channel):
            raise Refusal(replies.INVALID_CHANNEL)
        return channel.lower()

    def host(self, connection_host: str) -> str:
        """The host of events that name none, as connection_host says: ip, dns, proxied_ip or none.

        For dns it is the address too: a name would have to be asked for at each request.
        """
        forwarded = self.headers.get(b"x-forwarded-for", b"").decode("latin-1").partition(",")[0].strip()
        if connection_host == "proxied_ip" and forwarded:
            return forwarded
        if connection_host in ("ip", "dns", "proxied_ip"):
            return self.address
        return self.headers.get(b"host", b"").decode("latin-1") or self.address

    async def piece(self) -> bytes | None:
        """The next piece of the body, None at its end. Raises Disconnected, and Refusal when the body takes too long."""
        if not self._more:
            return None
        message = await self._message()
        if message["type"] == "http.disconnect":
            self._more = False
            raise Disconnected
        self._more = message.get("more_body", False)
        piece: bytes = message.get("body", b"")
        self.size += len(piece)
        return piece

    async def _message(self) -> dict[str, Any]:
        if self._started_at is None:  # nothing is held before the first piece, and most bodies have no other
            message = await self._receive()
            self._started_at = asyncio.get_running_loop().time()
            return message
        left = self._started_at + BODY_S - asyncio.get_running_loop().time()
        try:
            return await asyncio.wait_for(self._receive(), left)
        except asyncio.TimeoutError:
            self._more = False
            raise Refusal(replies.TIMED_OUT, detail=f"The body took more than {BODY_S:.0f} s") from None

    async def drain(self) -> None:
        """Reads what is left of the body and drops it, up to a limit.

        A sender that asks first (``Expect: 100-continue``) is not asked for the body.
        """
        if b"expect" in self.headers and not self.size:
            return
        try:
            while self.size < LARGEST_DRAIN and await self.piece() is not None:
                pass
        except (Disconnected, Refusal):
            pass
