"""Events of jobs that Hypothesis makes up, and short ways of writing them down."""

from itertools import count

from hypothesis import strategies as st

from streamgauge.model.jobs.events import (
    RUN,
    Artifact,
    Begin,
    End,
    Erred,
    Fact,
    Fault,
    Heartbeat,
    JobEvent,
    Measured,
    Progress,
    Resources,
    Status,
    StepKey,
    Warned,
)

JOB = "nightly"
P0 = StepKey("P0")
P1 = StepKey("P1")
P0_A = StepKey("P0", "a")
START = 1_790_000_000.0

_NUMBERS = count()

STEPS = st.sampled_from([RUN, P0, P1, P0_A, StepKey("P1", "b")])
AMOUNTS = st.integers(0, 50).map(float)
MAYBE = st.none() | AMOUNTS
BEGINNINGS = st.builds(
    Begin,
    running=st.booleans(),
    title=st.none() | st.sampled_from(["one", "two"]),
    items=MAYBE,
    position=st.none() | st.integers(0, 3),
    labels=st.none() | st.dictionaries(st.sampled_from("ab"), st.sampled_from("xy"), max_size=2),
    environment=st.none() | st.sampled_from(["prod", "test"]),
    heartbeat_seconds=st.none() | st.sampled_from([5.0, 60.0]),
)
FAULTS = st.builds(
    Fault, message=st.text(max_size=5), type=st.none() | st.just("E"), traceback=st.none() | st.text(max_size=3)
)
ENDS = st.builds(
    End,
    status=st.sampled_from([Status.COMPLETED, Status.FAILED, Status.ABORTED]),
    duration_seconds=MAYBE,
    exit_code=st.none() | st.integers(-1, 255),
    message=st.none() | st.text(max_size=5),
    error=st.none() | FAULTS,
)
SAMPLES = st.builds(
    Resources,
    cpu_seconds=st.floats(0, 100, allow_subnormal=False),
    interval_seconds=MAYBE,
    memory_bytes=st.none() | st.integers(0, 1000),
    memory_peak_bytes=st.none() | st.integers(0, 1000),
    threads=st.none() | st.integers(0, 9),
    processes=st.none() | st.integers(0, 9),
)
FACTS: st.SearchStrategy[Fact] = st.one_of(
    BEGINNINGS,
    BEGINNINGS,
    ENDS,
    ENDS,
    st.builds(Progress, done=AMOUNTS, items=MAYBE),
    SAMPLES,
    st.builds(Artifact, name=st.text(max_size=5)),
    st.builds(Warned, message=st.text(max_size=5)),
    st.builds(Erred, fault=FAULTS),
    st.builds(Measured, name=st.sampled_from("mn"), value=st.floats(-10, 10)),
    st.just(Heartbeat()),
)


@st.composite
def histories(draw: st.DrawFn, *, runs: int = 1, most: int = 25) -> list[JobEvent]:
    """What one job tells of so many runs at most, each event once, in the order of its telling."""
    told = draw(
        st.lists(
            st.tuples(FACTS, STEPS, st.integers(0, 40), st.integers(0, runs - 1), st.booleans()),
            min_size=1,
            max_size=most,
        )
    )
    return [
        JobEvent(f"e{number}", START + at, JOB, f"run-{run}", fact, step, implicit)
        for number, (fact, step, at, run, implicit) in enumerate(told)
    ]


def event(fact: Fact, step: StepKey = RUN, *, at: float = 0.0, run: str = "r1", job: str = JOB) -> JobEvent:
    """An event so many seconds after ``START``, with an id of its own."""
    return JobEvent(f"id-{next(_NUMBERS)}", START + at, job, run, fact, step)


def started(step: StepKey = RUN, *, at: float = 0.0, run: str = "r1", job: str = JOB) -> JobEvent:
    """It starts."""
    return event(Begin(running=True), step, at=at, run=run, job=job)


def completed(
    step: StepKey = RUN, *, at: float = 0.0, took: float | None = None, run: str = "r1", job: str = JOB
) -> JobEvent:
    """It is completed."""
    return event(End(Status.COMPLETED, took), step, at=at, run=run, job=job)


def failed(step: StepKey = RUN, *, at: float = 0.0, run: str = "r1", job: str = JOB) -> JobEvent:
    """It fails."""
    return event(End(Status.FAILED, error=Fault("no", "ValueError")), step, at=at, run=run, job=job)
