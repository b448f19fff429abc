"""Jobs on the page, as it comes without a script."""

import time
from dataclasses import dataclass, replace
from typing import NoReturn
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from streamgauge.errors import StoreUnavailableError
from streamgauge.jobs.queries import JobQueries
from streamgauge.model.jobs.completion import Basis, Completion
from streamgauge.model.jobs.events import Status
from streamgauge.model.jobs.reading import JobReading, JobsReading
from streamgauge.web.application import create_application
from streamgauge.web.pages.job_rows import JobRow, job_row, percent
from tests.metrics.job_readings import job, step
from tests.web.examples import ExampleStore, store

NOW = 1_767_268_800.0
HOSTILE = "<script>alert(1)</script>"


@dataclass
class KnownJobs:
    """Jobs as a store tells them; None: it is away."""

    jobs: tuple[JobReading, ...] | None = ()

    def reading(self) -> JobsReading:
        """These."""
        if self.jobs is None:
            raise StoreUnavailableError("the database is away", 5)
        return JobsReading(time.time(), self.jobs)

    @property
    def queries(self) -> JobQueries:
        """The page asks no database."""
        return _never()


def _never() -> NoReturn:
    raise NotImplementedError


def page_of(*jobs: JobReading, query: str = "", kafka: bool = True) -> str:
    """The page's HTML."""
    return served(KnownJobs(jobs), query, kafka=kafka)


def served(jobs: KnownJobs, query: str = "", *, kafka: bool = True) -> str:
    """The page's HTML."""
    known = store() if kafka else ExampleStore()
    application = create_application(known, version="1.2.3", refresh_seconds=5, jobs=jobs)
    answer = TestClient(application).get(f"/{query}")
    assert answer.status_code == 200
    return str(answer.text).replace("\N{NO-BREAK SPACE}", " ")


def row(reading: JobReading) -> JobRow:
    """The row of a job."""
    return job_row(reading, NOW)


def names(page: str) -> list[str]:
    """The jobs of a page, from above."""
    rows = page.split('data-key="job/')[1:]
    return [each.partition('"')[0] for each in rows]


RUNNING = job(
    "plan",
    step(title="Daily plan", started=NOW - 90),
    step("P00", status=Status.COMPLETED, title="Assembly", duration_seconds=30.0, items=500.0, done=500.0, warnings=1),
    step("P01", "", Status.RUNNING, items=100.0, done=25.5, sub_phases=(step("P01", "check", title="Check"),)),
    step("P02", status=Status.PENDING),
    environment="prod",
    running=2,
    completion=Completion(0.437, 200.0, NOW + 200.0, Basis.HISTORY),
)


def test_a_running_job_tells_how_far_it_is() -> None:
    """Its run, phases, progress, and when it is expected to end."""
    found = row(RUNNING)
    assert (found.name, found.title, found.run, found.environment) == ("plan", "Daily plan", "2026-01-01", "prod")
    assert (found.status.text, found.status.title) == ("running", "it runs; 1 other run of it runs")
    assert [(each.name, each.status) for each in found.phases] == [
        ("Assembly", "completed"), ("P01", "running"), ("P02", "pending"),
    ]  # fmt: skip
    assert found.phases[0].about == "Assembly: completed, 500 of 500, took 30.0\N{NO-BREAK SPACE}s, 1 warning"
    assert found.now.text == "P01 \N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK} Check 25.5 of 100"
    assert found.progress.text == "43\N{NO-BREAK SPACE}%"
    assert (found.duration.at, found.duration.kind) == (NOW - 90, "span")
    assert (found.end.at, found.end.kind, found.end.words.title) == (
        NOW + 200.0, "until", "estimated from what earlier runs took",
    )  # fmt: skip


def test_what_a_job_does_not_tell_is_unknown_and_not_zero() -> None:
    """A dash to the eye, a word to a screen reader."""
    found = row(job("quiet", step()))
    assert [found.progress.text, found.duration.words.text, found.end.words.text] == ["\N{EM DASH}"] * 3
    assert found.progress_ratio is None
    assert page_of(job("quiet", step())).count('<span class="unseen">unknown</span>') == 3


def test_a_failed_run_says_where_and_why() -> None:
    """In the words of the innermost part that has some."""
    itself = step(status=Status.FAILED, message="phase P01 failed", finished=NOW - 70, duration_seconds=61.0, errors=0)
    parts = (step("P01", status=Status.FAILED, title="Planning", message="no room", errors=2),)
    found = row(job("plan", itself, *parts))
    assert (found.now.text, found.now.tone) == ("Planning: no room", "bad")
    assert (found.errors.text, found.errors.tone) == ("2", "bad")
    assert (found.end.words.text, found.end.kind) == ("1 min ago", "ago")
    assert row(job("plan", itself)).now.text == "phase P01 failed"


def test_many_phases_are_cut_and_said_to_be() -> None:
    """A bar has no room for all."""
    many = [step(f"P{number:02}", status=Status.PENDING) for number in range(40)]
    found = row(job("long", step(), *many))
    assert (len(found.phases), found.hidden_phases) == (24, 16)
    assert '+16<span class="unseen"> more phases' in page_of(job("long", step(), *many))


@pytest.mark.parametrize(
    ("ratio", "text"), [(0.0, "0 %"), (0.29, "29 %"), (0.999, "99 %"), (1.0, "100 %"), (7, "100 %")]
)
def test_what_is_not_whole_is_not_called_so(ratio: float, text: str) -> None:
    """Rounded down."""
    assert percent(ratio).replace("\N{NO-BREAK SPACE}", " ") == text


def test_an_address_of_a_run_holds_any_name() -> None:
    """Percent-encoded, slashes too, and relative."""
    odd = job("a/b?c", step())
    assert row(odd).link == "api/v1/jobs/a%2Fb%3Fc/runs/2026-01-01"
    assert row(replace(odd, latest=replace(odd.latest, job="\ud800"))).link.startswith("api/v1/jobs/%3F/runs/")


def test_jobs_are_sorted_and_filtered_as_asked() -> None:
    """By name unless asked; the worst first by one press on the status; unknown last."""
    jobs = (
        job("a", step(status=Status.COMPLETED, duration_seconds=5.0)),
        job("b", step(status=Status.FAILED, title="Billing")),
        job("c", step(duration_seconds=9.0)),
    )
    assert names(page_of(*jobs)) == ["a", "b", "c"]
    assert names(page_of(*jobs, query="?jobs=-status")) == ["b", "c", "a"]
    assert names(page_of(*jobs, query="?jobs=-duration")) == ["c", "a", "b"]
    assert names(page_of(*jobs, query="?q=BILL")) == ["b"]
    assert "No jobs match the filter." in page_of(*jobs, query="?q=zzz")


def test_of_too_many_jobs_the_worst_are_shown() -> None:
    """Unless another order is asked for; the heading says which it is."""
    jobs = (*(job(f"a{number:03}", step(status=Status.COMPLETED)) for number in range(120)), job("z", step()))
    page = page_of(*jobs)
    assert names(page)[0] == "z"
    assert "Showing 100 of 121 jobs" in page
    assert names(page_of(*jobs, query="?jobs=name"))[0] == "a000"


def test_without_kafka_and_jobs_the_page_says_how_to_report_one() -> None:
    """In three lines, one with the address of this very exporter."""
    page = page_of(kafka=False)
    assert page.count("<dt>") == 3
    assert "http://testserver/api/v1/events" in page
    assert "No cluster is configured" not in page
    assert 'class="guide"' not in page_of()


def test_a_store_that_is_away_is_told() -> None:
    """Rather than no jobs at all."""
    assert "Nothing is known of jobs now: the database is away." in served(KnownJobs(None))


def test_hostile_names_of_jobs_are_text() -> None:
    """In every place that they can reach."""
    phase = step(HOSTILE, title=HOSTILE, status=Status.FAILED, message=HOSTILE)
    page = page_of(job(HOSTILE, step(title=HOSTILE, status=Status.FAILED), phase, environment=HOSTILE))
    assert page.count("&lt;script&gt;") > 6
    assert "<script>" not in page
    assert f'data-key="job/{quote(HOSTILE, safe="")}"' in page
