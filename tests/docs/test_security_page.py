"""`docs/security.md` shows configurations that can be used."""

import re
from pathlib import Path

import pytest
import yaml

from streamgauge.config import SaslMechanism, SecurityProtocol, check

PAGE = (Path(__file__).parents[2] / "docs/security.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_is_a_right_configuration(example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each example is accepted once the files that it names are there."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _: object())
    client = yaml.safe_load(example)["clusters"][0]["client"]
    for key, value in client.items():
        if key.endswith((".location", "_file")):
            (tmp_path / value).write_text("content", encoding="utf-8")
    file = tmp_path / "streamgauge.yml"
    file.write_text(example, encoding="utf-8")
    assert check(file, {}).clusters[0].client.security_protocol != SecurityProtocol.PLAINTEXT


def test_every_mechanism_is_named() -> None:
    """The page tells of every mechanism, Kerberos aside, which the reference explains."""
    assert [each for each in SaslMechanism if each not in PAGE and each != SaslMechanism.GSSAPI] == []
