"""TLS, basic authentication and client certificates, on a real socket."""

import base64
import http.client
import ssl
import threading
from collections.abc import Callable
from pathlib import Path

import bcrypt
import pytest

from streamgauge.web import server, tls
from streamgauge.web.connection import Limits
from streamgauge.web.security import WebSecurity, load_web_config
from streamgauge.web.server import Address
from tests.services.tls import Authority, Certificate
from tests.web.serving import PATIENCE, connected, read_to_the_end, serving

Configure = Callable[[str], WebSecurity]


@pytest.fixture(name="authority")
def made_authority(tmp_path: Path) -> Authority:
    """Signs the server's certificate and its clients'."""
    return Authority(tmp_path)


@pytest.fixture(name="configure")
def configured(tmp_path: Path, authority: Authority) -> Configure:
    """Loads a web configuration with a server's certificate and further lines."""
    issued = authority.issue("server", hosts=["localhost"])

    def configure(more: str) -> WebSecurity:
        path = tmp_path / "web.yml"
        text = f"tls_server_config:\n  cert_file: {issued.certificate.name}\n  key_file: {issued.key.name}\n"
        path.write_text(text + more)
        return load_web_config(path)

    return configure


def trusting(authority: Authority, certificate: Certificate | None = None) -> ssl.SSLContext:
    """A client's context."""
    context = ssl.create_default_context(cafile=str(authority.certificate))
    if certificate:
        context.load_cert_chain(certificate.certificate, certificate.key)
    return context


def get(address: Address, context: ssl.SSLContext, headers: dict[str, str] | None = None) -> int:
    """The status of a scrape over TLS."""
    connection = http.client.HTTPSConnection("127.0.0.1", address.port, timeout=PATIENCE, context=context)
    try:
        connection.request("GET", "/metrics", headers=headers or {})
        return connection.getresponse().status
    finally:
        connection.close()


def test_tls_is_served(authority: Authority, configure: Configure) -> None:
    """And the address says so."""
    with serving(security=configure("")) as address:
        assert address.url == f"https://127.0.0.1:{address.port}/"
        assert get(address, trusting(authority)) == 200


def test_plain_http_gets_nothing_at_a_tls_port(configure: Configure) -> None:
    """Not even an error page."""
    with serving(security=configure("")) as address, connected(address) as connection:
        connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"kafka" not in read_to_the_end(connection)


def test_a_handshake_that_does_not_begin_is_ended(authority: Authority, configure: Configure) -> None:
    """A client that connects and says nothing is not kept."""
    with serving(security=configure(""), limits=Limits(handshake_seconds=0.2)) as address:
        with connected(address) as connection:
            assert read_to_the_end(connection) == b""
        assert get(address, trusting(authority)) == 200


def test_an_older_version_is_refused(authority: Authority, configure: Configure) -> None:
    """As configured."""
    old = trusting(authority)
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with serving(security=configure("  min_version: TLS13\n")) as address:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            get(address, old)
        assert get(address, trusting(authority)) == 200


def test_clients_must_show_a_certificate_of_the_authority(
    authority: Authority, configure: Configure, tmp_path: Path
) -> None:
    """RequireAndVerifyClientCert: none, and one of another authority, are refused."""
    more = "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n"
    stranger = Authority(tmp_path / "other", "Others").issue("prometheus")
    with serving(security=configure(more)) as address:
        assert get(address, trusting(authority, authority.issue("prometheus"))) == 200
        for context in (trusting(authority), trusting(authority, stranger)):
            with pytest.raises((ssl.SSLError, ConnectionError)):
                get(address, context)


def test_clients_may_come_without_a_certificate_but_not_with_a_wrong_one(
    authority: Authority, configure: Configure, tmp_path: Path
) -> None:
    """VerifyClientCertIfGiven."""
    more = "  client_auth_type: VerifyClientCertIfGiven\n  client_ca_file: ca.pem\n"
    stranger = Authority(tmp_path / "other", "Others").issue("prometheus")
    with serving(security=configure(more)) as address:
        assert get(address, trusting(authority)) == 200
        with pytest.raises((ssl.SSLError, ConnectionError)):
            get(address, trusting(authority, stranger))


def test_users_are_asked_for_their_passwords(authority: Authority, configure: Configure) -> None:
    """Good, bad, unknown, none."""
    hashed = bcrypt.hashpw(b"wonderland", bcrypt.gensalt(4)).decode()
    with serving(security=configure(f"basic_auth_users:\n  alice: {hashed}\n")) as address:
        statuses = {
            pair: get(address, trusting(authority), {"Authorization": f"Basic {base64.b64encode(pair).decode()}"})
            for pair in (b"alice:wonderland", b"alice:x", b"mallory:wonderland")
        }
        assert statuses == {b"alice:wonderland": 200, b"alice:x": 401, b"mallory:wonderland": 401}
        assert get(address, trusting(authority)) == 401


def replace(folder: Path, certificate: Certificate) -> None:
    """A certificate takes the server's place, as a renewal does it."""
    certificate.certificate.replace(folder / "server.pem")
    certificate.key.replace(folder / "server.key")


def test_a_renewed_certificate_is_shown_without_a_restart(
    configure: Configure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with exporter-toolkit: certificates live shorter than exporters."""
    loaded = threading.Event()
    monkeypatch.setattr(tls.LOG, "info", lambda *_: loaded.set())
    monkeypatch.setattr(server, "_RENEWAL_TICKS", 1)
    others = Authority(tmp_path / "other", "Others")
    with serving(security=configure("")) as address:
        replace(tmp_path, others.issue("server", hosts=["localhost"]))
        assert loaded.wait(PATIENCE)
        assert get(address, trusting(others)) == 200


def test_a_renewal_that_cannot_be_loaded_changes_nothing(
    authority: Authority,
    configure: Configure,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A key that came without its certificate, or nothing at all: told once, and the old one stays."""
    monkeypatch.setattr(server, "_RENEWAL_TICKS", 1 << 30)  # the server does not look by itself meanwhile
    security = configure("")
    assert security.certificate is not None
    with serving(security=security) as address:
        (tmp_path / "server.key").write_bytes(Authority(tmp_path / "other").issue("server").key.read_bytes())
        security.certificate.renew()
        security.certificate.renew()
        assert get(address, trusting(authority)) == 200
        (tmp_path / "server.pem").unlink()
        security.certificate.renew()
        security.certificate.renew()
        assert get(address, trusting(authority)) == 200
    warnings = [record.getMessage() for record in caplog.records if record.name == "streamgauge.web.tls"]
    assert len(warnings) == 2
    assert warnings[0].startswith(f"cannot load the changed certificate {tmp_path / 'server.pem'}, the old one stays: ")
