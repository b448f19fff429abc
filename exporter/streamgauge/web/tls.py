"""Makes the TLS context from the web configuration's ``tls_server_config``, and renews its certificate."""

import logging
import ssl
from pathlib import Path

from streamgauge.errors import ConfigError
from streamgauge.web.web_file import Section

LOG = logging.getLogger("streamgauge.web.tls")

_KEYS = (
    "cert_file",
    "key_file",
    "client_auth_type",
    "client_ca_file",
    "min_version",
    "max_version",
    "cipher_suites",
    "prefer_server_cipher_suites",
)
_UNSUPPORTED = {
    "cert": "put the certificate into a file and name it with cert_file",
    "key": "put the key into a file and name it with key_file",
    "client_ca": "put the certificate into a file and name it with client_ca_file",
    "client_allowed_sans": "let a CA of its own sign the clients' certificates, or check names in a reverse proxy",
    "curve_preferences": "the curves are those of OpenSSL's default",
}
_VERSIONS = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}
_TOO_OLD = ("TLS10", "TLS11")
_CLIENT_AUTH = {
    "NoClientCert": ssl.CERT_NONE,
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}
_UNVERIFIED = ("RequestClientCert", "RequireClientCert", "RequireAnyClientCert")

# Go's names (crypto/tls) with OpenSSL's; Go offers no others. Those of TLS 1.3 are always on, in Go as in OpenSSL.
_CIPHERS = {
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA": "ECDHE-ECDSA-AES128-SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA": "ECDHE-ECDSA-AES256-SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA": "ECDHE-RSA-AES128-SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA": "ECDHE-RSA-AES256-SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": "ECDHE-ECDSA-AES128-GCM-SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": "ECDHE-ECDSA-AES256-GCM-SHA384",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": "ECDHE-RSA-AES128-GCM-SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": "ECDHE-RSA-AES256-GCM-SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-RSA-CHACHA20-POLY1305",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-ECDSA-CHACHA20-POLY1305",
}
_ALWAYS_ON = ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256")


class ServerCertificate:
    """The server's certificate and key, and the context that shows them.

    Args:
        context: the context.
        certificate: the certificate's file.
        key: the key's file.

    Raises:
        OSError: a file cannot be read.
        ssl.SSLError: they are not a certificate and its key.
    """

    def __init__(self, context: ssl.SSLContext, certificate: Path, key: Path) -> None:
        self.context = context
        self._files = certificate, key
        self._seen = self._stamps()
        self._load(context)

    def renew(self) -> None:
        """Load the files again if they have changed; connections that are open keep the old certificate."""
        stamps = self._stamps()
        if stamps == self._seen:
            return
        self._seen = stamps
        try:
            # Tried on a context of its own, as a failure in the middle would leave the real one without a key.
            self._load(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
            self._load(self.context)
        except (OSError, ConfigError) as error:
            LOG.warning("cannot load the changed certificate %s, the old one stays: %s", self._files[0], error)
        else:
            LOG.info("loaded the renewed certificate %s", self._files[0])

    def _stamps(self) -> tuple[tuple[int, int, int], ...]:
        """What changes when a file does; empty while one is missing."""
        try:
            statuses = [file.stat() for file in self._files]
        except OSError:
            return ()
        return tuple((status.st_mtime_ns, status.st_size, status.st_ino) for status in statuses)

    def _load(self, context: ssl.SSLContext) -> None:
        context.load_cert_chain(*self._files, password=self._refuse)

    def _refuse(self) -> str:
        # Without this OpenSSL would ask for the passphrase on the terminal, and wait.
        raise ConfigError(f"{self._files[1]} is encrypted; give a key without a passphrase")


def create_certificate(path: Path, values: object) -> ServerCertificate:
    """The certificate and the context that the section describes.

    Args:
        path: the web configuration file.
        values: what stands in the section.

    Raises:
        ConfigError: the section is wrong, or a file that it names.
    """
    section = Section(path, "tls_server_config", values, known=_KEYS, unsupported=_UNSUPPORTED)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _set_versions(context, section)
    _set_ciphers(context, section)
    _set_client_authentication(context, section)
    context.set_alpn_protocols(["http/1.1"])
    return _certificate(context, section)


def _set_versions(context: ssl.SSLContext, section: Section) -> None:
    for key in ("min_version", "max_version"):
        if section.text(key) in _TOO_OLD:
            raise section.error(key, f"is {section.text(key)!r}, which is broken; choose one of {', '.join(_VERSIONS)}")
    least = section.choice("min_version", _VERSIONS, default="TLS12")
    most = section.choice("max_version", _VERSIONS, default="TLS13")
    if _VERSIONS[least] > _VERSIONS[most]:
        raise section.error("min_version", f"is {least}, above max_version, which is {most}")
    context.minimum_version, context.maximum_version = _VERSIONS[least], _VERSIONS[most]


def _set_ciphers(context: ssl.SSLContext, section: Section) -> None:
    if section.boolean("prefer_server_cipher_suites", default=True):
        context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE
    else:
        context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    suites = section.texts("cipher_suites")
    for suite in suites:
        if suite not in _CIPHERS and suite not in _ALWAYS_ON:
            choices = ", ".join((*_CIPHERS, *_ALWAYS_ON))
            raise section.error("cipher_suites", f"unknown cipher suite {suite!r}; choose from {choices}")
    names = [_CIPHERS[suite] for suite in suites if suite in _CIPHERS]
    if suites and not names and context.minimum_version is not ssl.TLSVersion.TLSv1_3:
        raise section.error(
            "cipher_suites", "names suites of TLS 1.3 alone; add one of TLS 1.2 or set min_version: TLS13"
        )
    if names:
        context.set_ciphers(":".join(names))


def _set_client_authentication(context: ssl.SSLContext, section: Section) -> None:
    kind = section.text("client_auth_type")
    if kind in _UNVERIFIED:
        raise section.error(
            "client_auth_type", f"{kind} asks for certificates and verifies none; choose RequireAndVerifyClientCert"
        )
    mode = _CLIENT_AUTH[section.choice("client_auth_type", _CLIENT_AUTH, default="NoClientCert")]
    authority = section.file("client_ca_file")
    if authority is None and mode is not ssl.CERT_NONE:
        raise section.error("client_auth_type", f"{kind} needs client_ca_file: who signs the clients' certificates")
    if authority is not None and mode is ssl.CERT_NONE:
        raise section.error("client_ca_file", "has no effect without client_auth_type: RequireAndVerifyClientCert")
    context.verify_mode = mode
    if authority is None:
        return
    try:
        context.load_verify_locations(authority)
    except ssl.SSLError as error:
        raise section.error("client_ca_file", f"{authority} holds no certificate in PEM") from error


def _certificate(context: ssl.SSLContext, section: Section) -> ServerCertificate:
    certificate, key = _needed(section, "cert_file"), _needed(section, "key_file")
    try:
        return ServerCertificate(context, certificate, key)
    except ConfigError as error:
        raise section.error("key_file", str(error)) from error
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise section.error("key_file", f"{key} is not the key of the certificate {certificate}") from error
        raise section.error("cert_file", f"{certificate} and {key} are not a certificate and its key in PEM") from error


def _needed(section: Section, key: str) -> Path:
    file = section.file(key)
    if file is None:
        raise section.error(key, "is missing: TLS needs a certificate and its key")
    return file
