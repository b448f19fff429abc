"""The configuration's reference page says what the schema says."""

from pathlib import Path

from streamgauge.config import check
from streamgauge.config.flags import FLAGS
from streamgauge.config.reference import EXAMPLE, render_reference
from streamgauge.config.structure import fields_of, sections

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"


def test_page_is_what_the_schema_says(*, update_docs: bool) -> None:
    """The committed page is the generated one; `make docs` writes it anew."""
    page = render_reference()
    if update_docs:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(page, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page


def test_page_names_everything() -> None:
    """Every key, flag and environment variable is on the page."""
    page = render_reference()
    keys = [key for _, model in sections() for key in fields_of(model)]
    names = [name for flag in FLAGS for name in (*flag.names, flag.variable)]
    assert [name for name in keys + names if f"`{name}`" not in page] == []


def test_example_is_valid(tmp_path: Path) -> None:
    """The page's example is accepted as it stands, its files beside it."""
    for name in ("secrets/kafka-password", "certificates/ca.pem"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text("x\n", encoding="utf-8")
    file = tmp_path / "streamgauge.yml"
    file.write_text(EXAMPLE, encoding="utf-8")
    assert [cluster.name for cluster in check(file, {}).clusters] == ["orders", "legacy"]
