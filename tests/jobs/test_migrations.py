"""The tables come from the migrations, and are what the code takes them for."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, inspect, text

from streamgauge.errors import StoreUnavailableError
from streamgauge.jobs.store import JobStore
from streamgauge.jobs.tables import METADATA
from tests.jobs.stores import PATIENCE, RULES, opened, sqlite_url
from tests.model.jobs.told import started
from tests.services.polling import eventually


def test_the_migrated_tables_are_those_of_the_code(tmp_path: Path) -> None:
    """From an empty database; opening it again changes nothing."""
    for _ in range(2):
        with opened(sqlite_url(tmp_path)):
            pass
    engine = create_engine(sqlite_url(tmp_path))
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
        found = inspect(connection)
        for table in METADATA.sorted_tables:
            indexes = {index["name"] for index in found.get_indexes(table.name) if not index["unique"]}
            assert indexes == {index.name for index in table.indexes}
    engine.dispose()


def test_a_newer_database_is_refused(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Its tables are left alone, and the error says what to do."""
    with opened(sqlite_url(tmp_path)):
        pass
    engine = create_engine(sqlite_url(tmp_path))
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    store = JobStore(sqlite_url(tmp_path), RULES)
    store.start()
    try:
        eventually(lambda: store.status.up is False, deadline=PATIENCE)
        with pytest.raises(StoreUnavailableError, match=r"newer Streamgauge.*9999.*use that version"):
            store.submit([started()])
    finally:
        store.close(PATIENCE)
    assert "newer Streamgauge" in caplog.text
