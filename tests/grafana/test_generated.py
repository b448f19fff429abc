"""The committed files are what the code makes."""

import json
from pathlib import Path

from grafana.src import __main__ as generator
from tests.grafana.committed import FOLDER


def test_the_committed_files_are_the_generated_ones() -> None:
    """`make dashboards` would change nothing: neither a text nor the list of files."""
    committed = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()}

    assert committed == generator.files()


def test_generating_twice_gives_the_same() -> None:
    """Nothing of the time, the machine or the order of sets gets into a file."""
    assert generator.files() == generator.files()


def test_writing_removes_what_is_no_dashboard_any_more(tmp_path: Path) -> None:
    """A dashboard that was renamed leaves no file behind; other files stay."""
    (tmp_path / "old.json").write_text("{}")
    (tmp_path / "README.md").write_text("kept")

    generator.write(tmp_path)

    assert {path.name for path in tmp_path.iterdir()} == {*generator.files(), "README.md"}


def test_a_file_is_named_after_its_dashboard() -> None:
    """The name is the uid, so that an address leads to a file."""
    for name, text in generator.files().items():
        assert name == f"{json.loads(text)['uid']}.json"
