"""The whole page as it was reviewed last, and what promtool says of it.

``make golden`` writes both files anew: read the diff before you commit it.
"""

import os
import platform
import shutil
import subprocess
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from streamgauge.metrics import exporter
from tests.metrics.readings import parsed
from tests.metrics.whole_page import whole_page

GOLDEN = Path(__file__).parent / "golden"
PAGE = GOLDEN / "exposition.txt"
COMPLAINTS = GOLDEN / "promtool_complaints.txt"


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> str:
    """The page of the hand-made readings without the process's own families, whatever our version and Python's."""
    monkeypatch.setattr(exporter, "_process_registry", CollectorRegistry)
    monkeypatch.setattr(exporter, "__version__", "1.2.3")
    monkeypatch.setattr(platform, "python_version", lambda: "3.11.0")
    return whole_page()


@pytest.fixture
def promtool() -> str:
    """The path of promtool; where CI cannot find it, that is a failure."""
    found = shutil.which("promtool")
    if found is None:
        reason = "promtool is not on the PATH (Debian: apt install prometheus)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def test_the_page_is_the_golden_one(page: str, *, update_golden: bool) -> None:
    """The page of the hand-made readings is the committed one, to the last character."""
    if update_golden:
        GOLDEN.mkdir(exist_ok=True)
        PAGE.write_text(page, encoding="utf-8")

    assert page == PAGE.read_text(encoding="utf-8")


def test_the_golden_page_can_be_parsed() -> None:
    """The committed page is well-formed and holds every series once."""
    assert len(parsed(PAGE.read_text(encoding="utf-8"))) > 100


def test_promtool_complains_of_nothing_but_what_is_known(page: str, promtool: str) -> None:
    """`promtool check metrics` says what the committed list says, where each complaint stands with its reason."""
    checked = subprocess.run(
        [promtool, "check", "metrics"], input=page, capture_output=True, text=True, check=False, timeout=60
    )
    complaints = set((checked.stdout + checked.stderr).splitlines())  # some come once a series

    assert sorted(complaints) == sorted(known_complaints())


def test_every_known_complaint_has_a_reason() -> None:
    """In the committed list, a comment stands before each complaint."""
    blocks = COMPLAINTS.read_text(encoding="utf-8").strip().split("\n\n")

    for block in blocks:
        *reasons, complaint = block.splitlines()
        assert reasons
        assert all(reason.startswith("# ") for reason in reasons)
        assert not complaint.startswith("#")


def known_complaints() -> list[str]:
    """The committed complaints without their reasons."""
    lines = COMPLAINTS.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]
