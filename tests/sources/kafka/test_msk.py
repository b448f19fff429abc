"""Tokens for Amazon MSK: signed as AWS does, out of whatever credentials botocore finds."""

import base64
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest

from streamgauge.sources.kafka.msk import LIFETIME, AwsTokens, Credentials, signed_token
from streamgauge.sources.kafka.tokens import TokenError

NOW = datetime(2026, 11, 22, 5, tzinfo=UTC)
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"  # of AWS's documentation
CREDENTIALS = Credentials("AKIDEXAMPLE", SECRET, None)


@dataclass
class Session:
    """Stands for botocore's session."""

    region: str | None = "eu-west-1"
    credentials: Credentials | None = CREDENTIALS

    def get_config_variable(self, name: str) -> str | None:
        """The region of the AWS configuration."""
        return self.region if name == "region" else None

    def get_credentials(self) -> SimpleNamespace | None:
        """Credentials that renew themselves."""
        found = self.credentials
        if found is None:
            return None
        frozen = SimpleNamespace(access_key=found.access_key, secret_key=found.secret_key, token=found.session_token)
        return SimpleNamespace(get_frozen_credentials=lambda: frozen)


@pytest.fixture(autouse=True)
def _no_region_around(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_REGION", raising=False)


def query_of(token: str) -> dict[str, str]:
    """What a token's address asks."""
    url = urlsplit(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode())
    assert (url.scheme, url.netloc, url.path) == ("https", "kafka.eu-west-1.amazonaws.com", "/")
    return {name: values[0] for name, values in parse_qs(url.query).items()}


@pytest.mark.parametrize(
    ("session_token", "signature"),
    [
        (None, "23e21dec31d3697612754b102d59a7dd5938b4d2b41ae513fb1a00eb543766fd"),
        (
            "FwoGZXIvYXdzE+/=token with/slash",
            "becd5ba1597e2f0d124ba94442f14cad723a2b9d2ef9e0b275271e5ff818dc6c",
        ),
    ],
)
def test_the_signature_is_botocores(session_token: str | None, signature: str) -> None:
    """The same credentials at the same time give the signature that botocore 1.44.5 gave."""
    query = query_of(signed_token(Credentials("AKIDEXAMPLE", SECRET, session_token), "eu-west-1", NOW))
    assert query["X-Amz-Signature"] == signature
    assert query["Action"] == "kafka-cluster:Connect"
    assert query["X-Amz-Date"] == "20261122T050000Z"
    assert query["X-Amz-Expires"] == "900"
    assert query.get("X-Amz-Security-Token") == session_token


def test_a_token_is_signed_with_what_the_session_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials are botocore's; the region is AWS_REGION, else that of the AWS configuration."""
    token = AwsTokens(Session(), lambda: NOW).fetch(1.0)
    assert token.lifetime == LIFETIME
    assert query_of(token.text)["X-Amz-Credential"].endswith("/eu-west-1/kafka-cluster/aws4_request")
    assert SECRET not in repr(token)
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert AwsTokens(Session(region=None), lambda: NOW).fetch(1.0).text == token.text


@pytest.mark.parametrize(
    ("session", "message"),
    [
        (Session(region=None), "the AWS region is not known; set AWS_REGION"),
        (Session(credentials=None), "no AWS credentials were found"),
    ],
)
def test_what_is_missing_is_told(session: Session, message: str) -> None:
    """Without a region or credentials there is no token, and the reason says what to do."""
    with pytest.raises(TokenError, match=message):
        AwsTokens(session).fetch(1.0)


def test_without_botocore_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where botocore is not installed, the message says how to."""
    monkeypatch.setitem(sys.modules, "botocore", None)
    monkeypatch.setitem(sys.modules, "botocore.session", None)
    with pytest.raises(TokenError, match=r"'botocore' is not there; install 'streamgauge\[aws\]'"):
        AwsTokens().fetch(1.0)


def test_botocore_is_asked_for_a_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """One session is made and kept: it is what keeps and renews credentials."""
    made: list[Session] = []

    def make() -> Session:
        made.append(Session())
        return made[-1]

    monkeypatch.setitem(sys.modules, "botocore", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "botocore.session", SimpleNamespace(Session=make))
    tokens = AwsTokens()
    assert tokens.fetch(1.0).lifetime == tokens.fetch(1.0).lifetime == LIFETIME
    assert len(made) == 1
