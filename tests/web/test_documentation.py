"""docs/http.md names all that there is, or leads to the page that does: of jobs these are two."""

from pathlib import Path

import pytest

from streamgauge.model.refusals import Reason
from streamgauge.web import security, tls
from streamgauge.web.connection import Limits
from streamgauge.web.limits import CLIENTS
from streamgauge.web.writes import Bounds
from tests.web.clients import client
from tests.web.examples import store
from tests.web.job_sink import MemorySink
from tests.web.test_job_reading import Away

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "http.md").read_text(encoding="utf-8")
READING = (DOCS / "jobs-api.md").read_text(encoding="utf-8")
REPORTING = (DOCS / "reporting.md").read_text(encoding="utf-8")
DOCUMENT = client(store(), reports=MemorySink(), jobs=Away()).get("/openapi.json").json()
OPERATIONS = [
    (method, path, operation) for path, methods in DOCUMENT["paths"].items() for method, operation in methods.items()
]
REPORTS = [(method, path) for method, path, operation in OPERATIONS if operation["tags"] == ["Reporting"]]
OTHERS = [path for method, path, _ in OPERATIONS if (method, path) not in REPORTS]
PARAMETERS = {each["name"] for _, _, operation in OPERATIONS for each in operation.get("parameters", [])}


@pytest.mark.parametrize("path", [*dict.fromkeys(OTHERS), "/", "/docs", "/openapi.json"])
def test_every_path_is_there(path: str) -> None:
    """In the table at the top of this page, or of that about jobs, shortened by what all have there in front."""
    assert f"`{path}`" in TEXT or f"`{path.removeprefix('/api/v1')}`" in READING


@pytest.mark.parametrize(("method", "path"), REPORTS)
def test_every_way_to_report_is_there(method: str, path: str) -> None:
    """As it is asked for; what can be said of a run, a phase and a sub-phase alike stands there once."""
    place, _, action = path.rpartition("/")
    said_of_all = [f"POST `{action}`"] if place.endswith("}") else ["`PATCH`"]
    assert any(text in REPORTING for text in [f"`{method.upper()} {path}`", *said_of_all])


@pytest.mark.parametrize("page", ["reporting.md", "jobs-api.md", "websocket.md"])
def test_the_pages_about_jobs_are_led_to(page: str) -> None:
    """From the table at the top."""
    assert page in TEXT.partition("## ")[0]
    assert (DOCS / page).exists()


@pytest.mark.parametrize("parameter", sorted(PARAMETERS))
def test_every_parameter_is_there(parameter: str) -> None:
    """Those in paths too."""
    known = TEXT + READING + REPORTING
    assert any(word in known for word in (f"`{parameter}`", f"{{{parameter}}}", f"?{parameter}="))


@pytest.mark.parametrize(
    "key", [*tls._KEYS, *tls._UNSUPPORTED, *security._SECTIONS, *security._UNSUPPORTED, *security._HEADERS]
)
def test_every_key_of_the_web_configuration_is_there(key: str) -> None:
    """Those that we refuse too."""
    assert key in TEXT


@pytest.mark.parametrize(
    "bound",
    [
        f"{Limits().request_seconds:g} s",
        f"{Limits().response_seconds:g} s",
        f"{Limits().keep_alive_seconds:g} s",
        f"{Limits().handshake_seconds:g} s",
        f"{Limits().connections};",
        f"{Limits().requests}, of them {Limits().requests * 3 // 4} to writes",
        f"{Limits().head_bytes // 1024} KiB",
        f"{Bounds().body_bytes // 1024**2} MiB",
        f"{Bounds().body_seconds:g} s (`web.limits.body_timeout`)",
        f"{Bounds().writes_per_second:g} a second, {Bounds().write_burst} at once",
        f"{CLIENTS:,};",
    ],
)
def test_every_bound_is_there(bound: str) -> None:
    """As it is in the code."""
    assert f"| {bound}" in TEXT


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_of_a_refusal_is_there(reason: Reason) -> None:
    """As the metric has it."""
    assert f"| `{reason}` |" in TEXT
