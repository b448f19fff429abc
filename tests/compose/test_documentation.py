"""docs/compose.md and docs/bundle.md say what is so."""

import re

import pytest

from streamgauge.bundle.files import SHIPPED
from streamgauge.demo_traffic import MEMBERS
from tests.compose.stack import ROOT, services, variables

COMPOSE = (ROOT / "docs" / "compose.md").read_text(encoding="utf-8")
BUNDLE = (ROOT / "docs" / "bundle.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", services())
def test_each_service_is_there(name: str) -> None:
    """With its memory, and the address of its port."""
    service = services()[name]
    (row,) = (line for line in COMPOSE.splitlines() if re.match(rf"\| `{name}`( \(profile `demo`\))? \|", line))
    memory = service["mem_limit"].replace("m", " MB").replace("g", " GB")
    assert f"| {memory} |" in row
    for needed in service.get("depends_on", {}):
        assert needed in row
    for port in service.get("ports", []):
        assert f"http://localhost:{port.split(':')[1]}" in COMPOSE


def test_each_group_of_the_traffic_is_there() -> None:
    """And no other."""
    assert set(re.findall(r"^\| `(demo-[a-z]+)` \|", COMPOSE, re.MULTILINE)) == {member.group for member in MEMBERS}


def test_each_version_has_its_reason() -> None:
    """Our own aside, which is this repository's."""
    names = {name for name in variables() if name.endswith(("_VERSION", "_TAG"))} - {"STREAMGAUGE_VERSION"}
    assert {name for name in names if f"| `{name}` |" not in COMPOSE} == set()


@pytest.mark.parametrize("part", SHIPPED)
def test_each_part_of_the_bundle_is_there(part: str) -> None:
    """By its name."""
    assert part.rsplit("/", maxsplit=1)[-1] in BUNDLE
