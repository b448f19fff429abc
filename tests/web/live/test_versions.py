"""A topic's versions: whatever a client missed, what leads it to the newest leaves it with exactly the items."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from streamgauge.web.live import protocol
from streamgauge.web.live.versions import Item, Ring, Version

KEYS = st.sampled_from(["a", "b", "c/d", 'quote"', "ü", "\ud800"])
ITEMS = st.dictionaries(KEYS, st.fixed_dictionaries({"lag": st.none() | st.integers(0, 3)}))


@dataclass
class Client:
    """What a client makes of the messages that it gets."""

    position: int | None = None
    items: dict[str, Any] = field(default_factory=dict)

    def take(self, version: Version) -> dict[str, Any]:
        """Get to a version by one message."""
        text = protocol.update("groups", version.sequence, version.time, version.since(self.position))
        message: dict[str, Any] = json.loads(text)
        if message["type"] == "snapshot":
            self.items = dict(message["items"])
        else:
            self.items.update(message["changed"])
            for key in message["removed"]:
                self.items.pop(key, None)
        self.position = message["sequence"]
        return message


class Clients(RuleBasedStateMachine):
    """Clients that come late, rest, lose their connection, and lie about where they were."""

    def __init__(self) -> None:
        super().__init__()
        self.items: Mapping[str, Item] = {}
        self.version = Version()
        self.clients = [Client(), Client(), Client()]

    @initialize(changes=st.integers(0, 4), size=st.sampled_from([0, 40, 10_000]))
    def start(self, changes: int, size: int) -> None:
        """With a ring that is smaller or larger than what clients miss."""
        self.version = Version(ring=Ring(changes, size))

    @rule(items=ITEMS)
    def publish(self, items: Mapping[str, Item]) -> None:
        """The sequence counts up by one when something has changed, and else stays."""
        before = self.version
        self.version = before.next(items, before.time + 1)
        assert self.version.sequence == before.sequence + (items != self.items)
        self.items = items

    @rule(number=st.integers(0, 2))
    def take(self, number: int) -> None:
        """After one message, of whatever kind, the client has exactly the items."""
        client = self.clients[number]
        client.take(self.version)
        assert client.items == self.items
        assert client.position == self.version.sequence

    @rule(number=st.integers(0, 2))
    def forget(self, number: int) -> None:
        """A client that starts anew gets a snapshot."""
        self.clients[number] = Client()
        assert self.clients[number].take(self.version)["type"] == "snapshot"
        assert self.clients[number].items == self.items

    @rule(number=st.integers(0, 2), ahead=st.integers(1, 100))
    def lie(self, number: int, ahead: int) -> None:
        """A client that claims to be where nobody was yet gets a snapshot."""
        self.clients[number].position = self.version.sequence + ahead
        assert self.clients[number].take(self.version)["type"] == "snapshot"
        assert self.clients[number].items == self.items

    @invariant()
    def is_bounded(self) -> None:
        """What is remembered fits into the ring."""
        assert len(self.version.changes) <= self.version.ring.changes
        assert sum(change.size for change in self.version.changes) <= self.version.ring.size
        assert len(self.version.texts) == len(self.version.items)


TestClients = Clients.TestCase
TestClients.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def test_changes_are_merged_since_the_clients_last_one() -> None:
    """Each key once, as it is now; what came and went meanwhile is named as removed."""
    first = Version().next({"a": {"lag": 1}, "b": {"lag": 1}}, 10.0)
    last = first.next({"a": {"lag": 2}, "c": {"lag": 1}}, 11.0).next({"a": {"lag": 3}}, 12.0)

    message = json.loads(protocol.update("groups", last.sequence, last.time, last.since(first.sequence)))

    assert message["sequence"] == 3
    assert message["time"] == 12.0
    assert message["changed"] == {"a": {"lag": 3}}
    assert sorted(message["removed"]) == ["b", "c"]


def test_versions_older_than_the_ring_lead_to_a_snapshot() -> None:
    """The oldest that is remembered still gets a change."""
    version = Version(ring=Ring(changes=2))
    for lag in range(5):
        version = version.next({"a": {"lag": lag}}, float(lag))

    assert not version.since(3).whole
    assert version.since(2).whole


def test_an_item_that_is_no_json_is_refused() -> None:
    """Browsers cannot read NaN; the feed has a fault, and nothing of it is sent."""
    with pytest.raises(ValueError, match="not JSON compliant"):
        Version().next({"a": {"lag": float("nan")}}, 1.0)
