"""Snapshots on their way: the newest alone matters, so that older ones neither wait nor are written to disk."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from streamgauge_sdk._delivery import Delivery
from streamgauge_sdk._http import Answer, Verdict
from streamgauge_sdk._queue import EventQueue, Line, weight_of
from streamgauge_sdk._settings import Settings
from streamgauge_sdk._stats import Tally


@dataclass
class Exporter:
    """Takes batches, or is away."""

    away: bool = False
    took: list[Any] = field(default_factory=list)
    tried: int = 0

    def post(self, body: bytes) -> Answer:
        """Take a batch."""
        self.tried += 1
        if self.away:
            return Answer(Verdict.AWAY, "ConnectionRefusedError", unreachable=True)
        self.took += [event["sequence"] for event in json.loads(body)["events"]]
        return Answer(Verdict.TAKEN)

    def close(self) -> None:
        """Nothing to close."""

    def abandon(self) -> None:
        """Nothing to let go."""


class Way:
    """A queue, a delivery and an exporter."""

    def __init__(self, spool: Path | None) -> None:
        self.exporter = Exporter()
        self.queue = EventQueue(100, 1_000_000)
        self.tally = Tally()
        self.delivery = Delivery(
            Settings(spool=spool, retry=1e-6, retry_limit=1e-6), self.queue, self.exporter, self.tally
        )

    def put(self, kind: str, sequence: int) -> None:
        """Have an event waiting."""
        body = json.dumps({"id": f"{sequence}", "type": kind, "sequence": sequence}).encode()
        assert self.queue.put(Line(body, weight_of(kind))) == (True, [])


def _on_disk(spool: Path) -> bytes:
    return b"".join(path.read_bytes() for path in spool.rglob("*") if path.is_file())


def test_a_newer_snapshot_takes_the_place_of_an_older_one_that_waits() -> None:
    """Other events stay in their order; nothing counts as dropped."""
    way = Way(None)
    for sequence, kind in enumerate(["application", "warning", "application", "start", "application"]):
        way.put(kind, sequence)
    way.delivery.step()
    assert way.exporter.took == [1, 3, 4]
    assert (way.tally.stats.sent, way.tally.stats.dropped) == (3, 0)


def test_while_the_exporter_is_away_only_the_newest_is_kept(tmp_path: Path) -> None:
    """Jobs' events go to disk, snapshots never; the newest is tried again until the exporter is back."""
    way = Way(tmp_path)
    way.exporter.away = True
    for sequence in range(6):
        way.put("warning" if sequence % 2 else "application", sequence)
        way.delivery.step()
        way.delivery.spill()
    assert way.exporter.tried == 6
    assert b'"warning"' in _on_disk(tmp_path)
    assert b'"application"' not in _on_disk(tmp_path)
    way.exporter.away = False
    while way.delivery.has_own:
        way.delivery.step()
    assert sorted(way.exporter.took) == [1, 3, 4, 5]
    assert way.tally.stats.dropped == 0


def test_without_a_spool_it_is_the_same() -> None:
    """Failed tries do not heap up snapshots in memory."""
    way = Way(None)
    way.exporter.away = True
    for sequence in range(6):
        way.put("application", sequence)
        way.delivery.step()
    way.exporter.away = False
    way.delivery.step()
    assert way.exporter.took == [5]
    assert not way.delivery.has_own


def test_the_last_snapshot_of_a_process_is_not_written_to_disk(tmp_path: Path) -> None:
    """Read back later it would tell of a process that is gone; it is counted as dropped. How a job ended is kept."""
    way = Way(tmp_path)
    way.put("application", 1)
    way.put("complete", 2)
    way.delivery.close()
    assert b'"complete"' in _on_disk(tmp_path)
    assert b'"application"' not in _on_disk(tmp_path)
    assert way.tally.stats.dropped == 1


def test_a_snapshot_alone_holds_up_no_exit(tmp_path: Path) -> None:
    """What waits for the disk is written; a snapshot does not belong there, and is not waited for."""
    way = Way(tmp_path)
    way.exporter.away = True
    way.put("application", 1)
    way.put("complete", 2)
    way.delivery.step()
    assert not way.delivery.has_unwritten
    assert way.delivery.has_own
