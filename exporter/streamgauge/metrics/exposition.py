"""Joins ready parts into the page that is scraped.

Rendering is the hot path: each reading renders once, when it changes. A scrape joins text that is ready, and text that
is ready compressed: every block is deflated once (raw, ended by a full flush, so that blocks can stand one after the
other in one stream, RFC 1951 and zlib's manual), and a page's gzip (RFC 1952) is a header, the blocks and a checksum.
"""

import struct
import threading
import zlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from streamgauge.metrics.family import Family, Lines

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"

_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x04\xff"
_DEFLATE_END = b"\x03\x00"
_LEVEL = 1  # lines repeat so much that higher levels cost several times the CPU for a few per cent


class Block(NamedTuple):
    """Some whole lines, plain and deflated."""

    plain: bytes
    deflated: bytes


Part = Mapping[str, Block]
"""One key's blocks by family name."""


class Page(NamedTuple):
    """A run of blocks in one format: deflated as one, and what their plain text adds up to.

    The plain text is joined only for those who ask for it: it is many times larger, and Prometheus asks for gzip.
    """

    openmetrics: bool
    plain: Sequence[bytes]
    deflated: bytes
    checksum: int
    size: int

    def ended(self, tail: str, *, gzip: bool) -> bytes:
        """The whole page; ``tail`` is what is rendered anew for each scrape and comes last."""
        end = (tail + "# EOF\n" if self.openmetrics else tail).encode()
        if not gzip:
            return b"".join((*self.plain, end))
        checksum = zlib.crc32(end, self.checksum)
        size = (self.size + len(end)) & 0xFFFFFFFF
        trailer = _DEFLATE_END + struct.pack("<II", checksum, size)
        return b"".join((_GZIP_HEADER, self.deflated, _deflate(end), trailer))


class Exposition:
    """The page of metrics, made of one part a key (a cluster's source); safe to use from many threads.

    Args:
        families: every family that a part may hold, in the page's order.
    """

    def __init__(self, families: Sequence[Family]) -> None:
        self._lock = threading.Lock()
        self._parts: dict[str, Part] = {}
        self._families = families
        self._headers = {
            openmetrics: {family.name: _block(family.header(openmetrics=openmetrics)) for family in families}
            for openmetrics in (False, True)
        }
        self._pages: dict[bool, Page] = {}

    @staticmethod
    def prepare(lines: Lines) -> Part:
        """A part made of rendered lines: the slow half of publishing, which needs no lock."""
        return {name: _block(text) for name, text in lines.items() if text}

    def publish(self, key: str, part: Part) -> None:
        """Replace a key's part; formats that were scraped since the last time are made ready at once."""
        with self._lock:
            self._parts[key] = part
            asked = list(self._pages)
            self._pages = {openmetrics: self._join(openmetrics=openmetrics) for openmetrics in asked}

    def withdraw(self, key: str) -> None:
        """Remove a key's part, if there is one."""
        with self._lock:
            if self._parts.pop(key, None) is not None:
                self._pages.clear()

    def page(self, *, openmetrics: bool) -> Page:
        """What is published now; :meth:`Page.ended` makes it a whole page."""
        with self._lock:
            ready = self._pages.get(openmetrics)
            if ready is None:
                ready = self._pages[openmetrics] = self._join(openmetrics=openmetrics)
            return ready

    def _join(self, *, openmetrics: bool) -> Page:
        headers = self._headers[openmetrics]
        blocks = []
        for family in self._families:
            present = [part[family.name] for part in self._parts.values() if family.name in part]
            if present:
                blocks += [headers[family.name], *present]
        plain = [block.plain for block in blocks]
        checksum = 0
        for one in plain:
            checksum = zlib.crc32(one, checksum)
        deflated = b"".join([block.deflated for block in blocks])
        return Page(openmetrics, plain, deflated, checksum, sum(map(len, plain)))


def _block(text: str) -> Block:
    plain = text.encode()
    return Block(plain, _deflate(plain))


def _deflate(plain: bytes) -> bytes:
    compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return compressor.compress(plain) + compressor.flush(zlib.Z_FULL_FLUSH)
