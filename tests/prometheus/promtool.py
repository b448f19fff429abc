"""Prometheus' own checks, run as its users run them."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest


def promtool(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    """Run promtool; where it is missing the test is skipped, or fails with `CI=true`."""
    program = shutil.which("promtool")
    if program is None:
        reason = "promtool is not on PATH; run `make services`"
        if os.environ.get("CI") == "true":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    return subprocess.run([program, *arguments], capture_output=True, text=True, timeout=300, check=False)
