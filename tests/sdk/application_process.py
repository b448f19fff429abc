"""A program for tests: a fresh application in this process, which hands its snapshots to a list; and real processes."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from streamgauge_sdk import _program
from streamgauge_sdk._settings import Settings

SDK = Path(__file__).parents[2] / "exporter" / "sdk"


@dataclass
class Client:
    """Stands for `_client`: what the application asks of the SDK's core."""

    settings_now: Settings = field(default_factory=lambda: Settings(application_interval=0.02))
    events: list[dict[str, Any]] = field(default_factory=list)
    exits: list[Callable[[], None]] = field(default_factory=list)
    forks: list[Callable[[], None]] = field(default_factory=list)

    def settings(self) -> Settings:
        """The settings in force."""
        return self.settings_now

    def transport(self) -> "Client":
        """What carries events."""
        return self

    def put(self, event: dict[str, Any]) -> bool:
        """Take an event."""
        self.events.append(json.loads(json.dumps(event, allow_nan=False)))
        return True

    def flush(self, timeout: float) -> bool:
        """Nothing waits."""
        return timeout >= 0

    def hook(self) -> None:
        """Nothing to hook."""

    def before_exit(self, call: Callable[[], None]) -> None:
        """Remember what is to be called."""
        self.exits.append(call)

    def after_fork(self, call: Callable[[], None]) -> None:
        """Remember what is to be called."""
        self.forks.append(call)


@contextmanager
def fresh_program(monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """Make this process a program that has told nothing so far."""
    client, program = Client(), _program._PROGRAM
    monkeypatch.setattr(_program, "_client", client)
    for name, value in vars(_program.Program()).items():  # decorated functions hold on to the program itself
        monkeypatch.setattr(program, name, value)
    monkeypatch.delenv("STREAMGAUGE_APPLICATION", raising=False)
    yield client
    program.stop_serving()
    if program.running is not None:
        program.running.reporter.close()
    for thread in threading.enumerate():
        if thread.name == "streamgauge-application":  # else it might push to the next test's client
            thread.join(10)


def run_python(
    *arguments: str, directory: Path, url: str = "http://127.0.0.1:1", **more: str
) -> "subprocess.CompletedProcess[str]":
    """Run a program that uses the SDK to its end, without this process's settings."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("STREAMGAUGE_")}
    settings = {"STREAMGAUGE_URL": url, "XDG_STATE_HOME": str(directory), "PYTHONPATH": str(SDK), "no_proxy": "*"}
    return subprocess.run(
        [sys.executable, *arguments],
        env=environment | settings | more,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
