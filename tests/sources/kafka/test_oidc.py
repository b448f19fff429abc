"""What a token endpoint is asked, what its answers mean, and that no message repeats a secret."""

import base64
import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from streamgauge.sources.kafka.oidc import TokenEndpoint
from streamgauge.sources.kafka.tokens import TokenError
from tests.services.identity_provider import IdentityProvider, unsigned_token
from tests.services.process import free_ports
from tests.services.tls import Authority

TIMEOUT = 5.0
SECRET = "hunter2"


@pytest.fixture
def provider() -> Iterator[IdentityProvider]:
    """A token endpoint on the loopback interface."""
    with IdentityProvider() as running:
        yield running


@pytest.fixture
def endpoint(provider: IdentityProvider) -> TokenEndpoint:
    """The same as the exporter sees it."""
    return TokenEndpoint(provider.url, "gauge", SECRET, scope="kafka.read kafka.describe")


def refusal(endpoint: TokenEndpoint, timeout: float = TIMEOUT) -> str:
    """Why there is no token."""
    with pytest.raises(TokenError) as raised:
        endpoint.fetch(timeout)
    assert SECRET not in str(raised.value)
    return str(raised.value)


def test_the_request_is_that_of_client_credentials(provider: IdentityProvider, endpoint: TokenEndpoint) -> None:
    """The client shows its id and secret by basic authentication, and names the scope."""
    token = endpoint.fetch(TIMEOUT)
    (asked,) = provider.asked
    assert base64.b64decode(asked.authorization.removeprefix("Basic ")) == b"gauge:hunter2"
    assert asked.content_type == "application/x-www-form-urlencoded"
    assert asked.form == {"grant_type": ["client_credentials"], "scope": ["kafka.read kafka.describe"]}
    assert token.lifetime == 3600
    assert token.text.endswith(".")


def test_without_a_scope_none_is_named(provider: IdentityProvider, endpoint: TokenEndpoint) -> None:
    """The endpoint's own default counts then."""
    dataclasses.replace(endpoint, scope=None).fetch(TIMEOUT)
    assert provider.asked[0].form == {"grant_type": ["client_credentials"]}


@pytest.mark.parametrize(
    ("told", "lifetime"),
    [({"expires_in": 60}, 60), ({"expires_in": "60"}, 60), ({"expires_in": True}, 300), ({"expires_in": "x"}, 300)],
)
def test_how_long_a_token_is_good(
    provider: IdentityProvider, endpoint: TokenEndpoint, told: dict[str, object], lifetime: float
) -> None:
    """The endpoint says how long, as a number or as text; where it does not, five minutes are assumed."""
    provider.says(200, {"access_token": "opaque", **told})
    assert endpoint.fetch(TIMEOUT).lifetime == lifetime


def test_a_token_may_say_itself_how_long_it_is_good(provider: IdentityProvider, endpoint: TokenEndpoint) -> None:
    """Without the endpoint's word, a JWT's own expiry counts."""
    provider.says(200, {"access_token": unsigned_token("gauge", 50.0)})
    assert 40 < endpoint.fetch(TIMEOUT).lifetime <= 50
    provider.says(200, {"access_token": "not.base64!.jwt".replace("!", "")})
    assert endpoint.fetch(TIMEOUT).lifetime == 300


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (401, b'{"error": "invalid_client", "error_description": "hunter2"}', "answered 401 (invalid_client)"),
        (400, b'{"error": "hunter2"}', "answered 400"),
        (503, b"hunter2", "answered 503"),
        (200, b"hunter2", "answered no JSON object"),
        (200, b'["hunter2"]', "answered no JSON object"),
        (200, b'{"token": "hunter2"}', "answered without a token"),
        (200, b'{"access_token": "a\\u0001auth=b"}', "answered without a token"),
        (200, b" " * 300_000, "answered more than 256 KB"),
    ],
)
def test_other_answers_are_told_without_their_text(
    provider: IdentityProvider, endpoint: TokenEndpoint, status: int, body: bytes, message: str
) -> None:
    """A message has the status and the standard's own words, and nothing else of the answer."""
    provider.says(status, body)
    assert refusal(endpoint) == f"the token endpoint {message}"


def test_a_redirect_is_not_followed(provider: IdentityProvider, endpoint: TokenEndpoint) -> None:
    """The credentials go to the address of the configuration alone."""
    with IdentityProvider() as elsewhere:
        provider.says(302, Location=elsewhere.url)
        assert refusal(endpoint) == "the token endpoint answered 302"
        assert elsewhere.asked == []


def test_an_endpoint_that_hangs_costs_its_time_out(provider: IdentityProvider, endpoint: TokenEndpoint) -> None:
    """Who asks is told after the time-out."""
    provider.hangs = True
    assert refusal(endpoint, timeout=0.2) == "the token endpoint did not answer in time"


def test_an_endpoint_that_is_not_there(endpoint: TokenEndpoint) -> None:
    """The system's reason is told."""
    gone = dataclasses.replace(endpoint, url=f"http://127.0.0.1:{free_ports(1)[0]}/token")
    assert refusal(gone) == "the token endpoint could not be reached: Connection refused"


def test_an_endpoint_that_speaks_no_tls(endpoint: TokenEndpoint) -> None:
    """A plain endpoint at an https address is told as a fault of TLS."""
    plain = dataclasses.replace(endpoint, url=endpoint.url.replace("http:", "https:"))
    assert refusal(plain).startswith("the token endpoint could not be reached by TLS: ")


def test_the_authority_of_the_endpoint(endpoint: TokenEndpoint, tmp_path: Path) -> None:
    """A certificate authority of one's own is taken; a file that holds none is told."""
    (tmp_path / "broken.pem").write_text("no certificate")
    assert refusal(dataclasses.replace(endpoint, ca_location=tmp_path / "broken.pem")).startswith("https.ca.location")
    trusting = dataclasses.replace(endpoint, ca_location=Authority(tmp_path).certificate)
    assert trusting.fetch(TIMEOUT).lifetime == 3600


def test_the_secret_is_not_shown(endpoint: TokenEndpoint) -> None:
    """Neither by repr."""
    assert SECRET not in repr(endpoint)
