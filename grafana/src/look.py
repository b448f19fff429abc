"""Colours, units, thresholds and words: the one table that every panel takes them from."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from grafana_foundation_sdk.models import dashboard as sdk


class Colour(StrEnum):
    """What a colour means. Named colours adapt to the dark and the light theme."""

    GOOD = "green"
    CALM = "blue"
    NOTICE = "yellow"
    WARNING = "orange"
    BAD = "red"
    WORST = "dark-red"
    ODD = "purple"
    MUTED = "#8a929e"
    FAINT = "#c3c8d0"


class Unit(StrEnum):
    """Grafana's name of a unit."""

    BYTES = "bytes"
    BYTES_PER_SECOND = "binBps"
    COUNT = "short"
    CORES = "suffix:cores"
    DURATION = "s"
    FRACTION = "percentunit"
    OFFSET = "locale"
    PER_SECOND = "suffix:/s"
    RECORDS = "short"
    RECORDS_PER_SECOND = "recps"
    REQUESTS_PER_SECOND = "reqps"
    SINCE = "dateTimeFromNow"
    TEXT = "string"
    TIMES = "suffix:x"


@dataclass(frozen=True, slots=True)
class State:
    """One of the values that a panel of states shows as a word."""

    code: int
    word: str
    colour: Colour


STATUSES = (
    State(0, "ok", Colour.GOOD),
    State(1, "unknown", Colour.MUTED),
    State(2, "lagging", Colour.NOTICE),
    State(3, "rewound", Colour.ODD),
    State(4, "stopped", Colour.WARNING),
    State(5, "stalled", Colour.BAD),
    State(6, "lost", Colour.WORST),
)
"""What a group is doing, from best to worst: the largest code wins where several are one line."""

JOB_STATUSES = (
    State(0, "completed", Colour.GOOD),
    State(1, "pending", Colour.FAINT),
    State(2, "running", Colour.NOTICE),
    State(3, "aborted", Colour.MUTED),
    State(4, "lost", Colour.WORST),
    State(5, "failed", Colour.BAD),
)
"""How a run or a phase stands, from best to worst, in the colours that the exporter's own page has."""

STORES = (State(1, "works", Colour.GOOD), State(0, "away", Colour.BAD))
"""Whether runs of jobs can be read and written."""

STARTS = (State(1, "did not start", Colour.BAD), State(0, "started", Colour.GOOD))
"""Whether a job that was due has started in time."""

READINGS = (
    State(2, "fresh", Colour.GOOD),
    State(1, "overdue", Colour.WARNING),
    State(0, "down", Colour.BAD),
    State(-1, "down, old numbers", Colour.BAD),
)
"""How a source's last cycle ended: twice `up` less `stale`."""

SAVINGS = (State(1, "saved", Colour.GOOD), State(0, "not saved", Colour.WARNING))
"""Whether what is remembered of a cluster would outlive a restart."""

CONFIGURATIONS = (State(1, "in force", Colour.GOOD), State(0, "refused", Colour.WARNING))
"""How the configuration was last read."""

CONTROLLER = (State(1, "controller", Colour.CALM),)
"""Whether a broker is the controller; absent while it is not."""

SEVERITIES = (
    State(3, "critical", Colour.BAD),
    State(2, "warning", Colour.WARNING),
    State(1, "info", Colour.CALM),
)
"""The severities that an alert can have, worst first; `none` is the Watchdog's."""


LAST = 99
"""The place of a mapping that comes after all others."""


def mappings(states: Sequence[State]) -> list[sdk.ValueMapping]:
    """Codes shown as words in their colours."""
    return [sdk.ValueMap(options=_words(states))] if states else []


def blank_where_absent() -> sdk.ValueMapping:
    """Nothing where a timeline has no state, rather than the words for no data at all."""
    return _where_absent(sdk.ValueMappingResult(text=" ", color="transparent", index=LAST))


def plain_where_absent(words: str) -> sdk.ValueMapping:
    """Words on no ground of their own, in a column whose states have one."""
    return _where_absent(sdk.ValueMappingResult(text=words, color="transparent", index=LAST))


def muted_where_absent(words: str) -> sdk.ValueMapping:
    """Words for no number, where thresholds are shares: Grafana would take nothing for 0 %, and colour it so."""
    return _where_absent(sdk.ValueMappingResult(text=words, color=Colour.MUTED, index=LAST))


def _where_absent(result: sdk.ValueMappingResult) -> sdk.ValueMapping:
    return sdk.SpecialValueMap(
        options=sdk.DashboardSpecialValueMapOptions(match=sdk.SpecialValueMatch.NULL, result=result)
    )


def _words(states: Sequence[State]) -> dict[str, sdk.ValueMappingResult]:
    return {
        str(state.code): sdk.ValueMappingResult(text=state.word, color=state.colour, index=index)
        for index, state in enumerate(states)
    }


@dataclass(frozen=True, slots=True)
class Steps:
    """Thresholds: a colour from the bottom on, and others from a value on."""

    base: Colour
    above: tuple[tuple[float, Colour], ...] = ()

    def config(self) -> sdk.ThresholdsConfig:
        """As Grafana has it."""
        return sdk.ThresholdsConfig(mode=sdk.ThresholdsMode.ABSOLUTE, steps=self._steps(1))

    def drawn(self) -> sdk.ThresholdsConfig:
        """As lines in a graph: 0 is the axis already."""
        steps = [step for step in self._steps(1) if step.value != 0]
        return sdk.ThresholdsConfig(mode=sdk.ThresholdsMode.ABSOLUTE, steps=steps)

    def shares(self) -> sdk.ThresholdsConfig:
        """As shares of the maximum, in percent as Grafana has it."""
        return sdk.ThresholdsConfig(mode=sdk.ThresholdsMode.PERCENTAGE, steps=self._steps(100))

    def _steps(self, factor: float) -> list[sdk.Threshold]:
        first = sdk.Threshold(value=None, color=self.base)
        return [first, *(sdk.Threshold(value=value * factor, color=colour) for value, colour in self.above)]


PLAIN = Steps(Colour.MUTED, ((0, Colour.CALM),))
"""A number that is neither good nor bad by itself. Here as below, the words for no number at all are muted."""

NONE_IS_GOOD = Steps(Colour.MUTED, ((0, Colour.GOOD), (1, Colour.BAD)))
"""A count of what should not be."""

SOME_IS_ODD = Steps(Colour.MUTED, ((0, Colour.GOOD), (1, Colour.WARNING)))
"""A count of what should not last."""

SHARE_OF_LIMIT = Steps(Colour.MUTED, ((0, Colour.GOOD), (0.5, Colour.NOTICE), (1, Colour.BAD)))
"""Lag as a share of the group's own limit (`kafka_consumergroup_slo_lag_seconds`)."""

RETENTION_USED = Steps(Colour.MUTED, ((0, Colour.GOOD), (0.5, Colour.WARNING), (0.8, Colour.BAD)))
"""How much of the retention has passed over unread data: the alert KafkaConsumerGroupDataLossAhead begins at half."""

RETENTION_LEFT = Steps(Colour.MUTED, ((0, Colour.BAD), (0.2, Colour.WARNING), (0.5, Colour.GOOD)))
"""The same, seen from the other side. Hours alone say nothing: there are topics that keep no more than minutes."""

UNTIL_FULL = Steps(Colour.MUTED, ((0, Colour.BAD), (86400, Colour.WARNING), (259200, Colour.GOOD)))
"""How long until a disk is full: a day is too late, three leave a weekend."""

DISK_USED = Steps(Colour.MUTED, ((0, Colour.GOOD), (0.75, Colour.WARNING), (0.9, Colour.BAD)))
"""How full a disk is."""

SKEW = Steps(Colour.GOOD, ((2, Colour.NOTICE), (5, Colour.WARNING)))
"""Busiest partition over the mean: 1 is even."""

TRANSACTION_AGE = Steps(Colour.GOOD, ((900, Colour.BAD),))
"""For how long a transaction is open: brokers allow 15 minutes by default, and KafkaTransactionHanging begins there."""

OF_USUAL = Steps(Colour.MUTED, ((0, Colour.GOOD), (1.25, Colour.NOTICE), (1.5, Colour.BAD)))
"""A duration over the usual one, as the alerts have it: 1.25 is a regression, 1.5 slower than usual."""

SUCCESS = Steps(Colour.MUTED, ((0, Colour.BAD), (0.9, Colour.NOTICE), (1, Colour.GOOD)))
"""The share of runs that did not fail."""

FAILED_SHARE = Steps(Colour.MUTED, ((0, Colour.GOOD), (0.01, Colour.NOTICE), (0.05, Colour.BAD)))
"""The share of actions that failed: one in a hundred is worth a look."""

OF_DEADLINE = Steps(Colour.MUTED, ((0, Colour.GOOD), (0.9, Colour.NOTICE), (1, Colour.BAD)))
"""The time that a run is expected to take, of the time that it has: over 1 it will be late."""

TIME_LEFT = Steps(Colour.MUTED, ((-1e9, Colour.BAD), (0, Colour.GOOD)))
"""Seconds until a deadline: below 0 it is over."""

SNAPSHOT_AGE = Steps(Colour.MUTED, ((0, Colour.GOOD), (60, Colour.NOTICE), (180, Colour.BAD)))
"""How old the numbers are."""
