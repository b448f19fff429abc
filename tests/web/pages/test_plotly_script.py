"""The script that draws the charts."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from streamgauge.web.pages.plotly_script import PlotlyScript, installed_plotly
from tests.web.clients import client
from tests.web.examples import store


def test_the_installed_script_is_found_without_importing_its_package() -> None:
    """Which takes long, and much memory."""
    code = (
        "import sys; from streamgauge.web.pages.plotly_script import installed_plotly; "
        "assert installed_plotly().address; assert 'plotly' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_its_address_changes_with_it_and_may_be_kept() -> None:
    """The page names it, packed or not."""
    known = client(store())
    found = re.search(r'data-plotly="([^"]+)"', known.get("/").text)
    assert found
    packed = known.get(f"/{found[1]}", headers={"Accept-Encoding": "gzip"})
    plain = known.get(f"/{found[1]}")
    assert (packed.headers["content-encoding"], plain.headers.get("content-encoding")) == ("gzip", None)
    assert packed.content == plain.content
    assert "immutable" in plain.headers["cache-control"]
    assert plain.headers["content-type"].startswith("text/javascript")
    assert plain.headers["vary"] == "Accept-Encoding"


def test_another_address_is_not_served() -> None:
    """There is one script, of one content."""
    assert client(store()).get("/static/plotly/0123456789ab/plotly.min.js").status_code == 404


def test_what_keeps_it_from_writing_styles_is_found_in_it(tmp_path: Path) -> None:
    """Each id once, in their order."""
    one, two = "a" * 64, "b" * 64
    script = tmp_path / "plotly.min.js"
    script.write_text(f'getElementById("{two}");getElementById("{one}");getElementById("{two}");getElementById("x")')
    address = PlotlyScript(script).address
    assert address is not None
    assert address.guards == (two, one)


@pytest.mark.parametrize("path", [None, Path("/nowhere/plotly.min.js")])
def test_without_the_package_there_are_no_charts(path: Path | None) -> None:
    """And all the rest."""
    assert PlotlyScript(path).address is None


def test_the_installed_script_has_such_a_guard() -> None:
    """Were there none any more, its styles would be refused and the browser would complain."""
    address = installed_plotly().address
    assert address is not None
    assert address.guards
