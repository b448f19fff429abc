"""The strip at the top: how the reading of each cluster goes."""

from dataclasses import dataclass

from streamgauge.model.source_status import SourceStatus
from streamgauge.web.pages import wording
from streamgauge.web.pages.state import row_key
from streamgauge.web.pages.wording import Text


@dataclass(frozen=True, slots=True)
class SourceCard:
    """How the reading of a cluster goes; ``age`` is seconds since the last good reading."""

    key: str
    cluster: str
    source: str
    target: str
    health: Text
    age: float | None
    cycle: str
    error: str | None


def source_card(status: SourceStatus, now: float) -> SourceCard:
    """The card of a source at an instant."""
    return SourceCard(
        key=row_key("source", status.source, status.cluster),
        cluster=wording.shown(status.cluster),
        source=status.source,
        target=status.target,
        health=_health(status),
        age=None if status.last_success is None else max(0.0, now - status.last_success),
        cycle=_cycle(status),
        error=None if status.up else status.last_error,
    )


def _cycle(status: SourceStatus) -> str:
    every = f"every {status.interval:g} s"
    return every if status.last_duration is None else f"took {wording.duration(status.last_duration)}, {every}"


def _health(status: SourceStatus) -> Text:
    if status.up is None:
        return Text("Waiting", "its first cycle has not finished", "busy")
    if status.up and not status.stale:
        return Text("Up", "the last cycle brought a reading", "good")
    if status.up:
        return Text("Overdue", "the last cycle brought a reading, but the next has not come in time", "busy")
    if status.stale:
        return Text("Down", "the last cycle failed; its last good reading is still shown", "bad")
    return Text("Down", "the last cycle failed", "bad")
