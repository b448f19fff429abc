"""How a source is doing: what the scheduler notes after each cycle, for metrics, API and pages."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """One source of one cluster.

    Attributes:
        source: the source's name, for example ``kafka``.
        cluster: the cluster that it reads.
        target: what it reads, for people: the bootstrap servers.
        interval: seconds between the starts of two cycles.
        cycles: finished cycles, good or bad.
        up: whether the last cycle brought a snapshot; None before the first one has finished.
        stale: the last good reading is still served although the last cycle failed or is overdue.
        last_success: wall-clock seconds since the epoch of the last good snapshot; None before there is one.
        last_duration: seconds that the last cycle took; None before the first one has finished.
        last_error: why the last cycle failed, for people; None when it did not.
        errors: failed parts since the start, by stage and the outside's own error code.
        requests: requests sent since the start, by kind.
    """

    source: str
    cluster: str
    target: str
    interval: float
    cycles: int = 0
    up: bool | None = None
    stale: bool = False
    last_success: float | None = None
    last_duration: float | None = None
    last_error: str | None = None
    errors: Mapping[tuple[str, str], int] = field(default_factory=dict)
    requests: Mapping[str, int] = field(default_factory=dict)
