"""The metrics' reference page says what the catalogue says."""

import re
from pathlib import Path

from streamgauge.metrics import catalogue
from streamgauge.metrics.exporter import render
from streamgauge.metrics.reference import render_reference

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"
ENTRY = re.compile(r"### `(?P<name>\w+)`\n\n(?P<kind>\w+) by (?P<labels>[^.]*)\.\n\n(?P<help>[^\n]+)\n")


def test_page_is_what_the_catalogue_says(*, update_docs: bool) -> None:
    """The committed page is the generated one; `make docs` writes it anew."""
    page = render_reference()
    if update_docs:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(page, encoding="utf-8")

    assert PAGE.read_text(encoding="utf-8") == page


def test_page_describes_every_family_once() -> None:
    """Each family has one entry with its type, its labels and its help, in the catalogue's order."""
    entries = [
        (entry["name"], entry["kind"].lower(), tuple(re.findall(r"`(\w+)`", entry["labels"])), plain(entry["help"]))
        for entry in ENTRY.finditer(render_reference())
    ]

    assert entries == [(family.name, str(family.kind), family.labels, family.help) for family in catalogue.FAMILIES]


def test_every_link_leads_somewhere() -> None:
    """A link within the page leads to one of its headings."""
    page = render_reference()
    headings = {re.sub(r"[^\w-]", "", heading.lower()) for heading in re.findall(r"^#+ (.*)$", page, re.MULTILINE)}

    assert [link for link in re.findall(r"\(#([^)]*)\)", page) if link not in headings] == []


def test_page_names_the_process_families() -> None:
    """The families that the Python client adds are named, each by its own name or its prefix."""
    added = set(re.findall(r"^# TYPE (\S+)", render((), openmetrics=False), re.MULTILINE)) - {"streamgauge_build_info"}
    named = re.findall(r"`((?:process|python)_\w+\*?)`", render_reference())

    assert added
    assert [name for name in added if not any(re.fullmatch(one.replace("*", ".*"), name) for one in named)] == []


def plain(text: str) -> str:
    """A help text without its Markdown."""
    return re.sub(r"\[`(\w+)`\]\(#\w+\)", r"\1", text)
