"""`docs/dependencies.md` says why each dependency is there, and no more than are."""

import re
import tomllib
from itertools import chain
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_dependency_has_its_reason() -> None:
    """The page lists exactly pyproject.toml's packages: those of the exporter, its extras, those of development."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    optional = project["project"]["optional-dependencies"].values()
    wanted = [*project["project"]["dependencies"], *chain(*optional), *project["dependency-groups"]["dev"]]
    names = [re.split(r"[^A-Za-z0-9._-]", requirement)[0].lower() for requirement in wanted]
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", (ROOT / "docs/dependencies.md").read_text(), re.MULTILINE)
    listed = [name.strip().lower() for cell, _ in rows for name in cell.split(",") if cell not in ("package", "---")]
    assert sorted(listed) == sorted(names)
    assert all(reason.strip().endswith(".") for cell, reason in rows if cell != "package")
