"""What two dashboards show of the store of runs: whether it works, what it takes, and what it does not."""

from grafana_foundation_sdk.models import dashboard as sdk

from grafana.src.job_queries import STORE_UP, TOLD
from grafana.src.look import STORES, Colour, Unit
from grafana.src.panels import Lines, Subject, graph, timeline
from grafana.src.queries import RATE_WINDOW, STEP, Query, total, worst

NO_STORE = "No Streamgauge is scraped that takes jobs"
REFUSED = "streamgauge_job_events_rejected_total"
FAILED = "streamgauge_job_store_errors_total"


def store(number: int) -> tuple[sdk.Panel, ...]:
    """Three panels; their ids begin with a number."""
    return _works(number), _taken(number + 1), _not_taken(number + 2)


def _works(number: int) -> sdk.Panel:
    return timeline(
        Subject(
            number=number,
            title="Does the store work?",
            description=(
                "Whether each replica can read and write runs. Away: nothing new is known of any job, and what jobs "
                "tell waits on their side; the log of Streamgauge says why."
            ),
            nothing=NO_STORE,
            unit=Unit.TEXT,
            width=8,
            height=6,
        ),
        (Query(worst(STORE_UP, "instance"), "{{instance}}"),),
        STORES,
    )


def _taken(number: int) -> sdk.Panel:
    rate = f"rate(streamgauge_job_events_total[{RATE_WINDOW}])"
    return graph(
        Subject(
            number=number,
            title="What do jobs tell?",
            description=(
                "Events a second that were taken, by their type, of all replicas together. Nothing while jobs run: "
                "they cannot reach Streamgauge, or have no token."
            ),
            nothing=NO_STORE,
            unit=Unit.PER_SECOND,
            width=8,
            height=6,
        ),
        [Query(f"{total(total(rate, 'instance', 'type'), 'type')} > 0", "{{type}}", step=TOLD)],
        Lines(stacked=True),
    )


def _not_taken(number: int) -> sdk.Panel:
    return graph(
        Subject(
            number=number,
            title="What was not taken?",
            description=(
                "Events that were refused for ever, by reason, and reads and writes that failed. Too many: raise "
                "jobs.limits. Failed writes are tried again; if they last, see the log."
            ),
            nothing="Nothing was refused, or Streamgauge is not scraped",
            width=8,
            height=6,
        ),
        [
            Query(f"{_added(REFUSED, 'reason')} > 0", "refused: {{reason}}", step=TOLD),
            Query(f"{_added(FAILED)} > 0", "reads and writes failed", step=TOLD),
        ],
        Lines(colours={"reads and writes failed": Colour.BAD}, bars=True, stacked=True),
    )


def _added(counter: str, *by: str) -> str:
    """How much the replicas counted since the bar before; each has what it was told itself."""
    grown = f"clamp_min({counter} - {counter} offset {STEP}, 0)"  # below 0: a replica has begun anew
    return total(total(grown, "instance", *by), *by)
