"""`docs/reliability.md` has a row for each test of a fault, and says what that test says."""

from collections import Counter
from pathlib import Path

import pytest

from tests.docs.faults import TABLES, Row, render_table, rows, with_table

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reliability.md"


def test_tables_are_what_the_tests_say(*, update_docs: bool) -> None:
    """The committed tables are the generated ones; `make docs` writes them anew."""
    current = page = PAGE.read_text(encoding="utf-8")
    found = rows(ROOT / "tests")
    for of in TABLES:
        current = with_table(current, render_table([row for row in found if row.of == of]), of)
    if update_docs:
        PAGE.write_text(current, encoding="utf-8")
        page = current
    assert page == current


def test_every_row_says_what_is_served() -> None:
    """Each fault stands there once, and its test's docstring says what is served."""
    found = rows(ROOT / "tests")
    assert {row.of for row in found} == set(TABLES)
    assert [row.test for row in found if not row.served] == []
    assert [fault for fault, count in Counter(row.fault for row in found).items() if count > 1] == []


def test_marks_are_found_wherever_they_stand(tmp_path: Path) -> None:
    """A mark on a test and on one of its parameters are rows; a test without one is none; a bar is escaped."""
    (tmp_path / "services").mkdir()
    (tmp_path / "services" / "test_them.py").write_text(
        '@pytest.mark.fault("a | b")\n'
        '@pytest.mark.parametrize("way", [pytest.param(1, marks=pytest.mark.fault("one", of="jobs"))])\n'
        'def test_both(way):\n    """Served as\n    ever.\n\n    Whatever more.\n    """\n\n\n'
        'def test_none():\n    """Nothing."""\n'
    )
    found = rows(tmp_path)
    assert found == [
        Row("a | b", "Served as ever.", "services/test_them.py", "test_both", of="kafka"),
        Row("one", "Served as ever.", "services/test_them.py", "test_both", of="jobs"),
    ]
    assert "| a \\| b | Served as ever. | `services/test_them.py`: `test_both` |" in render_table(found)


def test_a_page_without_its_marks_is_refused() -> None:
    """Nothing is written over a page that has lost the place of its table."""
    with pytest.raises(ValueError, match="unpack"):
        with_table("# Reliability\n", "")
