"""Plotly's script for the charts, from the installed package, which is never imported: that takes long."""

import gzip
import hashlib
import re
import threading
from functools import cached_property
from http import HTTPStatus
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from fastapi import Request, Response

from streamgauge.web.negotiation import accepts_gzip
from streamgauge.web.pages.assets import FOR_EVER
from streamgauge.web.problem import ProblemError

_INSIDE = Path("package_data", "plotly.min.js")
_LEVEL = 6
# It adds a style sheet (of maps, which are not drawn here) unless an element with a certain id is there already. Our
# policy would refuse the sheet, and the browser would complain; so the page has such an element before it loads this.
_GUARD = re.compile(rb'getElementById\("([0-9a-f]{64})"\)')


class ScriptAddress(NamedTuple):
    """What the page says of the script.

    Attributes:
        digest: of its content: a part of its address, so that it may be kept for ever.
        guards: the ids of elements that keep it from adding style sheets.
    """

    digest: str
    guards: tuple[str, ...]


class PlotlyScript:
    """The script: looked at when a page names it first, and kept packed from when it is first loaded.

    Args:
        path: the file; None: there is none, and there are no charts.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._packing = threading.Lock()

    @cached_property
    def address(self) -> ScriptAddress | None:
        """What the page says of it; None: there is none."""
        if self._path is None or not self._path.is_file():
            return None
        content = self._path.read_bytes()
        guards = dict.fromkeys(found.decode() for found in _GUARD.findall(content))
        return ScriptAddress(hashlib.sha256(content).hexdigest()[:12], tuple(guards))

    @cached_property
    def _packed(self) -> bytes:
        return gzip.compress(self._path.read_bytes(), _LEVEL, mtime=0) if self._path else b""

    def reply(self, request: Request, digest: str) -> Response:
        """The script, if its address is that of now.

        Raises:
            ProblemError: 404, there is no such script.
        """
        if self.address is None or digest != self.address.digest:
            raise ProblemError(HTTPStatus.NOT_FOUND, "there is no such script here")
        with self._packing:
            body = self._packed
        headers = {"Cache-Control": FOR_EVER, "Vary": "Accept-Encoding"}
        if accepts_gzip(request.headers.get("accept-encoding", "")):
            headers["Content-Encoding"] = "gzip"
        else:
            body = gzip.decompress(body)
        return Response(body, media_type="text/javascript; charset=utf-8", headers=headers)


def installed_plotly() -> PlotlyScript:
    """The script of the package that is installed beside this one."""
    found = find_spec("plotly")
    folders = (found.submodule_search_locations if found else None) or ()
    return PlotlyScript(next((Path(folder) / _INSIDE for folder in folders), None))
