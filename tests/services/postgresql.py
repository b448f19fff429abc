"""A real PostgreSQL for tests, as a process; it never runs as root, so a test that does runs it as somebody else."""

import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from tests.services.process import ServiceFailedError, ServiceMissingError, ServiceProcess, free_ports

ADDRESS_VARIABLE = "STREAMGAUGE_TEST_POSTGRESQL"
START_DEADLINE = 60.0
STOP_DEADLINE = 60.0

_DEBIAN = Path("/usr/lib/postgresql")
_NOT_ROOT = ("postgres", "nobody")
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "shared_buffers": "16MB",
    "max_connections": "40",
    "log_min_messages": "warning",
}


class PostgreSQL:
    """Databases of the tests' own on a server that is there: each with a name that no other has."""

    def __init__(self, url: str) -> None:
        self.url = url

    def create_database(self) -> str:
        """Create a database, and return its URL."""
        name = f"streamgauge_{uuid.uuid4().hex[:12]}"
        self.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return urlunsplit(urlsplit(self.url)._replace(path=f"/{name}"))

    def execute(self, statement: sql.SQL | sql.Composed) -> None:
        """Run a statement outside of the tests' databases."""
        with psycopg.connect(self.url, autocommit=True, connect_timeout=10) as connection:
            connection.execute(statement)

    def answers(self) -> bool:
        """Whether it can be asked."""
        try:
            self.execute(sql.SQL("SELECT 1"))
        except psycopg.OperationalError:
            return False
        return True


class PostgreSQLServer(PostgreSQL):
    """A server on a free port of the loopback interface; use it in a `with` statement.

    Its data are in a folder of its own, below the system's for temporary files: pytest's belong to whoever runs it.
    """

    def __init__(self) -> None:
        (port,) = free_ports(1)
        super().__init__(f"postgresql://postgres@127.0.0.1:{port}/postgres")
        self._programs = _programs()
        self._folder = Path(tempfile.mkdtemp(prefix="streamgauge-postgresql-"))
        self._settings = {**_SETTINGS, "port": str(port)}
        command = _as_somebody([str(self._programs / "postgres"), "-D", str(self._data)])
        self._process = ServiceProcess("PostgreSQL", command, log=self._folder / "log", folder=self._folder)

    def __enter__(self) -> Self:
        try:
            self._initialize()
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Start it, and wait until it answers.

        Raises:
            ServiceFailedError: when it does not; with the end of its log.
        """
        self._process.start()
        self._process.wait_until_ready(self.answers, deadline=START_DEADLINE)

    def stop(self) -> None:
        """Stop it as a crash would, but with nothing left running."""
        arguments = ["stop", "-D", str(self._data), "-m", "immediate", "-w", "-t", f"{STOP_DEADLINE:.0f}"]
        self._run("pg_ctl", *arguments)
        self._process.kill()

    def close(self) -> None:
        """Stop it, and remove its data."""
        if self._process.running:
            self.stop()
        self._process.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _initialize(self) -> None:
        owner = _somebody()
        if owner is not None:
            os.chown(self._folder, owner.pw_uid, owner.pw_gid)
        self._run("initdb", "-D", str(self._data), "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync")
        with (self._data / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in self._settings.items())

    def _run(self, program: str, *arguments: str) -> None:
        command = _as_somebody([str(self._programs / program), *arguments])
        done = subprocess.run(
            command, cwd=self._folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        if done.returncode != 0:
            raise ServiceFailedError(f"{program} failed with exit code {done.returncode}:\n{done.stdout}")


def postgresql_address() -> str | None:
    """The URL in the environment that stands in for a server of the tests' own; its user may create databases."""
    return os.environ.get(ADDRESS_VARIABLE) or None


def _programs() -> Path:
    """The folder with the server's programs: Debian keeps them off PATH."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(_DEBIAN.glob("*/bin"), key=lambda folder: float(folder.parent.name), reverse=True)
    for folder in folders:
        if all((folder / name).exists() for name in ("initdb", "postgres", "pg_ctl")):
            return folder
    raise ServiceMissingError("PostgreSQL's initdb is neither on PATH nor in /usr/lib/postgresql")


def _somebody() -> pwd.struct_passwd | None:
    """Whom the server runs as where the tests run as root."""
    if os.geteuid() != 0:
        return None
    users = {user.pw_name: user for user in pwd.getpwall()}
    return next(users[name] for name in _NOT_ROOT if name in users)


def _as_somebody(command: Sequence[str]) -> list[str]:
    owner = _somebody()
    if owner is None:
        return list(command)
    return ["setpriv", f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups", *command]
