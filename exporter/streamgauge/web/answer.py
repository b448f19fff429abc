"""Makes responses whose bytes are ready: compressed where the client takes it, in the thread that made them."""

import gzip
from collections.abc import Mapping

from fastapi import Request, Response

from streamgauge.web.negotiation import accepts_gzip

_WORTH_COMPRESSING = 1024  # bytes
_LEVEL = 4  # a third of the default's time for a few per cent more bytes


def answer(request: Request, body: bytes, media_type: str, headers: Mapping[str, str] | None = None) -> Response:
    """A response that is made anew each time, and kept by nobody unless ``headers`` say so."""
    all_headers = {"Cache-Control": "no-store", "Vary": "Accept, Accept-Encoding", **(headers or {})}
    if len(body) >= _WORTH_COMPRESSING and accepts_gzip(request.headers.get("accept-encoding", "")):
        body = gzip.compress(body, _LEVEL, mtime=0)
        all_headers["Content-Encoding"] = "gzip"
    return Response(body, media_type=media_type, headers=all_headers)
