"""The direction of imports, and what a reader can rely on when looking for something in the package."""

import ast
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "exporter" / "streamgauge"
MODULES = sorted(PACKAGE.rglob("*.py"))
EACH_MODULE = pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.relative_to(PACKAGE)))

MAY_IMPORT: dict[str, set[str]] = {
    "__init__": set(),
    "errors": set(),
    "logs": set(),
    "model": set(),
    "config": {"errors"},
    "sources": {"config", "errors", "model"},
    "metrics": {"model", "__init__"},
    "state": {"model"},
    "jobs": {"config", "errors", "model"},
    "store": {"metrics", "model"},
    "job_publisher": {"errors", "metrics", "model"},
    "web": {"bundle", "errors", "jobs", "metrics", "model"},
    "bundle": {"errors"},
    "demo_pipeline": {"config", "errors"},
    "demo_job": set(),
    "demo_traffic": set(),
    "healthcheck": {"errors"},
    "clusters": {"config", "model", "sources", "state", "store"},
    "reload": {"errors", "model"},
    "garbage_collection": set(),
    "app": {
        "__init__",
        "clusters",
        "config",
        "demo_job",
        "demo_pipeline",
        "demo_traffic",
        "errors",
        "job_publisher",
        "jobs",
        "logs",
        "metrics",
        "model",
        "garbage_collection",
        "reload",
        "sources",
        "state",
        "store",
        "web",
    },
    "cli": {"__init__", "app", "bundle", "config", "errors", "healthcheck", "web"},
    "__main__": {"cli"},
}
"""Each part of the package, and the other parts that it may import; ``__init__`` stands for the version."""

MODEL_MAY_USE = {
    "array",
    "bisect",
    "collections",
    "collections.abc",
    "dataclasses",
    "enum",
    "functools",
    "heapq",
    "itertools",
    "math",
    "operator",
    "typing",
}
"""Nothing that knows the time, a thread, a file, a socket or a log."""

BELONGS_TO = {
    "alembic": {"jobs"},
    "bcrypt": {"web"},
    "confluent_kafka": {"demo_pipeline", "demo_traffic"},
    "cronsim": {"config", "jobs"},
    "fastapi": {"web"},
    "jinja2": {"web"},
    "kafka": {"sources"},
    "markdown_it": {"web"},
    "prometheus_client": {"metrics"},
    "psycopg": {"jobs"},
    "requests": {"sources"},
    "socket": {"sources", "web"},
    "sqlalchemy": {"jobs"},
    "starlette": {"web"},
    "streamgauge_sdk": {"cli", "demo_job"},
    "typer": {"cli"},
    "uvicorn": {"web"},
    "websockets": {"web"},
}
"""Libraries with one home."""

VAGUE = {"common", "helper", "helpers", "manager", "misc", "util", "utils"}


def part_of(module: Path) -> str:
    """The part of the package that a module is in."""
    return module.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(module: Path) -> Iterator[str]:
    """The full name of everything that a module imports, wherever in it, for type hints too."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively, line {node.lineno}"
            assert node.module is not None
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def parts_imported(module: Path) -> set[str]:
    """The other parts of the package that a module imports."""
    ours = [name.split(".") for name in imported(module) if name.split(".")[0] == "streamgauge"]
    parts = {"__init__" if len(name) == 1 or name[1].startswith("__") else name[1] for name in ours}
    return parts - {part_of(module)}


def test_every_part_is_in_the_table() -> None:
    """A new part of the package gets its line in the table of imports."""
    assert {part_of(module) for module in MODULES} == set(MAY_IMPORT)


def test_the_table_has_no_circle() -> None:
    """Data flows one way, and so may imports."""
    order = list(TopologicalSorter(MAY_IMPORT).static_order())

    assert set(order) == set(MAY_IMPORT)
    assert order.index("model") < order.index("metrics") < order.index("web") < order.index("app")


@EACH_MODULE
def test_imports_go_one_way(module: Path) -> None:
    """A module imports only what its part of the package may import."""
    assert parts_imported(module) <= MAY_IMPORT[part_of(module)]


@EACH_MODULE
def test_nothing_imports_the_composition_root_but_the_command_line(module: Path) -> None:
    """``app`` puts everything together; whoever imported it would import everything."""
    assert "app" not in parts_imported(module) or part_of(module) == "cli"


@pytest.mark.parametrize("module", sorted((PACKAGE / "model").rglob("*.py")), ids=lambda module: module.name)
def test_the_model_is_pure(module: Path) -> None:
    """The model imports nothing of ours but itself, and of the standard library only what does no I/O."""
    for name in imported(module):
        home = name.rsplit(".", 1)[0] if "." in name else name
        assert name.startswith("streamgauge.model.") or home in MODEL_MAY_USE, name


@EACH_MODULE
def test_libraries_stay_at_home(module: Path) -> None:
    """A library is used by the part that it belongs to, so that only that part knows it."""
    for name in imported(module):
        homes = BELONGS_TO.get(name.split(".")[0])
        assert homes is None or part_of(module) in homes, name


def test_every_folder_says_what_it_is() -> None:
    """A folder of code has a docstring whose first line is one whole sentence."""
    for folder in sorted({module.parent for module in MODULES}):
        docstring = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8")))
        assert docstring, folder
        assert re.fullmatch(r"\S.*[.]", docstring.splitlines()[0]), folder


@EACH_MODULE
def test_every_module_says_what_it_is(module: Path) -> None:
    """A module begins with a sentence of its own."""
    docstring = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8")))

    assert docstring
    assert docstring.split("\n\n")[0].endswith((".", "::", ":"))


def test_what_the_docstrings_list_is_there() -> None:
    """What a folder's docstring lists exists, and model and metrics list all that they have."""
    for folder in (PACKAGE, PACKAGE / "model", PACKAGE / "metrics"):
        docstring = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))) or ""
        lines = [line.split(": ")[0] for line in docstring.splitlines() if line.startswith("- ``")]
        named = {name for line in lines for name in re.findall(r"``(\w+)``", line)}
        there = {path.stem for path in folder.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
        assert named <= there
        if folder != PACKAGE:
            assert there - named <= {"__init__"}, folder


@EACH_MODULE
def test_names_say_what_is_inside(module: Path) -> None:
    """No module is called after the fact that somebody did not know where to put something."""
    assert not VAGUE.intersection(module.stem.split("_"))


def test_tests_keep_to_that_too() -> None:
    """Neither is a module of the tests."""
    names = [path.stem for path in Path(__file__).parent.rglob("*.py")]

    assert [name for name in names if VAGUE.intersection(name.split("_"))] == []
