"""Opens the database: SQLite or PostgreSQL, for one exporter at a time, with its tables as they must be."""

import fcntl
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, make_url, text

from streamgauge.errors import StoreUnavailableError

_FILE = "jobs.sqlite"
_BUSY_MILLISECONDS = 5000
_READERS = 4
_WAIT_FOR_READER_SECONDS = 10.0
# An arbitrary number that stands for "the one exporter"; the lock holds in one database only.
_ADVISORY_LOCK = 7_311_986_204_517_733
_TAKEN_RETRY_SECONDS = 5.0
_NEWER_RETRY_SECONDS = 60.0
_REMOVED_RETRY_SECONDS = 0.5
_POSTGRESQL = {
    "application_name": "streamgauge",
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
    # A server that acknowledges commits before they are on its disk would have us do the same.
    "options": "-c synchronous_commit=on -c statement_timeout=30s -c lock_timeout=10s",
}


class Database:
    """Where runs are kept.

    Args:
        database: a URL; None: a temporary file that goes with the process.
    """

    def __init__(self, database: str | None) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="streamgauge-") if database is None else None
        url = _file_url(Path(self._folder.name) / _FILE) if self._folder else make_url(database or "")
        self._url = url.set(drivername="postgresql+psycopg") if url.drivername == "postgresql" else url
        self._lock: int | None = None
        self._identity: tuple[int, int] | None = None
        self.readers = self._engine(
            "BEGIN", pool_size=_READERS, max_overflow=0, pool_timeout=_WAIT_FOR_READER_SECONDS, pool_pre_ping=True
        )
        self._writer = self._engine("BEGIN IMMEDIATE", poolclass=NullPool)

    @contextmanager
    def writer(self) -> Iterator[Connection]:
        """The connection of the one that writes, with all tables there.

        Raises:
            StoreUnavailableError: when another exporter uses the database, or a newer one has.
        """
        try:
            self._hold_file()
            with self._writer.connect() as connection:
                _hold_database(connection)
                _migrate(connection)
                yield connection
        finally:
            self._release_file()

    def check(self) -> None:
        """See that what is written can be read again.

        Raises:
            StoreUnavailableError: when SQLite's file was removed or replaced while it was open.
        """
        if self._file is not None and _identity_of(self._file) != self._identity:
            raise StoreUnavailableError(
                f"{self._file} was removed or replaced while it was open", _REMOVED_RETRY_SECONDS
            )

    def close(self) -> None:
        """Let go of all connections; a temporary file is removed."""
        self.readers.dispose()
        self._writer.dispose()
        if self._folder is not None:
            with suppress(OSError):
                self._folder.cleanup()

    def _engine(self, begin: str, **options: Any) -> Engine:
        if self._url.get_backend_name() != "sqlite":
            given = {name: value for name, value in _POSTGRESQL.items() if name not in self._url.query}
            return create_engine(self._url, hide_parameters=True, connect_args=given, **options)
        engine = create_engine(
            self._url, hide_parameters=True, connect_args={"check_same_thread": False, "timeout": 5.0}, **options
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
        return engine

    @property
    def _file(self) -> Path | None:
        """The file of SQLite; None: it is PostgreSQL."""
        if self._url.get_backend_name() != "sqlite":
            return None
        return Path(self._url.database or "")

    def _hold_file(self) -> None:
        """Make the file so that only its owner may read it, and have it alone until the process ends."""
        if self._file is None:
            return
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        identity = _identity_of(self._file)
        if self._identity not in (None, identity):
            self.readers.dispose()  # they have another file open
        self._identity = identity
        self._lock = os.open(f"{self._file}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _taken() from None

    def _release_file(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _identity_of(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _file_url(file: Path) -> URL:
    return URL.create("sqlite", database=str(file))


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    # None: transactions begin where we say so, for tables that are made or changed too.
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout={_BUSY_MILLISECONDS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _hold_database(connection: Connection) -> None:
    """Have the database alone for as long as this connection lives: whoever writes by it holds the lock for sure."""
    if connection.dialect.name != "postgresql":
        return
    held = connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": _ADVISORY_LOCK})
    connection.commit()
    if not held:
        raise _taken()


def _taken() -> StoreUnavailableError:
    return StoreUnavailableError(
        "another exporter uses the database; give each its own (jobs.database), or stop the other",
        _TAKEN_RETRY_SECONDS,
    )


def _migrate(connection: Connection) -> None:
    """Bring the tables to the newest version, in one transaction."""
    with as_file(files("streamgauge.jobs") / "migrations") as folder:
        config = Config()
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        config.attributes["connection"] = connection
        known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
        with connection.begin():
            newer = set(MigrationContext.configure(connection).get_current_heads()) - known
            if newer:
                raise StoreUnavailableError(
                    f"the database was made by a newer Streamgauge (its tables are at {', '.join(newer)}, this one "
                    f"knows them up to {max(known)}): use that version, or another database (jobs.database)",
                    _NEWER_RETRY_SECONDS,
                )
            command.upgrade(config, "head")
