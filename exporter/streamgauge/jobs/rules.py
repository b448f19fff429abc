"""How long what is kept, and how much of it."""

from dataclasses import dataclass, field

from streamgauge.jobs.slos import Slos


@dataclass(frozen=True, slots=True)
class StoreRules:
    """What the store holds itself to; the defaults are the configuration's.

    Attributes:
        retention_runs: how many runs of each phase are kept.
        retention_age: seconds from a run's last event after which it is given up.
        max_age: seconds of silence after which a run that announced no heartbeat is lost.
        jobs: how many different jobs there may be.
        steps: how many phases and sub-phases a run may have.
        notes: how many artifacts, warnings and errors of a run are kept.
        samples: how many samples of a run are kept.
        applications: how many different applications there may be.
        history_runs: how many earlier runs tell what is usual.
        slos: what jobs and phases are held against.
    """

    retention_runs: int = 100
    retention_age: float = 90 * 86400.0
    max_age: float = 7 * 86400.0
    jobs: int = 1000
    steps: int = 500
    notes: int = 10_000
    samples: int = 20_000
    applications: int = 100
    history_runs: int = 30
    slos: Slos = field(default_factory=Slos)
