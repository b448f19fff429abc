"""Files to histories, or the reason why they cannot be used.

The image is used whole or not at all. Of the journals every cycle is used up to the first that is missing or damaged:
what comes after it may have voided what came before.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from streamgauge.model.remembered import RememberedEnds
from streamgauge.state.files import ClusterFiles
from streamgauge.state.frames import Ending, FrameReader
from streamgauge.state.image import VERSION, ImageHead, Instant, read_topic
from streamgauge.state.journal import Cycle, CycleReader

OLDEST_SECONDS = 7 * 86_400.0
"""What was saved longer ago than this is not used: few records are kept by Kafka for longer."""

_NONSENSE = (ValueError, KeyError, TypeError, IndexError, OverflowError, struct.error, zlib.error)


class UnusableError(Exception):
    """What was saved cannot be used; the message says why, for people."""


class TooOldError(UnusableError):
    """It was good, and is too old."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Why the cycles from some place in a journal on were left out, if that is more than a process that was killed."""

    journal: Path
    why: str


@dataclass(frozen=True, slots=True)
class Restored:
    """Histories as they were saved.

    Attributes:
        ends: the histories, on the clock of now.
        away: how long ago the last saved cycle was, in seconds.
        cut: where they break off early; None where they are whole.
    """

    ends: RememberedEnds
    away: float
    cut: Cut | None


@dataclass(frozen=True, slots=True)
class Present:
    """When and where histories are restored: by the first reading that is taken since.

    Attributes:
        started: when that reading began (monotonic seconds); everything saved must be earlier.
        at: when it ended, by both clocks.
        servers: the cluster's bootstrap addresses now.
    """

    started: float
    at: Instant
    servers: tuple[str, ...]


def restore(files: ClusterFiles, cluster: str, history_points: int, present: Present) -> Restored | None:
    """Read a cluster's histories; None where none were saved.

    Raises:
        UnusableError: there are files, and they cannot be used.
        OSError: a file cannot be read.
    """
    try:
        head, ends = _read_image(files.image, cluster, history_points)
    except FileNotFoundError:
        return None
    last, cut = _replay(files.journals(head.chain), head, ends)
    shift = _shift(last, present)
    if shift:
        ends.shift(shift)
    if set(head.servers).isdisjoint(present.servers):
        # Maybe another cluster of this name. A topic's id tells; without one, nothing does.
        ends.topics = {name: topic for name, topic in ends.topics.items() if topic.topic_id is not None}
    return Restored(ends, present.at.monotonic - (last.monotonic + shift), cut)


def _read_image(path: Path, cluster: str, history_points: int) -> tuple[ImageHead, RememberedEnds]:
    with path.open("rb") as file:
        reader = FrameReader(file, path.stat().st_size)
        blocks = iter(reader)
        ends = RememberedEnds(history_points)
        try:
            head = ImageHead.read(next(blocks))
            if head.version != VERSION:
                raise UnusableError(f"it was written by another version (format {head.version}, this one is {VERSION})")
            if head.cluster != cluster:
                raise UnusableError("it is of another cluster")
            for block in blocks:
                topic = read_topic(block, history_points)
                ends.topics[topic.name] = topic
        except StopIteration:
            raise UnusableError("it is empty, or cut short") from None
        except _NONSENSE as error:
            raise UnusableError(f"it cannot be understood: {error!r}") from error
        if reader.ending is not Ending.WHOLE or len(ends.topics) != head.topics:
            raise UnusableError("it is damaged: a checksum or a length is wrong")
        return head, ends


def _replay(journals: list[Path], head: ImageHead, ends: RememberedEnds) -> tuple[Instant, Cut | None]:
    """Observe each cycle again; when the last one was, and why others were left out."""
    number, last = head.cycle, head.at
    for path in journals:
        cycles = _Cycles(path)
        for cycle in cycles:
            if cycle.number <= number:
                continue  # it is in the image
            if cycle.number != number + 1:
                return last, Cut(path, "cycles are missing")
            ends.take(cycle.topic_ids, cycle.ends)
            number, last = cycle.number, Instant(cycle.wall, cycle.monotonic, head.at.boot)
        if cycles.cut is not None:
            return last, cycles.cut
    return last, None


class _Cycles:
    """The cycles of one journal, as far as they are good.

    Attributes:
        cut: where they break off early.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.cut: Cut | None = None

    def __iter__(self) -> Iterator[Cycle]:
        reader = CycleReader()
        try:
            with self._path.open("rb") as file:
                frames = FrameReader(file, self._path.stat().st_size)
                for block in frames:
                    yield reader.cycle(block)
        except _NONSENSE as error:
            self.cut = Cut(self._path, f"a journal cannot be understood: {error!r}")
            return
        except OSError as error:
            self.cut = Cut(self._path, f"a journal cannot be read: {error.strerror}")
            return
        if frames.ending is Ending.DAMAGED:
            self.cut = Cut(self._path, "a journal is damaged: a checksum or a length is wrong")


def _shift(last: Instant, present: Present) -> float:
    """By how much instants must be moved to be on the clock of now.

    1. The same boot: not at all. The monotonic clock went on, whatever was done to the wall clock.
    2. Otherwise by the wall clock: as long ago as it says.
    3. Not before the first reading: the wall clock was set back, and nothing says how long ago it was.
    """
    now = present.at
    shift = 0.0
    if last.boot is None or last.boot != now.boot or last.monotonic > present.started:
        shift = (now.monotonic - now.wall) - (last.monotonic - last.wall)
        if last.monotonic + shift > present.started:
            raise UnusableError("it is from the future: the clock was set back")
    if now.monotonic - (last.monotonic + shift) > OLDEST_SECONDS:
        raise TooOldError(f"it is older than {OLDEST_SECONDS / 86_400:.0f} days")
    return shift
