"""A real Alertmanager for tests, as a process, and a Slack on the loopback interface that keeps what it is told."""

import json
import os
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests

from tests.services.process import ServiceMissingError, ServiceProcess, free_ports

BINARY_VARIABLE = "ALERTMANAGER"
NAMES = ("prometheus-alertmanager", "alertmanager")  # Debian's name, and its own
START_DEADLINE = 30.0
CALL_DEADLINE = 10.0
EXTERNAL_URL = "http://alertmanager.example:9093"
"""What links in messages begin with: no port of this run, so that messages can be compared with files."""

Json = dict[str, Any]

StartAlertmanager = Callable[[Path], "Alertmanager"]
"""What the fixture `alertmanager_server` gives: starts one with the configuration file at a path."""


def alertmanager_binary() -> str:
    """The program's path.

    Raises:
        ServiceMissingError: when it is not on PATH.
    """
    wanted = [os.environ[BINARY_VARIABLE]] if os.environ.get(BINARY_VARIABLE) else list(NAMES)
    found = next(filter(None, map(shutil.which, wanted)), None)
    if found is None:
        raise ServiceMissingError(f"{' or '.join(wanted)} is not on PATH (${BINARY_VARIABLE} names another)")
    return found


class Alertmanager:
    """An Alertmanager on a free port of the loopback interface; use it in a `with` statement.

    Args:
        folder: where its data and log go.
        config_file: its configuration.
        start_script: a program that starts it and is given the rest of its arguments; the program itself, without one.
        environment: what the start script needs.
    """

    def __init__(
        self,
        folder: Path,
        config_file: Path,
        *,
        start_script: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        (port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{port}"
        set_up = {"ALERTMANAGER": alertmanager_binary(), **(environment or {})}
        begin = (
            [alertmanager_binary(), f"--config.file={config_file}"]
            if start_script is None
            else ["env", *(f"{name}={value}" for name, value in set_up.items()), "sh", str(start_script)]
        )
        command = [
            *begin,
            f"--storage.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
            f"--web.external-url={EXTERNAL_URL}",
            "--web.route-prefix=/",
            "--cluster.listen-address=",
        ]
        self._folder = folder
        self._process = ServiceProcess("Alertmanager", command, log=folder / "alertmanager.log")

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()

    def start(self) -> None:
        """Start it (again), and return when it is ready; alerts are lost, silences are not."""
        self._process.start()
        try:
            self._process.wait_until_ready(self._ready, deadline=START_DEADLINE)
        except BaseException:
            self._process.kill()
            raise

    def stop(self) -> None:
        """End it as its operator would."""
        self._process.stop()

    def pause(self) -> None:
        """Let it hang: it takes connections, and answers nothing."""
        self._process.pause()

    def resume(self) -> None:
        """Let it go on."""
        self._process.resume()

    @property
    def log(self) -> str:
        """Everything that it has logged."""
        return self._process.log.read_text()

    def post(self, alerts: Sequence[Mapping[str, Any]]) -> None:
        """Send alerts as Prometheus does: labels, annotations, startsAt, endsAt, generatorURL."""
        requests.post(f"{self.url}/api/v2/alerts", json=list(alerts), timeout=CALL_DEADLINE).raise_for_status()

    def alerts(self) -> list[Json]:
        """Every alert that it knows, silenced and inhibited ones too."""
        answer = requests.get(f"{self.url}/api/v2/alerts", timeout=CALL_DEADLINE)
        answer.raise_for_status()
        found: list[Json] = answer.json()
        return found

    def _ready(self) -> bool:
        try:
            return requests.get(f"{self.url}/-/ready", timeout=CALL_DEADLINE).ok
        except requests.ConnectionError:
            return False


class FakeSlack:
    """What a Slack webhook is, on the loopback interface: it answers ``ok`` and keeps every message."""

    def __init__(self) -> None:
        self._messages: list[Json] = []
        kept = self._messages

        class Webhook(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                kept.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                with suppress(ConnectionError):  # who asked has ended
                    self.send_response(200)
                    self.end_headers()
                    self.wfile.write(b"ok")

            def log_message(self, *_: object) -> None:
                """Print nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Webhook)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """Its address, as Slack would give it."""
        return f"http://127.0.0.1:{self._server.server_port}/services/T0/B0/secret"

    @property
    def messages(self) -> list[Json]:
        """What it was told, in order."""
        return list(self._messages)
