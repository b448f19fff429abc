"""What Alertmanager's alerts and silences mean together: who has acknowledged what, and which alerts are asked for.

An alert is acknowledged while an active silence silences it, whoever made that. A silence is ours when it was made
through the API: it matches all labels of the alert, each for equality, and its comment ends with ``MARK``.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

MARK: Final = " [acknowledged through Streamgauge]"
"""What the comment of a silence that we make ends with."""

# Alertmanager takes a start that has passed for now. Were our clock ahead of its own, a start of ours that is yet to
# come would leave the alert to be sent until then.
_CLOCK_SKEW = 300.0
_SEVERITIES = ("none", "info", "warning", "critical")

NameTest = Callable[[str], bool]


class AlertState(StrEnum):
    """What Alertmanager does with an alert."""

    ACTIVE = "active"
    SUPPRESSED = "suppressed"


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert as Alertmanager has it; times are wall-clock seconds since the epoch."""

    fingerprint: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    starts_at: float
    state: AlertState
    silenced_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class Matcher:
    """One of the conditions of a silence."""

    name: str
    value: str
    is_regex: bool = False
    is_equal: bool = True


@dataclass(frozen=True, slots=True)
class Silence:
    """A silence that is active or is to be; ``silence_id`` is empty before Alertmanager has given one."""

    silence_id: str
    matchers: tuple[Matcher, ...]
    starts_at: float
    ends_at: float
    author: str
    comment: str

    @property
    def reason(self) -> str:
        """The comment as it was given to us."""
        return self.comment.removesuffix(MARK)


@dataclass(frozen=True, slots=True)
class ListedAlert:
    """An alert with the silence that says who has acknowledged it."""

    alert: Alert
    silence: Silence | None
    acknowledged: bool

    @property
    def fingerprint(self) -> str:
        """Alertmanager's hash of its labels."""
        return self.alert.fingerprint

    @property
    def name(self) -> str:
        """Its rule's name."""
        return self.label("alertname") or ""

    @property
    def severity(self) -> str | None:
        """Its label ``severity``."""
        return self.label("severity")

    def label(self, name: str) -> str | None:
        """One of its labels."""
        return self.alert.labels.get(name)

    def annotation(self, name: str) -> str | None:
        """One of its annotations."""
        return self.alert.annotations.get(name)


@dataclass(frozen=True, slots=True)
class AlertReading:
    """All that Alertmanager had at a moment, by fingerprint."""

    read_at: float
    alerts: Mapping[str, ListedAlert]


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """What somebody says who acknowledges an alert."""

    author: str
    reason: str
    ends_at: float


@dataclass(frozen=True, slots=True)
class AlertmanagerStatus:
    """How asking Alertmanager goes.

    Attributes:
        up: whether it answered right the last time; None before the first.
        requests: how many requests were sent, by operation.
        failed: how many of them failed.
    """

    up: bool | None = None
    requests: Mapping[str, int] = field(default_factory=dict)
    failed: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AlertFilter:
    """Which alerts are asked for; a label that an alert does not have meets no condition."""

    name: NameTest | None = None
    job: NameTest | None = None
    group: NameTest | None = None
    cluster: str | None = None
    severity: str | None = None
    acknowledged: bool | None = None

    def takes(self, alert: ListedAlert) -> bool:
        """Tell whether an alert is asked for."""
        return (
            (self.acknowledged is None or self.acknowledged == alert.acknowledged)
            and (self.severity is None or self.severity.casefold() == (alert.severity or "").casefold())
            and (self.cluster is None or self.cluster == alert.label("cluster"))
            and _meets(alert.name, self.name)
            and _meets(alert.label("job_name"), self.job)
            and _meets(alert.label("consumergroup"), self.group)
        )


def listed(alerts: Iterable[Alert], silences: Sequence[Silence]) -> dict[str, ListedAlert]:
    """Put alerts and silences together.

    Args:
        alerts: all that Alertmanager has.
        silences: those that are active.

    Returns:
        The alerts by fingerprint.
    """
    index = _Index(silences)
    found = {}
    for alert in alerts:
        silencing = index.of(alert)
        acknowledged = bool(alert.silenced_by or silencing)
        found[alert.fingerprint] = ListedAlert(alert, silencing[0] if silencing else None, acknowledged)
    return found


def silences_of(alert: Alert, silences: Iterable[Silence]) -> list[Silence]:
    """Find the silences of an alert: ours first, then those that last longest.

    One that was made a moment ago counts before Alertmanager names it beside the alert.
    """
    return _Index(silences).of(alert)


def is_ours(silence: Silence, alert: Alert) -> bool:
    """Tell whether a silence is an acknowledgement of this alert that was made through us."""
    return silence.comment.endswith(MARK) and tuple(sorted(silence.matchers)) == _matchers(alert)


def silence_for(alert: Alert, said: Acknowledgement, now: float, before: Silence | None = None) -> Silence:
    """Write the silence that acknowledges an alert.

    Args:
        alert: the alert.
        said: who acknowledges it, why, and until when.
        now: wall-clock seconds since the epoch.
        before: the one that it takes the place of; with the same start, Alertmanager changes that one.
    """
    return Silence(
        silence_id=before.silence_id if before else "",
        matchers=before.matchers if before else _matchers(alert),
        starts_at=before.starts_at if before else now - _CLOCK_SKEW,
        ends_at=said.ends_at,
        author=said.author,
        comment=said.reason + MARK,
    )


def severity_rank(severity: str | None) -> int | None:
    """Answer how bad a severity is, as a figure to sort by; None where it is none of those that we use."""
    word = (severity or "").casefold()
    return _SEVERITIES.index(word) if word in _SEVERITIES else None


class _Index:
    """Silences, so that those of an alert are found without looking at each."""

    def __init__(self, silences: Iterable[Silence]) -> None:
        self._by_id: dict[str, Silence] = {}
        self._marked: dict[tuple[Matcher, ...], list[Silence]] = {}
        for silence in silences:
            self._by_id[silence.silence_id] = silence
            if silence.comment.endswith(MARK):
                self._marked.setdefault(tuple(sorted(silence.matchers)), []).append(silence)

    def of(self, alert: Alert) -> list[Silence]:
        """Those of an alert, ours first."""
        ours = {each.silence_id: each for each in self._marked.get(_matchers(alert), ())}
        named = (self._by_id.get(each) for each in alert.silenced_by if each not in ours)
        others = [each for each in named if each is not None]
        return [*_longest_first(ours.values()), *_longest_first(others)]


def _longest_first(silences: Iterable[Silence]) -> list[Silence]:
    return sorted(silences, key=lambda each: (-each.ends_at, each.silence_id))


def _matchers(alert: Alert) -> tuple[Matcher, ...]:
    return tuple(Matcher(name, value) for name, value in sorted(alert.labels.items()))


def _meets(value: str | None, test: NameTest | None) -> bool:
    return test is None or (value is not None and test(value))
