"""`/-/reload`."""

from collections.abc import Callable
from concurrent.futures import Future

import bcrypt
import pytest

from streamgauge.errors import ConfigError, StreamgaugeError
from streamgauge.web.security import WebSecurity
from tests.web.clients import client
from tests.web.examples import store

WRONG = "a.yml: clusters[0].intervall: unknown key; did you mean 'interval'?\na.yml: log: nothing is given"


def reloading(error: StreamgaugeError | None = None) -> tuple[Callable[[], Future[None]], list[Future[None]]]:
    """What asks for a reload that comes to this at once, and what was asked for."""
    asked: list[Future[None]] = []

    def ask() -> Future[None]:
        future: Future[None] = Future()
        asked.append(future)
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)
        return future

    return ask, asked


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_reload_that_was_applied(method: str) -> None:
    """200 when the new configuration is in force; Prometheus takes PUT too."""
    ask, asked = reloading()
    answer = client(store(), reload=ask).request(method, "/-/reload")

    assert (answer.status_code, answer.text) == (200, "Streamgauge has reloaded its configuration.\n")
    assert answer.headers["cache-control"] == "no-store"
    assert len(asked) == 1


def test_a_reload_that_was_refused() -> None:
    """500 as Prometheus has it, with the whole message of the configuration's error."""
    ask, _ = reloading(ConfigError(WRONG))
    answer = client(store(), reload=ask).post("/-/reload")

    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"] == WRONG


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
@pytest.mark.parametrize("allowed", [True, False])
def test_looking_does_not_reload(method: str, *, allowed: bool) -> None:
    """405 for what a browser or a crawler may do by itself."""
    ask, asked = reloading()
    answer = client(store(), reload=ask if allowed else None).request(method, "/-/reload")

    assert answer.status_code == 405
    assert "POST" in answer.headers["allow"]
    assert asked == []


def test_it_is_off_unless_it_is_turned_on() -> None:
    """403, and how to reload all the same."""
    answer = client(store()).post("/-/reload")

    assert answer.status_code == 403
    assert answer.json()["detail"] == (
        "reloading by HTTP is off; start with --web.enable-lifecycle, or send SIGHUP to the process"
    )


def test_basic_authentication_guards_it() -> None:
    """Without a user's password nothing is reloaded."""
    ask, asked = reloading()
    users = {"prometheus": bcrypt.hashpw(b"secret", bcrypt.gensalt(4)).decode()}
    guarded = client(store(), security=WebSecurity(users=users), reload=ask)

    assert guarded.post("/-/reload").status_code == 401
    assert asked == []
    assert guarded.post("/-/reload", auth=("prometheus", "secret")).status_code == 200
    assert len(asked) == 1
