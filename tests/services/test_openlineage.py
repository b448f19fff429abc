"""OpenLineage's own Python client, against a real server; once against the whole exporter as a process."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from streamgauge.errors import StoreBusyError
from streamgauge.model.jobs.events import Status, StepKey
from streamgauge.model.jobs.runs import Run
from streamgauge.web.application import create_application
from streamgauge.web.tokens import Token, Tokens, TokenScope, create
from streamgauge.web.writes import Access
from tests.services.exporter import Exporter
from tests.web.examples import store
from tests.web.job_sink import MemorySink
from tests.web.serving import serving

pytestmark = pytest.mark.service

openlineage = pytest.importorskip("openlineage.client")

NAMESPACE = "airflow"
TIME = "2026-11-21T03:00:0{second}Z"


class FaultySink(MemorySink):
    """Takes nothing the first time."""

    refusals = 0

    def submit(self, events: Any) -> Any:
        """Refuse once, then take."""
        if self.refusals == 0:
            self.refusals = 1
            raise StoreBusyError("too much waits to be written", 1.0)
        return super().submit(events)


class Lineage:
    """A server that takes events with a token, and the client that sends them.

    Args:
        url: of the server.
        token: that may write.
        sink: what came.
    """

    def __init__(self, url: str, token: str, sink: MemorySink) -> None:
        self.url, self.token, self.sink = url, token, sink

    def client(self, **options: object) -> Any:
        """OpenLineage's client with its HTTP transport."""
        from openlineage.client import OpenLineageClient

        auth = {"type": "api_key", "apiKey": self.token}
        transport = {"type": "http", "url": self.url, "endpoint": "api/v1/lineage", "auth": auth, **options}
        return OpenLineageClient(config={"transport": transport})

    def run(self, job: str, run: str) -> Run:
        """What is known of a run."""
        return self.sink.run(job, run)


def serve(sink: MemorySink) -> Iterator[Lineage]:
    """A server with a token."""
    token, digest = create()
    access = Access(tokens=Tokens([Token("airflow", bytes.fromhex(digest), frozenset({TokenScope.WRITE}))]))
    application = create_application(store(), version="1.2.3", refresh_seconds=5, access=access, reports=sink)
    with serving(application) as address:
        yield Lineage(address.url, token, sink)


@pytest.fixture
def lineage() -> Iterator[Lineage]:
    """A server with a token, and its client."""
    yield from serve(MemorySink())


def event(state: str, second: int, run: str, job: str, facets: dict[str, Any] | None = None, **more: Any) -> Any:
    """An event as the client has it."""
    from openlineage.client.event_v2 import Job, RunEvent, RunState
    from openlineage.client.event_v2 import Run as LineageRun

    return RunEvent(
        eventTime=TIME.format(second=second),
        eventType=getattr(RunState, state),
        run=LineageRun(runId=run, facets=facets or {}),
        job=Job(namespace=NAMESPACE, name=job),
        producer="https://example.org/tests",
        **more,
    )


def parent(run: str, job: str, root: tuple[str, str] | None = None) -> dict[str, Any]:
    """The facet that names the parent, and the root."""
    from openlineage.client.facet_v2 import parent_run as facet

    top = None
    if root is not None:
        top = facet.Root(run=facet.RootRun(runId=root[0]), job=facet.RootJob(namespace=NAMESPACE, name=root[1]))
    return {
        "parent": facet.ParentRunFacet(run=facet.Run(runId=run), job=facet.Job(namespace=NAMESPACE, name=job), root=top)
    }


def ids(count: int) -> list[str]:
    """Ids of runs."""
    return [str(uuid.uuid4()) for _ in range(count)]


@pytest.mark.parametrize("options", [{}, {"compression": "gzip"}], ids=["plain", "gzip"])
def test_a_dag_with_a_task_and_what_it_started_is_a_run(lineage: Lineage, options: dict[str, object]) -> None:
    """The DAG is the job, its tasks are phases, what a task starts is a sub-phase."""
    from openlineage.client.event_v2 import InputDataset, OutputDataset
    from openlineage.client.facet_v2 import nominal_time_run, output_statistics_output_dataset, processing_engine_run

    dag, task, spark = ids(3)
    client = lineage.client(**options)
    facets = {
        "processing_engine": processing_engine_run.ProcessingEngineRunFacet(version="3.1.0", name="Airflow"),
        "nominalTime": nominal_time_run.NominalTimeRunFacet(nominalStartTime=TIME.format(second=0)),
    }
    statistics = output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(rowCount=7, size=70)
    output = OutputDataset(namespace="s3://plans", name="out", outputFacets={"outputStatistics": statistics})
    deeper = parent(task, "daily_plan.assemble", (dag, "daily_plan"))
    client.emit(event("START", 0, dag, "daily_plan", facets))
    client.emit(event("START", 1, task, "daily_plan.assemble", parent(dag, "daily_plan")))
    client.emit(event("START", 2, spark, "app", deeper, inputs=[InputDataset(namespace="warehouse", name="pages")]))
    client.emit(event("COMPLETE", 5, spark, "app", deeper, outputs=[output]))
    client.emit(event("COMPLETE", 6, task, "daily_plan.assemble", parent(dag, "daily_plan")))
    client.emit(event("COMPLETE", 7, dag, "daily_plan", facets))

    run = lineage.run("daily_plan", dag)
    assert (run.status, run.itself.duration_seconds) == (Status.COMPLETED, 7.0)
    assert run.labels["processing_engine"] == "Airflow"
    steps = {step.key: (step.status, step.duration_seconds) for step in run.steps()}
    assert steps == {
        StepKey("assemble"): (Status.COMPLETED, 5.0),
        StepKey("assemble", "app"): (Status.COMPLETED, 3.0),
    }
    (sub_phase,) = run.phases[0].sub_phases
    assert (sub_phase.artifacts, sub_phase.measured) == (2, {"output_rows": 7.0, "output_bytes": 70.0})


def test_a_failure_is_an_error_with_its_trace(lineage: Lineage) -> None:
    """And an abort is one."""
    from openlineage.client.facet_v2 import error_message_run

    failed, aborted = ids(2)
    error = error_message_run.ErrorMessageRunFacet(message="no", programmingLanguage="PYTHON", stackTrace="line 1")
    client = lineage.client()
    client.emit(event("START", 0, failed, "plan"))
    client.emit(event("RUNNING", 1, failed, "plan"))
    client.emit(event("FAIL", 2, failed, "plan", {"errorMessage": error}))
    client.emit(event("START", 0, aborted, "plan"))
    client.emit(event("OTHER", 1, aborted, "plan"))
    client.emit(event("ABORT", 2, aborted, "plan"))

    run = lineage.run("plan", failed)
    assert (run.status, run.errors, run.itself.message) == (Status.FAILED, 1, "no")
    assert [step.phase for step in run.phases] == ["plan"]
    assert lineage.run("plan", aborted).status is Status.ABORTED


def test_static_events_are_taken(lineage: Lineage) -> None:
    """The client sends what it knows of jobs and datasets, and is content."""
    from openlineage.client.event_v2 import DatasetEvent, Job, JobEvent
    from openlineage.client.generated.base import StaticDataset

    client = lineage.client()
    time = TIME.format(second=0)
    client.emit(DatasetEvent(eventTime=time, dataset=StaticDataset(namespace="n", name="d")))
    client.emit(JobEvent(eventTime=time, job=Job(namespace="n", name="j")))

    assert lineage.sink.events == {}


def test_a_wrong_token_is_refused(lineage: Lineage) -> None:
    """The client raises, and nothing is taken."""
    lineage.token = "sg_wrong"
    with pytest.raises(requests.HTTPError, match="401"):
        lineage.client().emit(event("START", 0, ids(1)[0], "plan"))

    assert lineage.sink.events == {}


def test_the_client_tries_again_when_the_store_is_busy() -> None:
    """503 is among those that it retries, and what it sends again is taken once."""
    sink = FaultySink()
    for lineage in serve(sink):
        (run,) = ids(1)
        lineage.client().emit(event("START", 0, run, "plan"))

        assert sink.refusals == 1
        assert lineage.run("plan", run).status is Status.RUNNING


def test_the_address_of_the_endpoint_may_name_the_environment(lineage: Lineage) -> None:
    """The client keeps the question in it."""
    (run,) = ids(1)
    lineage.client(endpoint="api/v1/lineage?environment=prod&with_namespace=true").emit(event("START", 0, run, "plan"))

    assert lineage.run("airflow/plan", run).environment == "prod"


def test_a_dag_is_kept_by_the_exporter(tmp_path: Path) -> None:
    """With a token, packed: its metrics and its API tell of it, and events that come once more change nothing."""
    token, digest = create()
    config = {"web": {"tokens": [{"name": "airflow", "sha256": digest, "scopes": ["write"]}]}}
    dag, task = ids(2)
    child = parent(dag, "daily_plan")
    events = [
        event("START", 0, dag, "daily_plan"),
        event("START", 1, task, "daily_plan.assemble", child),
        event("COMPLETE", 6, task, "daily_plan.assemble", child),
        event("COMPLETE", 7, dag, "daily_plan"),
    ]
    with Exporter(tmp_path, config=config) as exporter:
        client = Lineage(exporter.url, token, MemorySink()).client(compression="gzip")
        for _ in range(2):
            for each in events:
                client.emit(each)

        page = exporter.eventually("job_status", 1, job_name="daily_plan", status="completed")
        assert page.value("job_runs_total", job_name="daily_plan") == 1
        assert page.value("job_phase_last_duration_seconds", job_name="daily_plan", phase="assemble") == 5
        assert (page.value("streamgauge_job_events_duplicate_total") or 0) >= len(events)
        run = exporter.get("api/v1/jobs/daily_plan/runs/latest").json()
        assert (run["run"], run["duration_seconds"]) == (dag, 7)
        assert [(phase["phase"], phase["status"]) for phase in run["phases"]] == [("assemble", "completed")]
        assert token not in exporter.log
