"""Blocks of bytes with length and checksum, one after the other: what every state file consists of.

A file that was cut short in its last block is *torn*: that is how a process that was killed, or a machine that lost
power, leaves it. Anything else that does not fit is damage. Either way the blocks before it are good.
"""

import struct
import zlib
from collections.abc import Iterator, Sequence
from enum import Enum, auto
from typing import BinaryIO

_MAGIC = b"streamgauge state\n"
_HEAD = struct.Struct("<II")

Buffer = bytes | bytearray | memoryview


class Ending(Enum):
    """How the reading of a file ended."""

    WHOLE = auto()
    TORN = auto()
    DAMAGED = auto()


def begin() -> bytes:
    """What a file begins with."""
    return _MAGIC


def frame(pieces: Sequence[Buffer]) -> list[Buffer]:
    """One block, to be written piece by piece."""
    length = checksum = 0
    for piece in pieces:
        length += len(piece)
        checksum = zlib.crc32(piece, checksum)
    return [_HEAD.pack(length, checksum), *pieces]


class FrameReader:
    """The blocks of a file, each checked; iteration ends before the first that is not whole.

    Args:
        file: open at its start.
        size: how long it is.

    Attributes:
        ending: how it ended, once it has.
    """

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._left = size
        self.ending = Ending.WHOLE

    def __iter__(self) -> Iterator[bytes]:
        """Read block after block."""
        magic = self._read(len(_MAGIC))
        if magic != _MAGIC:
            self.ending = Ending.TORN if _MAGIC.startswith(magic) else Ending.DAMAGED
            return
        while self._left > 0:
            head = self._read(_HEAD.size)
            if len(head) < _HEAD.size:
                self.ending = Ending.TORN
                return
            length, checksum = _HEAD.unpack(head)
            if length == 0:
                # No block is empty. A file system may have noted a file's new length before its bytes: they read as 0.
                self.ending = Ending.DAMAGED if self._read(self._left).strip(b"\0") or checksum else Ending.TORN
                return
            if length > self._left:
                self.ending = Ending.TORN
                return
            block = self._read(length)
            if zlib.crc32(block) != checksum:
                self.ending = Ending.DAMAGED if self._left else Ending.TORN
                return
            yield block

    def _read(self, length: int) -> bytes:
        read = self._file.read(min(length, self._left))
        self._left = self._left - len(read) if len(read) == length else 0
        return read
