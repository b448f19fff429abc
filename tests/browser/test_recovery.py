"""The exporter as a process, with a Kafka in this one: it is killed and started again while somebody looks."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests
from playwright.sync_api import expect

from streamgauge import demo_pipeline
from tests.browser.visitor import OpenVisitor
from tests.services.exporter import Exporter
from tests.services.process import free_ports

Start = Callable[[], Exporter]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts an exporter, always with the same address and state; they end with the test."""
    (port,) = free_ports(1)
    listen = ["--listen", f"127.0.0.1:{port}", "--state.dir", str(tmp_path / "state")]
    with ExitStack() as ending:
        servers = ending.enter_context(demo_pipeline.pipeline())
        cluster = {
            "name": "demo",
            "bootstrap_servers": servers,
            "interval": "1s",
            "groups": {"explicit": {group: [demo_pipeline.TOPIC] for group in demo_pipeline.GROUPS}},
            "api_version": "2.0",
        }

        def started() -> Exporter:
            folder = tmp_path / f"exporter-{len(list(tmp_path.glob('exporter-*')))}"
            return ending.enter_context(Exporter(folder, listen, {"clusters": [cluster]}))

        yield started


def tell(exporter: Exporter, **event: object) -> None:
    """Report something of a job."""
    body = {"events": [{"job": "nightly", "run": "1", **event}]}
    answer = requests.post(f"{exporter.url}api/v1/events", json=body, timeout=5)
    assert answer.json()["accepted"] == 1


def test_the_page_recovers_by_itself(start: Start, visit: OpenVisitor) -> None:
    """Figures move; killed, the page says so and tries again; started again, they move on, and nothing was reloaded."""
    exporter = start()
    tell(exporter, type="start")
    tell(exporter, type="start", phase="P00", items=10)
    visitor = visit()
    page = visitor.open(exporter.url)
    visitor.state("Live")
    moving = visitor.cell("billing", "Lag (records)")
    expect(moving).to_be_visible()
    first = str(moving.text_content())
    expect(moving).not_to_have_text(first)
    tell(exporter, type="progress", phase="P00", done=4)
    expect(visitor.cell("nightly", "Phases").locator(".now")).to_have_text("P00 4 of 10")

    exporter.kill()

    visitor.state("Reconnecting")
    expect(page.get_by_role("alert")).to_contain_text("Streamgauge is not answering since")
    expect(page.locator("#countdown")).not_to_be_empty()
    expect(moving).to_be_visible()
    before = str(moving.text_content())

    exporter = start()

    visitor.state("Live")
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(moving).not_to_have_text(before)
    tell(exporter, type="progress", phase="P00", done=9)
    expect(visitor.cell("nightly", "Phases").locator(".now")).to_have_text("P00 9 of 10")
    assert not visitor.reloaded
