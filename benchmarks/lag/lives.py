"""The lives that producers and consumers are made to lead: scripts, with no clock and no Kafka in them."""

from dataclasses import dataclass, replace

AT_ONCE = 10_000.0
"""Records a second: a consumer that takes what comes."""


@dataclass(frozen=True)
class Phase:
    """A stretch of a life.

    Attributes:
        share: how much of the whole run it takes.
        produced: records a second, over all partitions.
        consumed: records a second at most, over all partitions; 0 is a consumer that lives and does nothing.
        burst: records written together, and again each ``every`` seconds.
        every: seconds between two bursts.
        delay: seconds for which the consumer works on each record before it is done with it.
        rewind: records by which the consumer goes back on each partition, once, when the phase begins.
        absent: the consumer has left its group.
        restart: the exporter is killed when the phase begins, and started again.
    """

    share: float
    produced: float = 0.0
    consumed: float = AT_ONCE
    burst: int = 0
    every: float = 0.0
    delay: float = 0.0
    rewind: int = 0
    absent: bool = False
    restart: bool = False


@dataclass(frozen=True)
class Life:
    """One topic, one group that reads it, and what becomes of them.

    Attributes:
        name: as it stands in the table, and, in a name that Kafka allows, in its topic and group.
        phases: one after the other; their shares add up to 1.
        partitions: of the topic.
        prior: records that are there before the exporter's first reading.
    """

    name: str
    phases: tuple[Phase, ...]
    partitions: int = 2
    prior: int = 0

    @property
    def stem(self) -> str:
        """Its name as Kafka allows it."""
        return self.name.replace(" ", "-")

    @property
    def restarts_the_exporter(self) -> bool:
        """Whether it is watched by an exporter of its own, which is killed in the middle."""
        return any(phase.restart for phase in self.phases)

    def at(self, seconds: float, duration: float) -> tuple[int, Phase]:
        """The phase that an instant falls in, with its number, when the whole life takes ``duration`` seconds."""
        begins = 0.0
        for number, phase in enumerate(self.phases):
            begins += phase.share * duration
            if seconds < begins:
                return number, phase
        return len(self.phases) - 1, self.phases[-1]

    def restart_at(self, duration: float) -> float | None:
        """Seconds after its begin at which the exporter is killed; None when it is not."""
        begins = 0.0
        for phase in self.phases:
            if phase.restart:
                return begins
            begins += phase.share * duration
        return None


_STALL = (
    Phase(0.25, produced=20),
    Phase(0.25, produced=20, consumed=0),
    Phase(0.25, produced=20, consumed=0),
    Phase(0.25, produced=20, consumed=60),
)

LIVES = (
    Life("steady", (Phase(1.0, produced=40),)),
    Life("bursts", (Phase(1.0, burst=300, every=7.3, consumed=100),)),
    Life("stall", _STALL),
    Life(
        "stop on an idle topic", (Phase(0.3, produced=20), Phase(0.1, produced=5, absent=True), Phase(0.6, absent=True))
    ),
    Life("a record every 20 s", (Phase(1.0, burst=1, every=20.0, delay=6.0),), partitions=1),
    Life(
        "catch-up",
        (Phase(0.1, produced=50), Phase(0.3, produced=100, absent=True), Phase(0.6, produced=20, consumed=90)),
    ),
    Life("rewind", (Phase(0.4, produced=30), Phase(0.6, produced=30, consumed=70, rewind=200))),
    Life("backlog from before the start", (Phase(0.8, produced=10, consumed=15), Phase(0.2, produced=10)), prior=600),
    Life(
        "exporter killed in a stall", tuple(replace(phase, restart=number == 2) for number, phase in enumerate(_STALL))
    ),
)
"""All that the benchmark plays, at the same time."""
