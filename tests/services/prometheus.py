"""A real Prometheus for tests, as a process: started with a configuration, asked by PromQL."""

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests
import yaml

from tests.services.polling import eventually
from tests.services.process import ServiceMissingError, ServiceProcess, free_ports

BINARY_VARIABLE = "PROMETHEUS"
START_DEADLINE = 30.0
CALL_DEADLINE = 10.0

Result = dict[str, Any]
"""One series of an answer as Prometheus' API gives it: `metric` and `value` (or `values`)."""


StartPrometheus = Callable[[Mapping[str, Any]], "Prometheus"]
"""What the fixture `prometheus_server` gives: starts one with a configuration."""


class Prometheus:
    """A Prometheus on a free port of the loopback interface; use it in a `with` statement.

    Args:
        folder: where its configuration, data and log go.
        config: what stands in `prometheus.yml`; scrapes and evaluations come every second unless it says otherwise.
    """

    def __init__(self, folder: Path, config: Mapping[str, Any]) -> None:
        self.folder = folder
        self.config = {**config, "global": {"scrape_interval": "1s", "evaluation_interval": "1s"} | _global(config)}
        (port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{port}"
        command = [
            _binary(),
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ]
        self._process = ServiceProcess("Prometheus", command, log=folder / "prometheus.log")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Start it and wait until it is ready.

        Raises:
            ServiceFailedError: when it does not start; with the end of its log, which names a wrong configuration.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "prometheus.yml").write_text(yaml.safe_dump(self.config))
        self._process.start()
        try:
            self._process.wait_until_ready(self._ready, deadline=START_DEADLINE)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Stop it and remove its data; the log stays."""
        self._process.kill()
        shutil.rmtree(self.folder / "data", ignore_errors=True)

    @property
    def log(self) -> Path:
        """Its log file."""
        return self._process.log

    def query(self, promql: str) -> Sequence[Result]:
        """The series that an expression gives now.

        Raises:
            ValueError: when Prometheus refuses the expression.
        """
        answer = requests.get(f"{self.url}/api/v1/query", params={"query": promql}, timeout=CALL_DEADLINE).json()
        if answer["status"] != "success":
            raise ValueError(f"{promql}: {answer['error']}")
        result: list[Result] = answer["data"]["result"]
        return result

    def wait_for(
        self, promql: str, predicate: Callable[[Sequence[Result]], object] = bool, *, deadline: float = 20.0
    ) -> Sequence[Result]:
        """Ask until the predicate holds for the answer, and return it; by default until there is a series at all.

        Raises:
            AssertionError: when the deadline has passed; with the last answer.
        """

        def holds() -> Sequence[Sequence[Result]]:
            result = self.query(promql)
            assert predicate(result), f"{promql} gave {result}"
            return [result]

        (result,) = eventually(holds, deadline=deadline, every=0.2)
        return result

    def _ready(self) -> bool:
        try:
            return requests.get(f"{self.url}/-/ready", timeout=CALL_DEADLINE).ok
        except requests.ConnectionError:
            return False


def _global(config: Mapping[str, Any]) -> dict[str, Any]:
    given: dict[str, Any] = config.get("global", {})
    return given


def _binary() -> str:
    wanted = os.environ.get(BINARY_VARIABLE) or "prometheus"
    found = shutil.which(wanted)
    if found is None:
        raise ServiceMissingError(f"{wanted} is not on PATH (${BINARY_VARIABLE} names another)")
    return found
