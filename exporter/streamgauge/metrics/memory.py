"""Families about what is remembered of a cluster, and whether that will outlive the process."""

from collections.abc import Iterator

from streamgauge.metrics.family import Family, Kind
from streamgauge.model.reading import ClusterReading

HISTORY_POINTS = Family(
    "streamgauge_history_points",
    Kind.GAUGE,
    ("cluster",),
    "End offsets, each with its times, that are remembered of all partitions: what lag in seconds is read from. "
    "Bounded by lag.history_points a partition.",
)
HISTORY_BYTES = Family(
    "streamgauge_history_bytes",
    Kind.GAUGE,
    ("cluster",),
    "Memory that these take, reckoned: 24 bytes a point and 500 a partition. Too much: lower lag.history_points, "
    "at the price of wider errors for groups that are far behind.",
)
STATE_UP = Family(
    "streamgauge_state_up",
    Kind.GAUGE,
    ("cluster",),
    "1 while what is remembered is saved each cycle, 0 while it is not: no room, no right, or another exporter holds "
    "the directory; the log says which. A restart then loses it. Absent where state.dir is empty.",
)
STATE_SAVES = Family(
    "streamgauge_state_saves_total",
    Kind.COUNTER,
    ("cluster",),
    "Cycles that were saved.",
)
STATE_ERRORS = Family(
    "streamgauge_state_errors_total",
    Kind.COUNTER,
    ("cluster",),
    "Writes of saved state that failed; they are tried again, and the files of before stay usable.",
)
STATE_BYTES = Family(
    "streamgauge_state_bytes",
    Kind.GAUGE,
    ("cluster",),
    "Size of the cluster's files in the state directory. While a new image is written they take up to twice as much.",
)
STATE_LAST_SAVED = Family(
    "streamgauge_state_last_saved_timestamp_seconds",
    Kind.GAUGE,
    ("cluster",),
    "When the newest saved cycle was read, in seconds since the epoch: what came later, a restart loses.",
)

FAMILIES = (HISTORY_POINTS, HISTORY_BYTES, STATE_UP, STATE_SAVES, STATE_ERRORS, STATE_BYTES, STATE_LAST_SAVED)


def samples(reading: ClusterReading) -> Iterator[tuple[Family, str]]:
    """Each sample as its family and its line."""
    cluster = (reading.cluster,)
    yield HISTORY_POINTS, HISTORY_POINTS.sample(cluster, reading.history.points)
    yield HISTORY_BYTES, HISTORY_BYTES.sample(cluster, reading.history.bytes)
    saving = reading.saving
    if saving is None:
        return
    if saving.up is not None:
        yield STATE_UP, STATE_UP.sample(cluster, int(saving.up))
    yield STATE_SAVES, STATE_SAVES.sample(cluster, saving.saves)
    yield STATE_ERRORS, STATE_ERRORS.sample(cluster, saving.errors)
    yield STATE_BYTES, STATE_BYTES.sample(cluster, saving.bytes)
    if saving.last_saved is not None:
        yield STATE_LAST_SAVED, STATE_LAST_SAVED.sample(cluster, saving.last_saved)
