"""What is remembered of a group's conduct on a topic, from which its status is told (see ``status``)."""

from collections import deque

from streamgauge.model.lag import Lag
from streamgauge.model.status import Conduct, Wait

_GAP_WEIGHT = 0.3  # of the newest gap between commits in the one that counts as usual


class ConductMemory:
    """One group's conduct on one topic. Instants are monotonic seconds and come in order.

    Attributes:
        commits: readings in which a commit had moved.
        usual_gap: the gap between two of them that is usual; None while it is not known.
    """

    __slots__ = ("_moved_at", "_rewound_at", "_since", "_still", "_waits", "commits", "usual_gap")

    def __init__(self) -> None:
        self.commits = 0
        self._since: float | None = None
        self._still: dict[int, float] = {}
        self._moved_at: float | None = None
        self.usual_gap: float | None = None
        self._rewound_at: float | None = None
        self._waits: deque[Wait] = deque()

    def note_partition(self, partition: int, lag: Lag, at: float, *, moved: bool) -> None:
        """Since when a partition has had lag without a move of its commit; ``moved``: it moved, or may not yet."""
        if 0 in (lag.records, lag.seconds):  # seconds alone are 0 where only markers of transactions are left
            self._still.pop(partition, None)
        elif moved:
            self._still[partition] = at
        elif lag.records is not None:
            self._still.setdefault(partition, at)

    def note_topic(self, at: float, window: float, wait: Wait | None, *, moved: bool, fell: bool) -> None:
        """What the reading as a whole showed."""
        if self._since is None:
            self._since = at
        if moved:
            self.commits += 1
            self._note_gap(at)
        if fell:
            self._rewound_at = at
        if wait is not None:
            self._waits.append(wait)
        while len(self._waits) > 1 and self._waits[1].at <= at - window:
            self._waits.popleft()

    def forget_partition(self, partition: int) -> None:
        """The group has no commit on it any more."""
        self._still.pop(partition, None)

    def forget_offsets(self) -> None:
        """The topic was made anew."""
        self._still.clear()
        self._waits.clear()

    def conduct(self, at: float, wait: Wait | None, *, lost: int, unknown: int, has_members: bool | None) -> Conduct:
        """All of it, for the rules."""
        return Conduct(
            lost=lost,
            unknown=unknown,
            still_for=at - min(self._still.values()) if self._still else None,
            usual_gap=self.usual_gap,
            has_members=has_members,
            rewound_for=None if self._rewound_at is None else at - self._rewound_at,
            watched_for=0.0 if self._since is None else at - self._since,
            wait=wait,
            wait_before=self._waits[0] if self._waits else None,
        )

    def _note_gap(self, at: float) -> None:
        if self._moved_at is not None:
            gap = at - self._moved_at
            usual = self.usual_gap
            self.usual_gap = gap if usual is None else usual + _GAP_WEIGHT * (gap - usual)
        self._moved_at = at
