"""docs/http.md names all that there is."""

from pathlib import Path

import pytest

from streamgauge.model.refusals import Reason
from streamgauge.web import security, tls
from streamgauge.web.connection import Limits
from streamgauge.web.limits import CLIENTS
from streamgauge.web.writes import Bounds
from tests.web.clients import client
from tests.web.examples import store

TEXT = (Path(__file__).parents[2] / "docs" / "http.md").read_text(encoding="utf-8")
DOCUMENT = client(store()).get("/openapi.json").json()
OPERATIONS = [operation for path in DOCUMENT["paths"].values() for operation in path.values()]
PARAMETERS = {each["name"] for operation in OPERATIONS for each in operation.get("parameters", [])}


@pytest.mark.parametrize("path", [*DOCUMENT["paths"], "/", "/docs", "/openapi.json"])
def test_every_path_is_there(path: str) -> None:
    """In the table at the top."""
    assert f"`{path}`" in TEXT


@pytest.mark.parametrize("parameter", sorted(PARAMETERS))
def test_every_parameter_is_there(parameter: str) -> None:
    """Those in paths too."""
    assert f"`{parameter}`" in TEXT or f"{{{parameter}}}" in TEXT


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
        f"{Limits().requests};",
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
