"""Runs the exporter as its users do, as a process with a command line, and reads what it serves."""

import os
import re
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.services.polling import eventually
from tests.services.process import ServiceFailedError, ServiceProcess

CALL_DEADLINE = 10.0
START_DEADLINE = 20.0

Labels = frozenset[tuple[str, str]]


class Page:
    """One scrape, parsed: values by name and labels."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._samples: dict[str, dict[Labels, float]] = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                self._samples.setdefault(sample.name, {})[frozenset(sample.labels.items())] = sample.value

    def value(self, name: str, **labels: str) -> float | None:
        """The one series that has these labels (and maybe others); None when it is absent."""
        found = self.values(name, **labels)
        assert len(found) <= 1, f"{name}{labels} is {len(found)} series"
        return found[0] if found else None

    def values(self, name: str, **labels: str) -> list[float]:
        """Every series of this name that has these labels."""
        wanted = labels.items()
        return [value for labelled, value in self._samples.get(name, {}).items() if wanted <= dict(labelled).items()]

    def series(self, name: str) -> Mapping[Labels, float]:
        """Every series of this name, by its labels."""
        return self._samples.get(name, {})

    def names(self) -> set[str]:
        """The names of all samples."""
        return set(self._samples)


class Exporter:
    """``streamgauge serve`` on a free port of the loopback interface; use it in a `with` statement.

    Args:
        folder: where its configuration and log go.
        arguments: its command line after ``serve``, without ``--listen``; its state is in the folder unless they say.
        config: what stands in its configuration file, if it has one.
    """

    def __init__(self, folder: Path, arguments: Sequence[str] = (), config: Mapping[str, Any] | None = None) -> None:
        self._log = folder / "streamgauge.log"
        self._config = config
        self._config_file = folder / "streamgauge.yml"
        file_arguments = [] if config is None else ["--config.file", str(self._config_file)]
        own = ["--listen", "127.0.0.1:0", "--state.dir", str(folder / "state")]
        command = [sys.executable, "-m", "streamgauge", "serve", *own, *file_arguments, *arguments]
        self._process = ServiceProcess("Streamgauge", command, log=self._log)
        self.url = ""

    def __enter__(self) -> Self:
        self._log.parent.mkdir(parents=True, exist_ok=True)
        if self._config is not None:
            self.configure(self._config)
        self._process.start()
        try:
            self._process.wait_until_ready(self._listens, deadline=START_DEADLINE)
        except ServiceFailedError:
            self._process.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.stop()

    @property
    def log(self) -> str:
        """Everything that it has logged."""
        return self._log.read_text()

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it lives."""
        return self._process.running

    @property
    def exit_code(self) -> int | None:
        """How it ended; None while it lives."""
        return self._process.exit_code

    def terminate(self) -> None:
        """Send SIGTERM and return at once."""
        self._process.terminate()

    def kill(self) -> None:
        """End it as a crash would (SIGKILL)."""
        self._process.kill()

    def configure(self, config: Mapping[str, Any]) -> None:
        """Write its configuration file, which it reads at the start and when it reloads."""
        self._config_file.write_text(yaml.safe_dump(dict(config)))

    def hang_up(self) -> None:
        """Send SIGHUP and return at once."""
        os.kill(self.pid, signal.SIGHUP)

    def reload(self, config: Mapping[str, Any] | None = None) -> Page:
        """Reload by SIGHUP, with another configuration where one is given; the first scrape after its success."""
        name = "streamgauge_config_last_reload_success_timestamp_seconds"
        before = self.scrape().value(name)
        if config is not None:
            self.configure(config)
        self.hang_up()

        def reloaded() -> Page:
            page = self.scrape()
            assert page.value(name) != before, f"has not reloaded; its log ends with {self.log[-500:]}"
            return page

        return eventually(reloaded, every=0.02)

    def get(self, path: str, **options: Any) -> requests.Response:
        """Ask for a page."""
        return requests.get(f"{self.url}{path}", timeout=CALL_DEADLINE, **options)

    def scrape(self) -> Page:
        """What `/metrics` serves now."""
        answer = self.get("metrics")
        answer.raise_for_status()
        return Page(answer.text)

    def eventually(self, name: str, expected: float | None, *, deadline: float = 15.0, **labels: str) -> Page:
        """Scrape until a series has the expected value (None: is absent), and return that scrape."""

        def as_expected() -> Page:
            page = self.scrape()
            value = page.value(name, **labels)
            assert value == expected, f"{name}{labels} is {value}, not {expected}"
            return page

        return eventually(as_expected, deadline=deadline)

    def _listens(self) -> bool:
        listening = re.search(r"listening on (http://\S+/)", self.log)
        if listening:
            self.url = listening[1]
        return listening is not None
