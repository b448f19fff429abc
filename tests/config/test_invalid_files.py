"""Every invalid file beside its exact message."""

from pathlib import Path

import pytest

from streamgauge.config import check
from streamgauge.errors import ConfigError

CASES = sorted((Path(__file__).parent / "invalid").glob("*.yml"))
SECRET = "hunter2"
ENVIRON = {"SECRET": SECRET, "OTHER": "other"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_message(case: Path, monkeypatch: pytest.MonkeyPatch, *, update_golden: bool) -> None:
    """The file is refused with exactly the message beside it, each line names the file, and no secret is in it."""
    monkeypatch.chdir(case.parent)
    with pytest.raises(ConfigError) as raised:
        check(Path(case.name), ENVIRON)
    message = f"{raised.value}\n"
    expected = case.with_suffix(".txt")
    if update_golden:
        expected.write_text(message, encoding="utf-8")
    assert message == expected.read_text(encoding="utf-8")
    assert all(line.startswith(f"{case.name}:") for line in message.splitlines())
    assert SECRET not in message


def test_every_message_has_its_file() -> None:
    """No message is left over from a case that is gone."""
    directory = Path(__file__).parent / "invalid"
    assert {path.stem for path in directory.glob("*.txt")} == {case.stem for case in CASES}
