"""Pages of runs, samples, notes and histories."""

from collections.abc import Iterator
from typing import Any

import pytest

from streamgauge.jobs.queries import JobQueries
from streamgauge.jobs.records import NoteKind
from streamgauge.model.jobs.events import RUN, Artifact, Begin, Erred, Fault, JobEvent, Resources, Status, Warned
from tests.jobs.stores import give, opened, sqlite_url
from tests.model.jobs.told import JOB, P0, P0_A, START, completed, event, failed, started


def told() -> list[JobEvent]:
    """Six runs of one job, one of another."""
    events: list[JobEvent] = []
    for number in range(6):
        run, at = f"run-{number}", number * 5.0
        begin = Begin(running=True, title=f"Number {number}", environment="prod" if number % 2 else "test")
        end = failed if number == 2 else completed
        events += [event(begin, at=at, run=run), started(P0, at=at, run=run), completed(P0, at=at + 1, run=run)]
        events += [event(Warned(f"w{number}"), P0, at=at, run=run), end(at=at + 4, run=run)]
    return [*events, started(job="other", run="x", at=2)]


@pytest.fixture(scope="module")
def queries(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JobQueries]:
    """Of a store that was told that."""
    with opened(sqlite_url(tmp_path_factory.mktemp("queries"))) as store:
        give(store, *told())
        for at in range(4):
            give(store, event(Resources(1.0 + at, 2.0), (P0, P0_A)[at % 2], at=at, run="run-0"))
        give(store, event(Artifact("out.json", size_bytes=3), P0, at=3, run="run-0"))
        give(store, event(Erred(Fault("no", "E", "t")), P0_A, at=4, run="run-0"))
        yield store.queries


def names(queries: JobQueries, **wanted: Any) -> list[str]:
    """The runs that are found."""
    return [run.run for run in queries.runs(**wanted).items]


def test_runs_come_newest_first_by_pages(queries: JobQueries) -> None:
    """With how many there are in all."""
    page = queries.runs(job=JOB, offset=1, limit=2)

    assert [run.run for run in page.items] == ["run-4", "run-3"]
    assert page.total == 6
    assert queries.runs().total == 7
    assert queries.runs(offset=100).items == ()


def test_runs_are_filtered(queries: JobQueries) -> None:
    """By status, environment, time and text, all of them together."""
    assert names(queries, statuses={Status.FAILED}) == ["run-2"]
    assert names(queries, statuses={Status.RUNNING, Status.FAILED}) == ["run-2", "x"]
    assert names(queries, environment="prod") == ["run-5", "run-3", "run-1"]
    assert names(queries, since=START + 10, until=START + 20) == ["run-3", "run-2"]
    assert names(queries, search="NUMBER 4") == ["run-4"]
    assert names(queries, search="othe") == ["x"]
    assert names(queries, search="_") == []
    assert names(queries, job="nobody") == []
    assert names(queries, statuses={Status.COMPLETED}, environment="test") == ["run-4", "run-0"]


def test_a_run_is_found_by_its_name(queries: JobQueries) -> None:
    """As it is on a page of runs."""
    assert queries.run(JOB, "run-5") == queries.runs(limit=1).items[0]
    assert queries.run(JOB, "x") is None
    assert queries.run("nobody", "run-5") is None


def test_samples_are_the_newest_in_their_order(queries: JobQueries) -> None:
    """Of all steps, or one; after a time, so that a chart can go on."""
    assert [sample.time - START for sample in queries.samples(JOB, "run-0", limit=3)] == [1, 2, 3]
    assert [sample.cpu_ratio for sample in queries.samples(JOB, "run-0", step=P0)] == [0.5, 1.5]
    assert [sample.time - START for sample in queries.samples(JOB, "run-0", since=START + 2)] == [3]
    assert queries.samples(JOB, "run-1") == ()
    assert queries.samples(JOB, "nobody") == ()


def test_notes_are_the_newest_first(queries: JobQueries) -> None:
    """Of a run or a job, of some kinds, of a step, by pages."""
    found = queries.notes(JOB, "run-0", kinds=[NoteKind.ARTIFACT, NoteKind.ERROR])

    assert [(note.kind, note.message, note.step) for note in found.items] == [
        (NoteKind.ERROR, "no", P0_A),
        (NoteKind.ARTIFACT, "out.json", P0),
    ]
    assert found.items[1].name == "out.json"
    assert found.items[1].direction == "output"
    assert queries.notes(JOB, kinds=[NoteKind.WARNING], limit=2).total == 6
    assert [note.run for note in queries.notes(JOB, step=P0, kinds=[NoteKind.WARNING], limit=1).items] == ["run-5"]
    assert queries.notes("nobody").total == 0


def test_history_is_oldest_first(queries: JobQueries) -> None:
    """Of a phase or the runs themselves, in a status, before a run."""
    assert [record.run for record in queries.history(JOB, P0, last=2)] == ["run-4", "run-5"]
    assert [record.run for record in queries.history(JOB, RUN, last=9)] == ["run-0", "run-1", "run-3", "run-4", "run-5"]
    assert [record.run for record in queries.history(JOB, RUN, last=2, status=None, before="run-3")] == [
        "run-1",
        "run-2",
    ]
    assert [record.duration_seconds for record in queries.history(JOB, P0, last=1)] == [1.0]
    assert queries.history(JOB, P0, last=5, before="nobody") == ()
    assert queries.history("nobody", P0, last=5) == ()
