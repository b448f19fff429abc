"""The reference page of the metrics, ``docs/metrics.md``, written from the catalogue."""

from collections.abc import Iterable, Iterator
from typing import Final

from streamgauge.metrics import (
    applications,
    catalogue,
    exporter,
    job_phases,
    job_runs,
    job_store,
    jobs,
    kafka,
    kafka_cluster,
    kafka_groups,
    kafka_topics,
    memory,
)
from streamgauge.metrics.family import Family

_HEAD: Final = """\
# Metrics

<!-- Generated from the code by `make docs`; edit the families in exporter/streamgauge/metrics/ instead. -->

Every metric that the exporter serves at `/metrics`, in the order of the page, in the text format and in OpenMetrics.

- **Absent means unknown.** A number that could not be read is not served: never 0, never -1, never a guess. Rules
  should look at `kafka_consumergroup_unknown_partitions` too, and for seconds at
  `kafka_consumergroup_unknown_lag_seconds_partitions`, where going blind must not look like a recovery.
- **A sum is absent while a part of it is unknown; a maximum is served over the known parts,** so it is a lower bound,
  and an alert on it is right.
- **A scrape reads nothing.** Each cluster is read at its own `interval`, and a scrape serves what was read last: at
  `streamgauge_source_last_success_timestamp_seconds`. Numbers older than `stale_after` disappear.
- **`cluster`** is on every series that is about a cluster: its name in the configuration.
- **Granularity.** A group's series come per partition, per topic or per group, as the configuration's `granularity`
  says. At topic level those with a `partition` label are left out; at group level the others come once a group, without
  the `topic` label.
- **Budget.** Above `series_budget` series in a cluster, the group-topics with the most partitions fall back to topic
  level, then the topics with the most partitions lose theirs; `streamgauge_series_dropped` says how many series that
  saves at most. The choice changes only when groups, topics or partitions come or go. Jobs and applications have a
  budget of their own, `jobs.series_budget`, and `streamgauge_job_series_dropped`: the jobs with the most series are
  served without their phases, and applications lose their actions once no job has phases left to give.
- **Jobs** are told apart by `job_name`, never by a run: what describes a state is about the run that started last.
"""

_PROCESS: Final = """\
## The process

The Python client for Prometheus adds families about the exporter's own process: `process_cpu_seconds_total`,
`process_resident_memory_bytes`, `process_virtual_memory_bytes`, `process_start_time_seconds`, `process_open_fds` and
`process_max_fds` (all on Linux), `python_info`, and `python_gc_*` about the garbage collector.
"""

_SECTIONS: Final = (
    ("Clusters", "The brokers of a cluster.", kafka_cluster.FAMILIES),
    ("Topics", "Topics, and each of their partitions.", kafka_topics.FAMILIES),
    ("Consumer groups", "What each group is doing, and how far it is behind.", kafka_groups.FAMILIES),
    (
        "Estimates and series",
        "How lag in seconds was found, how many series a cluster has, and how many its budget costs.",
        (kafka.ESTIMATES, kafka.SEARCHES_WAITING, kafka.SERIES_SERVED, kafka.SERIES_DROPPED),
    ),
    ("Memory", "What is remembered of a cluster, and whether it will outlive a restart.", memory.FAMILIES),
    ("Jobs", "A job as a whole: its latest run, its runs in all, what it is due for.", job_runs.FAMILIES),
    (
        "Phases",
        "Phases of jobs, and what both are held against. `sub_phase` is empty on a phase, `phase` on the job itself.",
        job_phases.FAMILIES,
    ),
    (
        "Applications",
        "What programs do inside. The SDK's own page has the same names: scrape a program or let it push, not both.",
        (*applications.FAMILIES, jobs.SERIES_SERVED, jobs.SERIES_DROPPED),
    ),
    (
        "The exporter",
        "How the exporter itself is doing, and the load that it puts on the brokers.",
        tuple(family for family in exporter.FAMILIES if family not in job_store.FAMILIES),
    ),
    (
        "The store of jobs",
        "Whether runs of jobs can be written, and what was taken and refused.",
        job_store.FAMILIES,
    ),
)


def render_reference() -> str:
    """The page as it is committed."""
    return "\n".join([_HEAD, *_sections(), _PROCESS])


def _sections() -> Iterator[str]:
    for title, about, families in _SECTIONS:
        yield f"## {title}\n\n{about}\n"
        yield from _entries(families)


def _entries(families: Iterable[Family]) -> Iterator[str]:
    for family in families:
        labels = ", ".join(f"`{label}`" for label in family.labels) or "no label"
        yield f"### `{family.name}`\n\n{family.kind.capitalize()} by {labels}.\n\n{_text(family.help)}\n"


def _text(help_text: str) -> str:
    """A help text as Markdown, names of metrics in it as code."""
    names = {family.name for family in catalogue.FAMILIES}
    return " ".join(_word(word, names) for word in help_text.split(" "))


def _word(word: str, names: set[str]) -> str:
    bare = word.rstrip(".,;:)")
    return f"[`{bare}`](#{bare}){word[len(bare) :]}" if bare in names else word
