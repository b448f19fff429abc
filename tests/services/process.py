"""Runs a real service as a process of its own: start, probe, pause, kill, and none left behind.

Owns processes, their logs and their ports; knows no service.
"""

import os
import random
import signal
import socket
import subprocess
import textwrap
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from tests.services.polling import eventually

# Below the ports that the system hands to outgoing connections. Were a stopped broker's port among those, a client that
# keeps trying to reach it would one day be given that port for its own end, and be connected to itself.
PORTS = range(20_000, 32_000)


class ServiceMissingError(Exception):
    """A service cannot be had on this machine: its packages are not there."""


class ServiceFailedError(Exception):
    """A service did not start, or stopped when it should not; the message ends with its log."""


def free_ports(count: int) -> list[int]:
    """So many ports of the loopback interface that nothing listens on."""
    found: list[int] = []
    with ExitStack() as held:
        for port in random.sample(PORTS, len(PORTS)):
            if len(found) == count:
                break
            try:
                held.enter_context(socket.create_server(("127.0.0.1", port)))
            except OSError:
                continue
            found.append(port)
    return found


class ServiceProcess:
    """One process of a service, in a session of its own so that a Ctrl-C in the terminal does not reach it first.

    However the tests end, by SIGKILL included, the process ends with them: a small shell beside it waits for the pipe
    to the tests to close, and kills it then.

    Args:
        name: what errors call it.
        command: the program and its arguments.
        log: where its output goes.
        folder: where it runs; where the tests do, when it is not given.
    """

    def __init__(self, name: str, command: Sequence[str], *, log: Path, folder: Path | None = None) -> None:
        self.name = name
        self.command = tuple(command)
        self.log = log
        self.folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process's id.

        Raises:
            ServiceFailedError: when it does not run.
        """
        if self._process is None or self._process.poll() is not None:
            raise ServiceFailedError(f"{self.name} does not run{self._ended_with()}")
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """How it ended; None while it lives or before it was started."""
        return None if self._process is None else self._process.poll()

    @property
    def running(self) -> bool:
        """Whether the process lives; a paused one does."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the process; its output is appended to the log."""
        self.kill()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                self.command,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._guard = subprocess.Popen(
            ["sh", "-c", 'read -r _ || kill -s KILL -- "-$1"', "guard", str(self._process.pid)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def wait_until_ready(self, probe: Callable[[], bool], *, deadline: float) -> None:
        """Probe ten times a second until the service answers.

        Raises:
            ServiceFailedError: when the process ends, or the deadline passes.
        """

        def ready() -> bool:
            if not self.running:
                raise ServiceFailedError(f"{self.name} ended while it started{self._ended_with()}")
            return probe()

        try:
            eventually(ready, deadline=deadline)
        except AssertionError as late:
            raise ServiceFailedError(f"{self.name} was not ready within {deadline:g} s{self._ended_with()}") from late

    def stop(self, *, grace: float = 20.0) -> None:
        """End the process in its own way (SIGTERM), and the hard way when that takes longer than `grace` seconds."""
        if self._process is not None:
            self._signal_if_running(signal.SIGTERM)
            # A paused process takes note of the first signal only when it goes on.
            self._signal_if_running(signal.SIGCONT)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=grace)
        self.kill()

    def terminate(self) -> None:
        """Ask the process to end (SIGTERM), and return at once."""
        self._signal_if_running(signal.SIGTERM)

    def kill(self) -> None:
        """End the process as a crash would (SIGKILL), paused or not; nothing happens when it has ended already."""
        if self._process is not None:
            self._signal_if_running(signal.SIGKILL)
            self._process.wait()
        if self._guard is not None:
            # Told, not killed: a line is the guard's sign that nothing is left to do.
            self._guard.communicate(b"done\n")
            self._guard = None

    def pause(self) -> None:
        """Freeze the process (SIGSTOP): its connections stay open and nothing answers."""
        os.killpg(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused process go on (SIGCONT)."""
        os.killpg(self.pid, signal.SIGCONT)

    def log_tail(self, lines: int = 25) -> str:
        """The last lines of the log."""
        if not self.log.is_file():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def _signal_if_running(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    def _ended_with(self) -> str:
        code = self._process.poll() if self._process is not None else None
        end = "" if code is None else f" (exit code {code})"
        return f"{end}; the end of {self.log}:\n{textwrap.indent(self.log_tail(), '    ')}"
