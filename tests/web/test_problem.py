"""Errors are problem documents."""

import logging

import pytest

from tests.web.clients import client
from tests.web.examples import ExampleStore, ExampleView


class BrokenStore(ExampleStore):
    """A store with a fault."""

    def views(self) -> list[ExampleView]:
        """Never works."""
        raise RuntimeError("the inside of the program")


def test_an_unknown_path_is_a_problem() -> None:
    """It names what was asked for and where to look."""
    answer = client(ExampleStore()).get("/api/v2/groups")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "nothing is served at /api/v2/groups; /docs lists what is",
    }


def test_a_fault_of_ours_tells_nothing_of_the_inside(caplog: pytest.LogCaptureFixture) -> None:
    """500 with words for people."""
    with caplog.at_level(logging.ERROR):
        answer = client(BrokenStore()).get("/api/v1/groups")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "inside" not in answer.text


def test_every_wrong_parameter_is_named() -> None:
    """All at once, not one by one."""
    answer = client(ExampleStore()).get("/api/v1/groups?limit=0&sort=size&colour=red")
    assert answer.status_code == 422
    assert [error["parameter"] for error in answer.json()["errors"]] == ["limit", "sort", "colour"]
    assert "limit: Input should be greater than or equal to 1" in answer.json()["detail"]
