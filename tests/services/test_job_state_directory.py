"""Where the exporter keeps runs when its state directory is taken or broken: never where they would be lost."""

from pathlib import Path

import pytest
import requests

from tests.services.exporter import Exporter
from tests.services.polling import eventually

pytestmark = pytest.mark.service

HANDOVER_DEADLINE = 30.0


def report(exporter: Exporter, event: str) -> requests.Response:
    """Post one warning of a run."""
    told = {"id": event, "type": "warning", "job": "nightly", "run": "r1", "message": event}
    return requests.post(f"{exporter.url}api/v1/events", json={"events": [told]}, timeout=20)


def accepted(exporter: Exporter, event: str) -> bool:
    """Whether it is taken."""
    return report(exporter, event).status_code == 200


def kept(exporter: Exporter) -> int:
    """How many of the warnings are there."""
    total: int = exporter.get("api/v1/jobs/nightly/warnings").json()["total"]
    return total


def test_a_second_exporter_refuses_events_until_the_first_has_ended(tmp_path: Path) -> None:
    """As a rolling update has it: what it took into a file of its own would be gone at its end."""
    shared = ["--state.dir", str(tmp_path / "state")]
    with Exporter(tmp_path / "first", shared) as first:
        assert eventually(lambda: accepted(first, "one"))
        with Exporter(tmp_path / "second", shared) as second:
            refused = report(second, "two")
            assert (refused.status_code, "Retry-After" in refused.headers) == (503, True)
            first.terminate()
            assert eventually(lambda: accepted(second, "two"), deadline=HANDOVER_DEADLINE)
            assert kept(second) == 2


def test_a_directory_that_saves_no_histories_keeps_runs_all_the_same(tmp_path: Path) -> None:
    """Its lock cannot be made: that is no reason to answer events that the end of the process loses."""
    (tmp_path / "state" / "lock").mkdir(parents=True)
    shared = ["--state.dir", str(tmp_path / "state")]
    with Exporter(tmp_path / "before", shared) as exporter:
        assert eventually(lambda: accepted(exporter, "one"))
    with Exporter(tmp_path / "after", shared) as exporter:
        assert eventually(lambda: accepted(exporter, "two"))
        assert kept(exporter) == 2


def test_without_a_directory_that_can_be_made_the_log_warns(tmp_path: Path) -> None:
    """Runs are kept while the process lives, and no longer."""
    (tmp_path / "file").write_text("")
    with Exporter(tmp_path, ["--state.dir", str(tmp_path / "file" / "state")]) as exporter:
        assert eventually(lambda: accepted(exporter, "one"))
        warnings = [line for line in exporter.log.splitlines() if "level=warning" in line]
        assert any("temporary file" in line for line in warnings)
