"""Writes the tables of `docs/reliability.md` from the tests that are marked as its rows; reads them, imports none.

A row is a test with ``@pytest.mark.fault("what happens")``; its docstring says what is served during and after. With
``of="jobs"`` it stands in the table of jobs.
"""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

TABLES = {"kafka": "faults", "jobs": "faults of jobs"}
"""What each table is called in its page, by what its faults are of."""

_MARK = "pytest.mark.fault"


class Row(NamedTuple):
    """One fault, what is served, and the test that shows it; and in which table."""

    fault: str
    served: str
    file: str
    test: str
    of: str = "kafka"


def rows(root: Path) -> list[Row]:
    """Every marked test under a folder, by file and in the order in which they stand there."""
    return [row for file in sorted(root.rglob("test_*.py")) for row in _of_file(file, root)]


def render_table(found: list[Row]) -> str:
    """The rows as a Markdown table."""
    head = "| fault | what is served during and after | test |\n|---|---|---|\n"
    return head + "".join(
        f"| {_cell(row.fault)} | {_cell(row.served)} | `{row.file}`: `{row.test}` |\n" for row in found
    )


def with_table(page: str, table: str, of: str = "kafka") -> str:
    """The page with another table between its two marks.

    Raises:
        ValueError: one of the marks is not there.
    """
    begin = f"<!-- {TABLES[of]}: written by `make docs` from the tests' marks and docstrings -->"
    end = f"<!-- end of {TABLES[of]} -->"
    head, rest = page.split(begin)
    _, tail = rest.split(end)
    return f"{head}{begin}\n\n{table}\n{end}{tail}"


def _of_file(file: Path, root: Path) -> Iterator[Row]:
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            served = " ".join((ast.get_docstring(node) or "").split("\n\n")[0].split())
            for fault, of in _faults(node):
                yield Row(fault, served, str(file.relative_to(root)), node.name, of)


def _faults(function: ast.FunctionDef) -> Iterator[tuple[str, str]]:
    """What its marks say, those of single parameters among them, and what the faults are of."""
    for decorator in function.decorator_list:
        for call in ast.walk(decorator):
            if isinstance(call, ast.Call) and ast.unparse(call.func) == _MARK:
                options = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords}
                yield ast.literal_eval(call.args[0]), options.get("of", "kafka")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
