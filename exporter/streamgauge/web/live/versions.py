"""A topic's items over time: each version knows what has changed since the ones before it.

Versions are values that nobody changes, so threads may make the next one and messages of this one without a lock.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain

Item = Mapping[str, object]
"""One thing of a topic, as it is sent; whoever made it changes it no more."""

MOST_CHANGES = 1200
MOST_BYTES = 8 * 1024 * 1024

_POINTER_BYTES = 8

encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
"""JSON in ASCII: any name can be sent, whatever is in it."""


@dataclass(frozen=True, slots=True)
class Ring:
    """How much is remembered of what has changed.

    Attributes:
        changes: the most versions that a client may be behind and still get a change.
        size: the most bytes that the keys of these changes take.
    """

    changes: int = MOST_CHANGES
    size: int = MOST_BYTES


@dataclass(frozen=True, slots=True)
class Change:
    """The keys whose items came, changed or went with one version.

    Attributes:
        keys: the keys.
        size: bytes that they take, at most: those that are still there are shared.
    """

    keys: tuple[str, ...]
    size: int


@dataclass(frozen=True, slots=True)
class Difference:
    """What a client needs to be at a version.

    Attributes:
        whole: everything, rather than what has changed.
        changed: whole items as JSON, each with its key in front.
        removed: keys that are there no more.
    """

    whole: bool
    changed: tuple[str, ...]
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Version:
    """A topic's items at one moment.

    Attributes:
        sequence: counts up with each version.
        time: when it was made, in seconds since the epoch.
        items: the items by key.
        texts: the same as JSON, each with its key in front.
        changes: what came with the last versions, the oldest first, this one last.
        ring: the bounds of ``changes``.
    """

    sequence: int = 0
    time: float = 0.0
    items: Mapping[str, Item] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    changes: tuple[Change, ...] = ()
    ring: Ring = field(default_factory=Ring)

    @property
    def oldest(self) -> int:
        """The oldest version from which a change leads here."""
        return self.sequence - len(self.changes)

    def next(self, items: Mapping[str, Item], time: float) -> "Version":
        """The version with these items; this one where nothing has changed."""
        before = self.items
        changed = [key for key, item in items.items() if (known := before.get(key)) is not item and known != item]
        removed = [key for key in before if key not in items]
        if not changed and not removed:
            return self
        texts = dict(self.texts)
        for key in removed:
            del texts[key]
        for key in changed:
            texts[key] = f"{encode(key)}:{encode(items[key])}"
        changes = _bounded((*self.changes, _change((*changed, *removed))), self.ring)
        return Version(self.sequence + 1, time, items, texts, changes, self.ring)

    def since(self, position: int | None) -> Difference:
        """What leads a client from a version that it has (None: it has none) to this one."""
        if position is None or not self.oldest <= position <= self.sequence:
            return Difference(whole=True, changed=tuple(self.texts.values()))
        newer = self.changes[len(self.changes) - (self.sequence - position) :]
        keys = dict.fromkeys(chain.from_iterable(change.keys for change in newer))
        changed = tuple(self.texts[key] for key in keys if key in self.texts)
        return Difference(whole=False, changed=changed, removed=tuple(key for key in keys if key not in self.texts))


def _change(keys: tuple[str, ...]) -> Change:
    return Change(keys, sum(map(len, keys)) + _POINTER_BYTES * len(keys))


def _bounded(changes: tuple[Change, ...], ring: Ring) -> tuple[Change, ...]:
    """The newest of them that fit."""
    first = max(0, len(changes) - ring.changes)
    over = sum(change.size for change in changes[first:]) - ring.size
    while over > 0:
        over -= changes[first].size
        first += 1
    return changes[first:]
