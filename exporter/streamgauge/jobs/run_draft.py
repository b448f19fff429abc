"""One run while events are taken into it, before it is written."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, select

from streamgauge.jobs.notes_and_samples import note_of, sample_of
from streamgauge.jobs.rules import StoreRules
from streamgauge.jobs.run_image import RunImage, with_columns
from streamgauge.jobs.tables import SEEN
from streamgauge.model.jobs.events import RUN, JobEvent, StepKey
from streamgauge.model.jobs.states import StepState, counted_once, merged

T = TypeVar("T")

_ASKED_AT_ONCE = 500


class RunDraft:
    """A run that changes.

    Args:
        image: as it is in the database; of a new run without states.
        new: whether it is new there.
        seen: digests of the events, of those that come now, that it has taken before.
    """

    def __init__(self, image: RunImage, *, new: bool, seen: Iterable[bytes] = ()) -> None:
        self.before = None if new else image
        self.image = image
        self.states = dict(image.states)
        self.fresh: dict[bytes, float] = {}
        self.notes: list[dict[str, Any]] = []
        self.samples: list[dict[str, Any]] = []
        self._seen = set(seen)
        self._heard = image.last_heard

    def knows(self, event: JobEvent) -> bool:
        """Whether an event that is counted once was taken before."""
        return counted_once(event.fact) and digest_of(event) in self._seen

    def take(self, event: JobEvent, now: float, rules: StoreRules) -> tuple[StepState | None, StepState]:
        """Take an event that is new; the state of its step before it and with it."""
        before = self.states.get(event.step)
        changed = merged(self.states, event)
        self.states.update({key: state for key, state in changed.items() if self.states.get(key) != state})
        self._heard = max(self._heard, now)
        if counted_once(event.fact):
            digest = digest_of(event)
            self._seen.add(digest)
            self.fresh[digest] = event.time
        note = note_of(event, self.image.id, self.image.job_id)
        if note is not None and self.image.notes_kept + len(self.notes) < rules.notes:
            self.notes.append(note)
        sample = sample_of(event, self.image.id)
        if sample is not None and self.image.samples_kept + len(self.samples) < rules.samples:
            self.samples.append(sample)
        return before, self.states[event.step]

    def done(self) -> RunImage:
        """The run with all of that."""
        image = replace(
            self.image,
            last_heard=self._heard,
            notes_kept=self.image.notes_kept + len(self.notes),
            samples_kept=self.image.samples_kept + len(self.samples),
            states=self.states,
        )
        if self.before is not None and not self._changed():
            return image
        return with_columns(image)

    def _changed(self) -> bool:
        old = self.image.states
        return len(old) != len(self.states) or any(old.get(key) is not state for key, state in self.states.items())


def has_room(states: Mapping[StepKey, StepState], step: StepKey, most: int) -> bool:
    """Whether a step may come to those of a run, or is there already."""
    new = sum(key not in states and key != RUN for key in {step, step.parent})
    return not new or len(states.keys() - {RUN}) + new <= most


def digest_of(event: JobEvent) -> bytes:
    """What stands for an event's id: as good as the id, and short."""
    return blake2b(event.id.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def seen_of(connection: Connection, run_id: int, events: Sequence[JobEvent]) -> set[bytes]:
    """Which of these events a run has taken before, by their digests."""
    asked = iter([digest_of(event) for event in events if counted_once(event.fact)])
    found: set[bytes] = set()
    for digests in _parts(asked, _ASKED_AT_ONCE):
        those = select(SEEN.c.digest).where(SEEN.c.run_id == run_id, SEEN.c.digest.in_(digests))
        found.update(bytes(digest) for digest in connection.scalars(those))
    return found


def _parts(items: Iterator[T], size: int) -> Iterator[list[T]]:
    while part := list(islice(items, size)):
        yield part
