"""What a source is: something outside that is read, whole, at an interval, within a deadline."""

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar

from streamgauge.model.snapshot import Failure


class Snapshot(Protocol):
    """What every snapshot tells of itself: when it was read (wall clock), and which parts are missing."""

    @property
    def read_at(self) -> float: ...  # noqa: D102

    @property
    def failures(self) -> Sequence[Failure]: ...  # noqa: D102


SnapshotT_co = TypeVar("SnapshotT_co", bound=Snapshot, covariant=True)


class Source(Protocol[SnapshotT_co]):
    """The contract that the scheduler relies on.

    Attributes:
        name: the system that is read, for example ``kafka``; the ``source`` label of our own metrics.
        help: one line for people.
        cluster: which one of them; the ``cluster`` label.
        target: its address, for people.
        interval: seconds between the starts of two readings.
        deadline: seconds that one reading may take.
    """

    name: str
    help: str
    cluster: str
    target: str
    interval: float
    deadline: float

    def read(self) -> SnapshotT_co:
        """Read everything once.

        Raises:
            SourceError: nothing could be read. A part that could not be read is no reason to raise: it is absent
                from the snapshot and named in it.
        """

    def requests(self) -> Mapping[str, int]:
        """Requests sent to the outside since the start, by kind."""

    def interrupt(self) -> None:
        """End a reading that is under way, from another thread."""

    def close(self) -> None:
        """Let go of everything; called once, by the thread that reads."""
