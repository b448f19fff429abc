"""The runbooks as the exporter serves them."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from streamgauge.bundle import files
from streamgauge.web.middleware import SECURITY_HEADERS
from streamgauge.web.runbooks import to_html
from tests.web.clients import client
from tests.web.examples import store

TEXT = """# KafkaTopicSilent

The topic has *no* records: `rate() == 0`. <script>alert(1)</script>

| look at | why |
|---|---|
| [the lag](KafkaConsumerGroupStopped.md#fix) | [bad](javascript:alert) |

See [metrics](../metrics.md) and [Kafka](https://kafka.apache.org/).
"""


class Links(HTMLParser):
    """Every address of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - so it is called
        """Remember it."""
        self.found += [value or "" for name, value in attrs if name in {"href", "src"}]


@pytest.fixture
def _two_runbooks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for alert in ("KafkaTopicSilent", "KafkaConsumerGroupStopped"):
        (tmp_path / f"{alert}.md").write_text(TEXT.replace("KafkaTopicSilent", alert), encoding="utf-8")
    monkeypatch.setattr(files, "runbooks", lambda: {file.stem: file for file in sorted(tmp_path.glob("*.md"))})


@pytest.mark.usefixtures("_two_runbooks")
def test_a_runbook_is_a_page() -> None:
    """It is HTML with the page's style and its strict policy, and can be read without scripts."""
    answer = client(store()).get("/runbooks/KafkaTopicSilent")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"] == SECURITY_HEADERS["Content-Security-Policy"]
    assert "<h1>KafkaTopicSilent</h1>" in answer.text
    assert "<title>KafkaTopicSilent" in answer.text
    assert "<td>" in answer.text
    assert "style=" not in answer.text


@pytest.mark.usefixtures("_two_runbooks")
@pytest.mark.parametrize("path", ["/runbooks", "/runbooks/KafkaTopicSilent"])
def test_every_address_on_it_works(path: str) -> None:
    """Style, icon and links are relative to the page, and all are served."""
    served = client(store())
    links = [link for link in Links(served.get(path).text).found if not link.startswith("https:")]
    assert links
    for link in links:
        assert not link.startswith("/")
        assert served.get(str(served.get(path).url.join(link))).status_code == 200, link


@pytest.mark.usefixtures("_two_runbooks")
def test_the_list() -> None:
    """All runbooks are listed, with links."""
    links = Links(client(store()).get("/runbooks").text).found
    assert {"runbooks/KafkaTopicSilent", "runbooks/KafkaConsumerGroupStopped"} <= set(links)


@pytest.mark.usefixtures("_two_runbooks")
@pytest.mark.parametrize("name", ["Nothing", "..%2fmetrics", "KafkaTopicSilent.md", "<b>"])
def test_an_unknown_one_lists_those_that_are_there(name: str) -> None:
    """A problem document that names the known ones."""
    answer = client(store()).get(f"/runbooks/{name}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    if "%2f" not in name:
        assert answer.json()["known_runbooks"] == ["KafkaConsumerGroupStopped", "KafkaTopicSilent"]
        assert "KafkaTopicSilent" in answer.json()["detail"]


def test_what_is_in_the_markdown_is_safe() -> None:
    """HTML is shown as text, a script is no address, and a link to a file that is not served is plain text."""
    page = to_html(TEXT)
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert Links(page).found == ["KafkaConsumerGroupStopped#fix", "https://kafka.apache.org/"]
    assert "See metrics and" in page


def test_none_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any runbooks the list says so, and so does the answer for one."""
    monkeypatch.setattr(files, "runbooks", dict)
    served = client(store())
    assert "None are installed" in served.get("/runbooks").text
    assert "none are installed" in served.get("/runbooks/Watchdog").json()["detail"]


@pytest.mark.parametrize("alert", files.runbooks())
def test_those_that_ship(alert: str) -> None:
    """Each has its alert as its title, and leads only to what is served."""
    served = client(store())
    page = served.get(f"/runbooks/{alert}")
    assert page.status_code == 200
    assert re.search(r"<h1>(<code>)?" + alert, page.text)
    for link in Links(page.text).found:
        if not re.match("https?:", link):
            assert served.get(str(page.url.join(link))).status_code == 200, link
