"""The web configuration file, in exporter-toolkit's format."""

import ssl
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from streamgauge.errors import ConfigError
from streamgauge.web.security import load_web_config
from tests.services.tls import Authority, Certificate

INVALID = sorted((Path(__file__).parent / "invalid").glob("*.yml"))
HASH = "$2y$04$VVvUxM8AgcvsmRf6gL0vxuxwpWlFVhUWcXOV65sQ28/PHSt.TBdPe"


@pytest.fixture(name="server")
def server_certificate(tmp_path: Path) -> Certificate:
    """A server's certificate beside the configuration."""
    return Authority(tmp_path).issue("server", hosts=["localhost"])


def written(folder: Path, text: str) -> Path:
    """A web configuration file."""
    path = folder / "web.yml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_an_invalid_file_says_what_is_wrong(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each beside its exact message."""
    monkeypatch.chdir(path.parent)
    with pytest.raises(ConfigError) as caught:
        load_web_config(Path(path.name))
    assert f"{caught.value}\n" == path.with_suffix(".txt").read_text()


def test_a_password_in_clear_is_not_repeated() -> None:
    """Messages end up in logs."""
    with pytest.raises(ConfigError) as caught:
        load_web_config(Path(__file__).parent / "invalid" / "password-in-clear.yml")
    assert "wonderland" not in str(caught.value)


def test_an_empty_file_asks_for_nothing(tmp_path: Path) -> None:
    """Plain HTTP for everybody, as with exporter-toolkit."""
    security = load_web_config(written(tmp_path, "# nothing yet\n"))
    assert (security.tls, security.users, security.headers) == (None, {}, {})


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """With what the system says of it."""
    with pytest.raises(ConfigError, match=r"web\.yml: cannot read the web configuration: No such file or directory"):
        load_web_config(tmp_path / "web.yml")


def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    """A directory, for example."""
    with pytest.raises(ConfigError, match="cannot read the web configuration: Is a directory"):
        load_web_config(tmp_path)


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    """A key by mistake, for example."""
    path = tmp_path / "web.yml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match=r"web\.yml: is not UTF-8 text"):
        load_web_config(path)


def test_users_and_headers_are_read(tmp_path: Path) -> None:
    """http2 is accepted, as files that others made may hold it; an empty header is not set."""
    security = load_web_config(
        written(
            tmp_path,
            f"basic_auth_users:\n  alice: {HASH}\n"
            "http_server_config:\n  http2: true\n"
            "  headers:\n    X-Frame-Options: DENY\n    X-XSS-Protection: ''\n",
        )
    )
    assert security.users == {"alice": HASH}
    assert security.headers == {"X-Frame-Options": "DENY"}


def test_paths_count_from_the_file(tmp_path: Path, server: Certificate) -> None:
    """As with exporter-toolkit; without more, TLS 1.2 and newer, and no certificate asked of clients."""
    text = f"tls_server_config:\n  cert_file: {server.certificate.name}\n  key_file: {server.key.name}\n"
    tls = load_web_config(written(tmp_path, text)).tls
    assert tls is not None
    assert (tls.minimum_version, tls.maximum_version) == (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
    assert tls.verify_mode is ssl.CERT_NONE


def test_versions_suites_and_clients_are_set(tmp_path: Path, server: Certificate) -> None:
    """Suites by Go's names; those of TLS 1.3 are always on."""
    tls = load_web_config(
        written(
            tmp_path,
            f"tls_server_config:\n  cert_file: {server.certificate}\n  key_file: {server.key}\n"
            "  max_version: TLS12\n  prefer_server_cipher_suites: false\n"
            "  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_AES_256_GCM_SHA384]\n"
            "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n",
        )
    ).tls
    assert tls is not None
    assert tls.maximum_version is ssl.TLSVersion.TLSv1_2
    assert {suite["name"] for suite in tls.get_ciphers() if not suite["name"].startswith("TLS_")} == {
        "ECDHE-ECDSA-AES128-GCM-SHA256"
    }
    assert not tls.options & ssl.OP_CIPHER_SERVER_PREFERENCE
    assert tls.verify_mode is ssl.CERT_REQUIRED


def test_an_unknown_suite_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    """Those that Go counts as insecure are unknown."""
    text = "tls_server_config:\n  cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]\n"
    with pytest.raises(ConfigError, match=r"unknown cipher suite 'TLS_RSA_WITH_RC4_128_SHA'; choose from TLS_ECDHE_"):
        load_web_config(written(tmp_path, text))


def test_a_key_of_another_certificate_is_refused(tmp_path: Path, server: Certificate) -> None:
    """By name."""
    other = Authority(tmp_path / "other").issue("other")
    text = f"tls_server_config:\n  cert_file: {server.certificate}\n  key_file: {other.key}\n"
    with pytest.raises(ConfigError, match=r"key_file: .*other\.key is not the key of the certificate .*server\.pem"):
        load_web_config(written(tmp_path, text))


def test_an_encrypted_key_is_refused(tmp_path: Path, server: Certificate) -> None:
    """Rather than asked for on a terminal where nobody sits."""
    key = serialization.load_pem_private_key(server.key.read_bytes(), None)
    encryption = serialization.BestAvailableEncryption(b"secret")
    encrypted = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    server.key.write_bytes(encrypted)
    text = f"tls_server_config:\n  cert_file: {server.certificate}\n  key_file: {server.key}\n"
    with pytest.raises(ConfigError, match=r"server\.key is encrypted; give a key without a passphrase"):
        load_web_config(written(tmp_path, text))


def test_files_that_are_no_certificates_are_refused(tmp_path: Path, server: Certificate) -> None:
    """For the server and for the authority of its clients."""
    (tmp_path / "empty.pem").write_text("")
    text = "tls_server_config:\n  cert_file: empty.pem\n  key_file: empty.pem\n"
    with pytest.raises(ConfigError, match="are not a certificate and its key in PEM"):
        load_web_config(written(tmp_path, text))
    text = "tls_server_config:\n  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: empty.pem\n"
    with pytest.raises(ConfigError, match=r"client_ca_file: .*empty\.pem holds no certificate in PEM"):
        load_web_config(written(tmp_path, text))


def test_an_authority_without_clients_to_verify_is_refused(tmp_path: Path, server: Certificate) -> None:
    """It would look safe and let everybody in."""
    text = "tls_server_config:\n  client_ca_file: ca.pem\n"
    with pytest.raises(ConfigError, match="has no effect without client_auth_type: RequireAndVerifyClientCert"):
        load_web_config(written(tmp_path, text))
