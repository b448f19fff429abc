"""The health check of the image: asks a real server."""

import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streamgauge import cli
from streamgauge.errors import StreamgaugeError
from streamgauge.healthcheck import check, url_of
from streamgauge.web.security import WebSecurity, load_web_config
from tests.services.tls import Authority
from tests.web.serving import serving

HASH = "$2b$04$kUmYwAf5AsEhTTZt3hTxX.7ngwVIzT5GjP6xnl3ZrbL1O6yBvYXPq"


@pytest.mark.parametrize(
    ("listen", "url"),
    [
        (":9308", "http://127.0.0.1:9308/-/healthy"),
        ("0.0.0.0:80", "http://127.0.0.1:80/-/healthy"),
        ("[::]:9308", "http://127.0.0.1:9308/-/healthy"),
        ("[::1]:9308", "http://[::1]:9308/-/healthy"),
        ("10.0.0.7:9308", "http://10.0.0.7:9308/-/healthy"),
    ],
)
def test_where_it_asks(listen: str, url: str) -> None:
    """The address that the exporter listens on, from the same machine."""
    assert url_of(listen) == url


def test_an_exporter_that_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The exit code is 0; the address comes from the same variable as the exporter's own."""
    with serving() as address:
        monkeypatch.setenv("STREAMGAUGE_LISTEN", f":{address.port}")
        result = CliRunner().invoke(cli.app, ["healthcheck"])
    assert result.exit_code == 0
    assert result.stdout == f"http://127.0.0.1:{address.port}/-/healthy: 200\n"


def test_one_that_asks_for_a_password() -> None:
    """It lives, so that is an answer; any other error is none."""
    with serving(security=WebSecurity(users={"prometheus": HASH})) as address:
        assert check(f"{address.url}-/healthy").endswith(": 401")
    with serving() as address, pytest.raises(StreamgaugeError, match="404 Not Found"):
        check(f"{address.url}-/nothing")


def test_one_with_tls(tmp_path: Path) -> None:
    """It is asked whether it lives, not who it is."""
    authority = Authority(tmp_path)
    certificate = authority.issue("exporter")
    web = tmp_path / "web.yml"
    web.write_text(
        f"tls_server_config: {{cert_file: {certificate.certificate}, key_file: {certificate.key}}}", encoding="utf-8"
    )
    with serving(security=load_web_config(web)) as address:
        assert address.url.startswith("https:")
        assert check(f"{address.url}-/healthy").endswith(": 200")


def test_none_at_all() -> None:
    """The message names the address and the reason; an address of another kind is refused."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(StreamgaugeError, match="refused"):
        check(f"http://127.0.0.1:{port}/-/healthy")
    with pytest.raises(StreamgaugeError, match="http://"):
        check("file:///etc/passwd")
