"""The files that pages load, ours and Swagger UI's: nothing comes from outside, and no path reaches the disk."""

import hashlib
from collections.abc import Mapping
from http import HTTPStatus
from importlib import resources
from pathlib import PurePosixPath

import swagger_ui_bundle
from fastapi import Request, Response

from streamgauge.web.answer import answer
from streamgauge.web.problem import ProblemError

_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
_SWAGGER_UI = ("swagger-ui.css", "swagger-ui-bundle.js")
FOR_EVER = "private, max-age=31536000, immutable"
"""How a file is kept whose address changes with it."""

_ASK_AGAIN = "no-cache"


class Assets:
    """Files in memory, and a digest of them all that makes their address new when one of them is.

    Args:
        files: their content by name.
    """

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files
        content = b"".join(name.encode() + files[name] for name in sorted(files))
        self.digest = hashlib.sha256(content).hexdigest()[:12]

    def reply(self, request: Request, name: str, digest: str | None = None) -> Response:
        """One file.

        Args:
            request: the request.
            name: the file's name.
            digest: the digest in the address, if it has one; the right one lets the file be kept for ever.

        Raises:
            ProblemError: 404, there is no such file.
        """
        body = self._files.get(name)
        if body is None:
            raise ProblemError(HTTPStatus.NOT_FOUND, f"there is no file {name!r} here")
        caching = FOR_EVER if digest == self.digest else _ASK_AGAIN
        return answer(request, body, _TYPES[PurePosixPath(name).suffix], {"Cache-Control": caching})


def own_assets() -> Assets:
    """The page's CSS, scripts and icon."""
    folder = resources.files("streamgauge.web.pages") / "static"
    return Assets(
        {file.name: file.read_bytes() for file in folder.iterdir() if PurePosixPath(file.name).suffix in _TYPES}
    )


def swagger_ui_assets() -> Assets:
    """What `/docs` needs of Swagger UI."""
    folder = swagger_ui_bundle.swagger_ui_path
    return Assets({name: (folder / name).read_bytes() for name in _SWAGGER_UI})
