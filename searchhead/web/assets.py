"""Files of a folder over HTTP, with ETag and Last-Modified."""

from __future__ import annotations

from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

_ASK_EACH_TIME = "no-cache"  # the browser keeps a file and asks whether it has changed (304)
_FOR_EVER = "public, max-age=31536000, immutable"


class Assets(StaticFiles):
    """The files of ``folder``, which may come to be later; ``hashed`` ones change their name when they change."""

    def __init__(self, folder: Path, *, hashed: bool = False) -> None:
        super().__init__(directory=folder, check_dir=False)
        self._cache_control = _FOR_EVER if hashed else _ASK_EACH_TIME

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, 304 when the browser has it, 404 without one."""
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = self._cache_control
        return response
