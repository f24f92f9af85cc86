"""Files of a folder over HTTP, with ETag and Last-Modified."""

from __future__ import annotations

from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

_ASK_EACH_TIME = "no-cache"  # the browser keeps a file and asks whether it has changed (304)
_FOR_EVER = "public, max-age=31536000, immutable"


class Assets(StaticFiles):
    """The files of ``folder``, which may come to be later. ``hashed``: those in its subfolder of that name never change."""

    def __init__(self, folder: Path, *, hashed: str = "") -> None:
        super().__init__(directory=folder, check_dir=False)
        self._hashed = hashed

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, 304 when the browser has it, 404 without one."""
        response = await super().get_response(path, scope)
        for_ever = self._hashed and path.startswith(f"{self._hashed}/")
        response.headers["cache-control"] = _FOR_EVER if for_ever else _ASK_EACH_TIME
        return response
