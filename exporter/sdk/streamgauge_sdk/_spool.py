"""Events on disk while the exporter is away: one file a process, locked while it lives, taken over when it died.

A file begins with a line of fixed width that says how far it was sent, then holds one event a line. A line that was
torn by a kill has no end and is passed over. Files of one exporter carry a mark of its address in their names, so that
a process that reports elsewhere leaves them alone.
"""

import contextlib
import hashlib
import json
import os
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType

from streamgauge_sdk._queue import Line, Weight, weight_of

fcntl: ModuleType | None
try:
    import fcntl
except ImportError:  # Windows: no spool there, memory alone
    fcntl = None

_HEAD_DIGITS = 20
_HEAD = _HEAD_DIGITS + 1
_RESERVE = 0.1  # of the directory's bound: for the ends of jobs alone
_SUFFIX = ".events"
_READ_BYTES = 1 << 20


class SpoolFile:
    """A spool file that this process has locked; whoever uses it holds the transport's delivery lock."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor
        self._size = os.fstat(descriptor).st_size
        self._sent = min(max(_HEAD, self._read_head()), max(_HEAD, self._size))
        self.torn = 0

    @property
    def is_empty(self) -> bool:
        """Whether everything in it was sent."""
        return self._sent >= self._size

    def append(self, lines: Sequence[Line]) -> None:
        """Write lines at the end, all or none.

        Raises:
            OSError: when they cannot be written; the file is as before.
        """
        data = b"".join(line.body + b"\n" for line in lines)
        end = max(_HEAD, self._size)
        try:
            if self._size < _HEAD:
                os.pwrite(self._descriptor, _head(_HEAD), 0)
            written = 0
            while written < len(data):
                written += os.pwrite(self._descriptor, data[written:], end + written)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, end)
            self._size = end
            raise
        self._size = end + len(data)

    def read(self, events: int, size: int) -> tuple[list[Line], int]:
        """The oldest unsent lines, and the place to `advance` to when they are sent.

        Lines that are no JSON object (a disk's fault) are passed over and counted in `torn`.
        """
        data = os.pread(self._descriptor, max(size, _READ_BYTES) + 1, self._sent)
        lines: list[Line] = []
        place, room = 0, size
        while len(lines) < events and (end := data.find(b"\n", place)) >= 0:
            line = _line(data[place:end])
            room -= end - place + 1
            if lines and room < 0:
                break
            self.torn += line is None
            lines += [line] if line is not None else []
            place = end + 1
        if not place:  # a torn last line, or one that is longer than any event can be
            self.torn += 1
            return [], self._size
        return lines, self._sent + place

    def advance(self, place: int) -> None:
        """Remember that everything before this place was sent; an emptied file is truncated."""
        self._sent = place
        if self.is_empty:
            os.ftruncate(self._descriptor, 0)
            self._size, self._sent = 0, _HEAD
        else:
            os.pwrite(self._descriptor, _head(place), 0)

    def close(self, *, remove: bool) -> None:
        """Unlock it; removed when it is of no more use."""
        if self._descriptor < 0:
            return
        if remove:
            with contextlib.suppress(OSError):
                self.path.unlink()
        descriptor, self._descriptor = self._descriptor, -1
        with contextlib.suppress(OSError):
            os.close(descriptor)

    def _read_head(self) -> int:
        try:
            return int(os.pread(self._descriptor, _HEAD, 0))
        except (ValueError, OSError):
            return _HEAD  # sent anew from its beginning: events are known by their ids


class SpoolDirectory:
    """The directory, seen from one process that reports to one exporter."""

    def __init__(self, path: Path, url: str, limit: int) -> None:
        self._path = path
        self._mark = hashlib.sha256(url.encode()).hexdigest()[:12]
        self._limit = limit

    def create(self) -> SpoolFile:
        """A new file of this process, locked.

        Raises:
            OSError: when there is no place where files can be written and locked.
        """
        if fcntl is None:
            raise OSError("this system has no file locks")
        self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
        for _ in range(10):
            path = self._path / f"{self._mark}.{os.getpid()}.{secrets.token_hex(4)}{_SUFFIX}"
            taken = _lock(path, os.O_RDWR | os.O_CREAT | os.O_EXCL)
            if taken is not None:  # else another process took the new empty file for a dead one's
                return taken
        raise OSError("no spool file can be locked")

    def take_over(self) -> SpoolFile | None:
        """The oldest file that a dead process left, locked; None when there is none."""
        if fcntl is None:
            return None
        for path in sorted(self._path.glob(f"{self._mark}.*{_SUFFIX}"), key=_age):
            with contextlib.suppress(OSError):
                taken = _lock(path, os.O_RDWR)
                if taken is not None and not taken.is_empty:
                    return taken
                if taken is not None:
                    taken.close(remove=True)
        return None

    def room_for(self, lines: Sequence[Line]) -> int:
        """How many of these lines, from the first on, fit under the bound less the reserve."""
        room = self._limit * (1 - _RESERVE) - self._used()
        for number, line in enumerate(lines):
            room -= len(line.body) + 1
            if room < 0:
                return number
        return len(lines)

    def keep_ends(self, lines: Sequence[Line]) -> list[Line]:
        """Which of these to keep at the process's end: what fits, and of the rest how runs and phases ended."""
        used = self._used()
        kept: list[Line] = []
        for line in lines:
            share = 1.0 if line.weight is Weight.LIFECYCLE else 1 - _RESERVE
            if used + len(line.body) + 1 <= self._limit * share:
                used += len(line.body) + 1
                kept.append(line)
        return kept

    def _used(self) -> int:
        """The bytes of all processes' files, whichever exporter they are for."""
        return sum(_size(path) for path in self._path.glob(f"*{_SUFFIX}"))


def _lock(path: Path, flags: int) -> SpoolFile | None:
    """Open and lock; None when another process has it, or removed it meanwhile.

    Raises:
        OSError: when it cannot be opened or locks are not supported.
    """
    assert fcntl is not None  # noqa: S101  # the callers looked
    descriptor = os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(descriptor).st_ino == path.stat().st_ino:
            return SpoolFile(path, descriptor)
    except (BlockingIOError, FileNotFoundError):
        pass
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def _line(body: bytes) -> Line | None:
    try:
        event = json.loads(body)
    except ValueError:
        return None
    return Line(body, weight_of(event.get("type"))) if isinstance(event, dict) else None


def _head(place: int) -> bytes:
    return b"%020d\n" % place


def _or_zero(read: Callable[[Path], int]) -> Callable[[Path], int]:
    def safe(path: Path) -> int:
        try:
            return read(path)
        except OSError:  # gone meanwhile
            return 0

    return safe


@_or_zero
def _size(path: Path) -> int:
    return path.stat().st_size


@_or_zero
def _age(path: Path) -> int:
    return path.stat().st_mtime_ns
