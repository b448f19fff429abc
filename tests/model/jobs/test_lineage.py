"""What OpenLineage's run events mean for jobs."""

import itertools
from dataclasses import replace

import pytest

from streamgauge.model.jobs.events import RUN, Artifact, Begin, End, Erred, Fault, Heartbeat, Measured, Status, StepKey
from streamgauge.model.jobs.lineage import (
    NAME_LENGTH,
    Dataset,
    Engine,
    LineageEvent,
    LineageRules,
    LineageRun,
    job_events,
    shortened,
)
from streamgauge.model.jobs.runs import Run, view
from streamgauge.model.jobs.states import fold

DAG = LineageRun("airflow", "daily_plan", "dag-run")
TASK = LineageRun("airflow", "daily_plan.assemble", "task-run")
SPARK = LineageRun("spark", "app.insert", "spark-run")
RULES = LineageRules()
NUMBERS = itertools.count()


def event(own: LineageRun, kind: str, **known: object) -> LineageEvent:
    """An event of a run, unlike any other."""
    number = next(NUMBERS)
    return replace(LineageEvent(f"digest {number}", kind, 1000.0 + number, own), **known)  # type: ignore[arg-type]  # by name


def run_of(*events: LineageEvent) -> Run:
    """The one run that events are about."""
    told = [each for said in events for each in job_events(said, RULES, str)]
    ((job, run),) = {(each.job, each.run) for each in told}
    return view(job, run, fold(told), last_heard=2e3, now=2e3, silent_after=1e6)


def test_a_job_without_a_parent_has_one_phase() -> None:
    """Of its own name, and both end as it does."""
    run = run_of(event(DAG, "START"), event(DAG, "COMPLETE"))

    assert (run.job, run.run, run.status) == ("daily_plan", "dag-run", Status.COMPLETED)
    assert [(step.phase, step.status) for step in run.phases] == [("daily_plan", Status.COMPLETED)]


def test_the_phase_that_stands_for_a_job_is_hidden_once_a_child_is_known() -> None:
    """An Airflow DAG has events of its own beside those of its tasks."""
    child = {"parent": DAG}
    run = run_of(event(DAG, "START"), event(TASK, "START", **child), event(TASK, "COMPLETE", **child))

    assert (run.status, [step.phase for step in run.phases]) == (Status.RUNNING, ["assemble"])


def test_the_parent_is_the_job_where_no_root_is_told() -> None:
    """And its name before a child's is left out."""
    run = run_of(event(TASK, "START", parent=DAG))

    assert (run.job, run.run) == ("daily_plan", "dag-run")
    assert [(step.phase, step.status) for step in run.phases] == [("assemble", Status.RUNNING)]


@pytest.mark.parametrize(
    ("own", "parent", "root", "step"),
    [
        (TASK, DAG, DAG, StepKey("assemble")),
        (SPARK, TASK, DAG, StepKey("assemble", "app.insert")),
        (LineageRun("dbt", "daily_plan.assemble.model", "m"), TASK, DAG, StepKey("assemble", "model")),
        (LineageRun("spark", "daily_plan.", "m"), DAG, None, StepKey("daily_plan.")),
        (LineageRun("spark", "daily_planned", "m"), DAG, None, StepKey("daily_planned")),
    ],
)
def test_the_root_is_the_job_its_children_phases_and_deeper_ones_sub_phases(
    own: LineageRun, parent: LineageRun, root: LineageRun | None, step: StepKey
) -> None:
    """Whatever the depth, a name begins where its parent's ends."""
    (told,) = job_events(event(own, "START", parent=parent, root=root), RULES, str)

    assert (told.job, told.run, told.step, told.implicit) == ("daily_plan", "dag-run", step, False)


@pytest.mark.parametrize("known", [{"parent": DAG}, {"parent": DAG, "root": DAG}, {"parent": TASK, "root": DAG}])
def test_a_run_that_is_its_own_parent_or_root_has_none(known: dict[str, LineageRun]) -> None:
    """It is a job by itself."""
    assert run_of(event(DAG, "START", **known)).run == "dag-run"


@pytest.mark.parametrize(
    ("kind", "fact"),
    [
        ("START", Begin(running=True)),
        ("RUNNING", Heartbeat()),
        ("COMPLETE", End(Status.COMPLETED)),
        ("FAIL", End(Status.FAILED)),
        ("ABORT", End(Status.ABORTED)),
    ],
)
def test_each_type_of_event_is_a_fact(kind: str, fact: object) -> None:
    """Of the child that it is about."""
    (told,) = job_events(event(TASK, kind, parent=DAG), RULES, str)

    assert told.fact == fact


def test_other_only_adds() -> None:
    """It changes no status, not even after the end."""
    dataset = Dataset("output", "s3://plans", "out")
    run = run_of(event(DAG, "START"), event(DAG, "COMPLETE"), event(DAG, "OTHER", datasets=(dataset,)))

    assert (run.status, run.itself.artifacts) == (Status.COMPLETED, 1)
    assert job_events(event(DAG, "OTHER"), RULES, str) == ()


def test_an_error_is_counted_once() -> None:
    """With its language and trace, at the run where there is no parent."""
    fault = Fault("no", "PYTHON", "line 1")
    run = run_of(event(DAG, "START"), event(DAG, "FAIL", error=fault))
    assert (run.status, run.errors, run.itself.message) == (Status.FAILED, 1, "no")

    (child,) = job_events(event(TASK, "FAIL", parent=DAG, error=fault), RULES, str)
    assert child.fact == End(Status.FAILED, message="no", error=fault)
    (other,) = job_events(event(TASK, "OTHER", parent=DAG, error=fault), RULES, str)
    assert other.fact == Erred(fault)


def test_a_start_tells_the_namespace_the_engine_and_the_nominal_time() -> None:
    """As labels of the run, with the environment of the endpoint's address."""
    said = event(DAG, "START", engine=Engine("Airflow", "3.1.0"), nominal_start="2026-11-21T03:00:00Z")
    begin = job_events(said, LineageRules(environment="prod"), str)[0].fact

    assert isinstance(begin, Begin)
    assert begin.environment == "prod"
    assert begin.labels == {
        "openlineage_namespace": "airflow",
        "processing_engine": "Airflow",
        "processing_engine_version": "3.1.0",
        "nominal_start_time": "2026-11-21T03:00:00Z",
    }


def test_a_job_may_be_called_by_its_namespace_too() -> None:
    """That of the root, for children as well."""
    for said in (event(DAG, "START"), event(TASK, "START", parent=DAG)):
        assert {told.job for told in job_events(said, LineageRules(with_namespace=True), str)} == {"airflow/daily_plan"}


def test_datasets_are_artifacts() -> None:
    """With an address where the namespace is one, and with their sizes and sums where they are known."""
    datasets = (
        Dataset("input", "warehouse", "db.pages", rows=10, size_bytes=100),
        Dataset("input", "warehouse", "db.more", rows=5),
        Dataset("output", "s3://plans/", "/out", rows=7, size_bytes=70),
    )
    facts = [told.fact for told in job_events(event(TASK, "COMPLETE", parent=DAG, datasets=datasets), RULES, str)]

    assert facts[1:] == [
        Artifact("warehouse/db.pages", None, 100, "input"),
        Artifact("warehouse/db.more", None, None, "input"),
        Artifact("s3://plans///out", "s3://plans/out", 70, "output"),
        Measured("input_rows", 15.0),
        Measured("output_rows", 7.0),
        Measured("output_bytes", 70.0),
    ]


def test_a_dataset_that_is_told_again_is_the_same_artifact() -> None:
    """Clients name it in every event; one that is told with its size is another word."""
    plain, sized = Dataset("output", "w", "t"), Dataset("output", "w", "t", size_bytes=5)
    run = run_of(*(event(DAG, kind, datasets=(each,)) for kind, each in [("START", plain), ("OTHER", plain)]))
    assert run.itself.artifacts == 1

    more = run_of(event(DAG, "START", datasets=(plain,)), event(DAG, "COMPLETE", datasets=(sized,)))
    assert more.itself.artifacts == 2


def test_the_same_event_has_the_same_ids() -> None:
    """All of them different from one another."""
    said = event(
        DAG, "FAIL", error=Fault("no"), datasets=(Dataset("input", "w", "a", 1, 1), Dataset("output", "w", "a"))
    )
    ids = [told.id for told in job_events(said, RULES, str)]

    assert ids == [told.id for told in job_events(said, RULES, str)]
    assert len(ids) == len(set(ids))


def test_order_changes_nothing() -> None:
    """Every order of a DAG's and its tasks' events gives the same run."""
    child = {"parent": DAG}
    said = [
        event(DAG, "START"),
        event(TASK, "START", **child),
        event(TASK, "COMPLETE", **child),
        event(DAG, "COMPLETE"),
    ]

    assert len({str(run_of(*order)) for order in itertools.permutations(said)}) == 1


def test_what_is_too_long_loses_its_middle() -> None:
    """So that names which differ at an end stay apart."""
    assert shortened("a" * 200, 200) == "a" * 200
    assert shortened("abcdefghij", 8) == "abc...ij"
    (told,) = job_events(event(LineageRun("n", "x" * 500 + "1", "r"), "START", parent=DAG), RULES, str)
    assert (len(told.step.phase), told.step.phase[-1]) == (NAME_LENGTH, "1")


def test_long_errors_are_shortened() -> None:
    """To what an event may hold."""
    (told,) = job_events(event(TASK, "FAIL", parent=DAG, error=Fault("m" * 5000, "p" * 500, "t" * 90000)), RULES, str)

    assert isinstance(told.fact, End)
    assert told.fact.error is not None
    assert [len(part or "") for part in told.fact.error] == [1000, 200, 8000]


def test_a_run_is_told_by_its_own_events() -> None:
    """The state of a job without a parent is told of the run, not only of its phase."""
    told = job_events(event(DAG, "START"), RULES, str)

    assert [(each.step, each.implicit) for each in told] == [(RUN, False), (StepKey("daily_plan"), True)]
