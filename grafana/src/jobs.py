"""Jobs: which there are, how each stands, how long it takes, and when it will be done."""

from grafana_foundation_sdk.models import dashboard as sdk

from grafana.src.dashboard import JOBS, Dashboard, deploys, job_alerts
from grafana.src.job_queries import (
    HALF,
    ITSELF,
    JOB,
    TOLD,
    grown,
    grown_by_step,
    late,
    not_started,
    open_deadline,
    run_took,
    status,
)
from grafana.src.job_store import store
from grafana.src.layout import Row
from grafana.src.links import Page
from grafana.src.look import (
    JOB_STATUSES,
    NONE_IS_GOOD,
    OF_DEADLINE,
    OF_USUAL,
    SHARE_OF_LIMIT,
    STARTS,
    SUCCESS,
    Colour,
    Steps,
    Unit,
)
from grafana.src.panels import Column, Figures, Lines, Subject, figure, graph, listing, timeline
from grafana.src.queries import STEP, Query, Scope, number_of, or_zero, top, total, worst
from grafana.src.shared import NO_JOB, job_statuses, run_of_the_row, run_of_the_series

SCOPE = Scope(("job_name",))
NO_RUN = "No run was completed yet"

RANGE = "$__range"
RUNS = "job_runs_total"
RUNS_FAILED = "job_runs_failed_total"
LAST = "job_last_duration_seconds"
USUAL = "job_usual_duration_seconds"
LIMIT = "job_slo_duration_seconds"


def jobs() -> Dashboard:
    """Which jobs there are, and how each stands."""
    return Dashboard(
        page=Page.JOBS,
        title="Streamgauge / Jobs",
        description="Which jobs are there, how does each stand, is it slower than it was, and when will it be done?",
        variables=(JOBS,),
        annotations=(job_alerts(), deploys()),
        rows=(
            Row("Is anything wrong?", (_statuses(), _success(), _did_not_start(), _late())),
            Row("Which job, and since when?", (_timeline(), _table(), _phases())),
            Row("When will they be done?", (_expected(), _progress())),
            Row("Do they become slower?", (_durations(), _of_usual(), _of_limit())),
            Row("What went wrong?", (_ends(), _errors(), _warnings())),
            Row("Is everything taken that jobs tell?", store(14)),
        ),
    )


def _statuses() -> sdk.Panel:
    return job_statuses(1, SCOPE, "How do the jobs stand?", height=4)


def _success() -> sdk.Panel:
    runs, failed = (total(grown(SCOPE, metric, RANGE)) for metric in (RUNS, RUNS_FAILED))
    return figure(
        Subject(
            number=2,
            title="Runs that did not fail",
            description=(
                "The share of the runs that ended in the dashboard's range and did not fail. Below 100 %: the table "
                "below says which jobs failed, and how often."
            ),
            nothing="No run ended",
            unit=Unit.FRACTION,
            width=4,
            height=4,
        ),
        [Query(f"1 - {failed} / ({runs} > 0)", "did not fail", "instant")],
        Figures(steps=SUCCESS, decimals=1),
    )


def _did_not_start() -> sdk.Panel:
    due = SCOPE.gauge("job_start_by_timestamp_seconds")
    return figure(
        Subject(
            number=3,
            title="Did not start",
            description=(
                "How many jobs were due and have not started in time since (schedule and start_within in jobs.slos). "
                "Above 0: look at the scheduler; the table of what is expected says which."
            ),
            nothing="No schedule is set",
            width=4,
            height=4,
        ),
        [Query(or_zero(number_of(worst(not_started(SCOPE), *JOB)), due), "did not start", "instant")],
        Figures(steps=NONE_IS_GOOD, decimals=0),
    )


def _late() -> sdk.Panel:
    deadline = SCOPE.gauge("job_deadline_timestamp_seconds")
    return figure(
        Subject(
            number=4,
            title="Late, or will be",
            description=(
                "How many jobs have missed their deadline (finish_within in jobs.slos), or are expected to. Above 0: "
                "the table of what is expected says by how much."
            ),
            nothing="No deadline is set",
            width=4,
            height=4,
        ),
        [Query(or_zero(number_of(worst(late(SCOPE), *JOB)), deadline), "late", "instant")],
        Figures(steps=NONE_IS_GOOD, decimals=0),
    )


def _timeline() -> sdk.Panel:
    return timeline(
        Subject(
            number=5,
            title="What has each job done?",
            description=(
                "How the run that had started last stood, over time. Grey: it was announced, or aborted by somebody. "
                "Dark red: nothing was heard of it for too long. Click a line to open the job."
            ),
            nothing=NO_JOB,
            unit=Unit.TEXT,
            width=24,
            height=8,
            paged=True,
        ),
        (Query(status(SCOPE, "job_status", *JOB), "{{job_name}}"),),
        JOB_STATUSES,
        run_of_the_series(),
    )


def _table() -> sdk.Panel:
    duration = worst(run_took(SCOPE), *JOB)
    limit = worst(SCOPE.gauge(LIMIT, ITSELF), *JOB)
    columns = (
        Column("Status", status(SCOPE, "job_status", *JOB), states=JOB_STATUSES, width=95),
        Column("Job", label="job_name", least=150, links=(run_of_the_row(),)),
        Column(
            "Last success",
            f"1000 * {worst(SCOPE.gauge('job_last_success_timestamp_seconds'), *JOB)}",
            unit=Unit.SINCE,
            nothing="never",
            width=150,
        ),
        Column("Takes", duration, unit=Unit.DURATION, width=100, decimals=1),
        Column("Usual", worst(SCOPE.gauge(USUAL, HALF), *JOB), unit=Unit.DURATION, width=100, decimals=1),
        Column(
            "Of its limit",
            f"{duration} / {limit}",
            unit=Unit.FRACTION,
            steps=SHARE_OF_LIMIT,
            nothing="no limit",
            width=105,
            decimals=0,
        ),
        Column("Runs", worst(grown(SCOPE, RUNS, RANGE), *JOB), unit=Unit.COUNT, width=75),
        Column("Failed", worst(grown(SCOPE, RUNS_FAILED, RANGE), *JOB), unit=Unit.COUNT, steps=NONE_IS_GOOD, width=75),
        Column(
            "Errors",
            worst(SCOPE.gauge("job_run_errors", ITSELF), *JOB),
            unit=Unit.COUNT,
            steps=NONE_IS_GOOD,
            width=75,
        ),
        Column("Environment", worst(SCOPE.gauge("job_info"), *JOB, "environment"), label="environment", width=120),
    )
    return listing(
        Subject(
            number=6,
            title="How does each job stand?",
            description=(
                "The worst first. Takes: of the latest run, so far or in all, if it was completed. Usual: half of the "
                "earlier runs took less. Runs and Failed: in the dashboard's range. Errors: of the latest run."
            ),
            nothing=NO_JOB,
            width=24,
            height=9,
        ),
        columns,
        sort_by="Status",
    )


def _phases() -> sdk.Panel:
    by = ("job_name", "phase")
    whole = ('sub_phase=""',)
    return timeline(
        Subject(
            number=7,
            title="What have phases done?",
            description=(
                "How each phase stood in the run that had started last, over time; empty until a run comes to it. A "
                "phase that stays yellow for longer than before holds its job up. Click a line to open the job."
            ),
            nothing="No phase has been reported yet",
            unit=Unit.TEXT,
            width=24,
            height=14,
            paged=True,
        ),
        (Query(status(SCOPE, "job_phase_status", *by, where=whole), "{{job_name}} · {{phase}}"),),
        JOB_STATUSES,
        run_of_the_series(),
    )


def _expected() -> sdk.Panel:
    end = worst(SCOPE.gauge("job_estimated_completion_timestamp_seconds"), *JOB)
    deadline = worst(open_deadline(SCOPE), *JOB)
    due = SCOPE.gauge("job_due_timestamp_seconds")
    begun = worst(f"{due} or {SCOPE.gauge('job_last_start_timestamp_seconds')}", *JOB)
    columns = (
        Column("Job", label="job_name", least=140, links=(run_of_the_row(),)),
        Column(
            "Runs for",
            f"time() - {worst(SCOPE.gauge('job_start_timestamp_seconds'), *JOB)}",
            unit=Unit.DURATION,
            nothing="does not run",
            width=110,
            decimals=0,
        ),
        Column("Done in", f"{end} - time()", unit=Unit.DURATION, nothing="not known", width=100, decimals=0),
        Column("Deadline in", f"{deadline} - time()", unit=Unit.DURATION, nothing="none", width=105, decimals=0),
        Column(
            "Of its time",
            f"(({end} or (0 * {deadline} + time())) - {begun}) / ({deadline} - {begun})",
            unit=Unit.FRACTION,
            steps=OF_DEADLINE,
            width=105,
            decimals=0,
        ),
        Column("Was due", f"1000 * {worst(due, *JOB)}", unit=Unit.SINCE, nothing="no schedule", width=140),
        Column(
            "Then", worst(f"({not_started(SCOPE)} > bool 0) or 0 * {due}", *JOB), states=STARTS, nothing=" ", width=110
        ),
    )
    return listing(
        Subject(
            number=8,
            title="What is expected?",
            description=(
                "Jobs that run or have a schedule. Of its time: what a run is expected to take, of the time until its "
                "deadline; over 100 % it will be late, or is. Done in less than 0: it takes longer than ever."
            ),
            nothing="No job runs, and none has a schedule or a deadline (jobs.slos)",
            width=14,
            height=9,
        ),
        columns,
        sort_by="Of its time",
    )


def _progress() -> sdk.Panel:
    running = SCOPE.gauge("job_start_timestamp_seconds")
    progress = f"{SCOPE.gauge('job_progress_ratio')} and on (job_name) {running}"
    return graph(
        Subject(
            number=9,
            title="How far are they?",
            description=(
                "How much of its time each running job has behind it, by what its phases usually take. A line that "
                "becomes flat: a phase takes longer than usual."
            ),
            nothing="No job runs, or none that tells its items or has run before",
            unit=Unit.FRACTION,
            width=10,
            height=9,
        ),
        [Query(worst(progress, *JOB), "{{job_name}}")],
        Lines(most=1, links=(run_of_the_series(),)),
    )


def _durations() -> sdk.Panel:
    ranking = worst(SCOPE.highest(LAST), *JOB)
    return graph(
        Subject(
            number=10,
            title="How long do runs take?",
            description=(
                "How long the run that was completed last took, the ten jobs that take longest. Each step is a run. A "
                "staircase that rises: data grows, or something has become slow."
            ),
            nothing=NO_RUN,
            unit=Unit.DURATION,
            width=8,
        ),
        [Query(top(worst(SCOPE.gauge(LAST), *JOB), ranking), "{{job_name}}")],
        Lines(stepped=True, decimals=1, links=(run_of_the_series(),)),
    )


def _of_usual() -> sdk.Panel:
    now = f"{worst(SCOPE.gauge(LAST), *JOB)} / {worst(SCOPE.gauge(USUAL, HALF), *JOB)}"
    end = f"{worst(SCOPE.gauge_at_the_end(LAST), *JOB)} / {worst(_usual_at_the_end(), *JOB)}"
    return graph(
        Subject(
            number=11,
            title="Slower than usual?",
            description=(
                "The last completed run over what half of the earlier ones took less than; the ten jobs that are now "
                "the slowest against it. 1x is as usual. Above the yellow line for several runs: it is a regression."
            ),
            nothing="Not known before a second run was completed",
            unit=Unit.TIMES,
            width=8,
        ),
        [Query(top(now, end), "{{job_name}}")],
        Lines(stepped=True, decimals=2, steps=OF_USUAL, soft_most=2, links=(run_of_the_series(),)),
    )


def _usual_at_the_end() -> str:
    return f"max without (instance, pod) ({SCOPE.select(USUAL, HALF)} @ end())"


def _of_limit() -> sdk.Panel:
    limit = worst(SCOPE.gauge(LIMIT, ITSELF), *JOB)
    return graph(
        Subject(
            number=12,
            title="How much of its limit?",
            description=(
                "How long each job's latest run has been running, or took if it was completed, of what it may take "
                "(duration in jobs.slos). Over 100 %: the alert JobPhaseSlow fires."
            ),
            nothing="No job has a limit (duration in jobs.slos)",
            unit=Unit.FRACTION,
            width=8,
        ),
        [Query(f"{worst(run_took(SCOPE), *JOB)} / {limit}", "{{job_name}}")],
        Lines(steps=Steps(Colour.GOOD, ((1, Colour.BAD),)), links=(run_of_the_series(),)),
    )


def _ends() -> sdk.Panel:
    failed = total(grown(SCOPE, RUNS_FAILED, STEP))
    ended = total(grown(SCOPE, RUNS, STEP))
    return graph(
        Subject(
            number=13,
            title="How did runs end?",
            description=(
                "Runs that ended, of all jobs: those that failed, and the others. Failures of many jobs at one time "
                "have one cause: a database, a disk, a deploy."
            ),
            nothing="No run ended in this time",
            width=8,
        ),
        [
            Query(f"({ended} - {failed}) > 0", "did not fail", step=TOLD),
            Query(f"{failed} > 0", "failed", step=TOLD),
        ],
        Lines(colours={"did not fail": Colour.GOOD, "failed": Colour.BAD}, bars=True, stacked=True),
    )


def _errors() -> sdk.Panel:
    return _told(
        17,
        "Errors",
        "job_errors_total",
        "Errors that jobs told of, those that ended nothing too. Click a job to see in which phase; its run in the "
        "API has their messages.",
    )


def _warnings() -> sdk.Panel:
    return _told(
        18,
        "Warnings",
        "job_warnings_total",
        "Warnings that jobs told of. They fail nothing: many of them, or new ones, are worth a look at the run in "
        "the API, which has their messages.",
    )


def _told(number: int, title: str, metric: str, description: str) -> sdk.Panel:
    return graph(
        Subject(
            number=number,
            title=title,
            description=description,
            nothing="None in this time",
            width=8,
        ),
        [Query(grown_by_step(SCOPE, metric, *JOB), "{{job_name}}", step=TOLD)],
        Lines(bars=True, stacked=True, links=(run_of_the_series(),)),
    )
