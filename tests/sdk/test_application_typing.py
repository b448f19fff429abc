"""The calls as a program writes them: mypy reads this file with all its strictness, and pytest runs it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import assert_type

import pytest
from prometheus_client import CollectorRegistry

import streamgauge_sdk as gauge
from tests.sdk.application_process import fresh_program


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This process as a program that has told nothing so far."""
    with fresh_program(monkeypatch):
        yield


@gauge.action("double")
def double(number: int) -> int:
    """Twice."""
    return 2 * number


@gauge.action("fetch")
async def fetch(number: int) -> str:
    """As text."""
    return str(number)


@gauge.action("stream")
async def stream() -> AsyncIterator[bytes]:
    """One part."""
    yield b""


class Till:
    """A class whose methods are actions."""

    @gauge.action("pay")
    def pay(self, amount: float) -> float:
        """Pay."""
        return amount


async def _program() -> None:
    async with gauge.action("click") as action:
        assert_type(action, gauge.Action)
    assert_type(await fetch(1), str)
    async for part in stream():
        assert_type(part, bytes)


def test_the_calls_keep_the_types_of_what_they_decorate() -> None:
    """Arguments and results of decorated functions, methods and coroutines are as they were."""
    assert_type(double(2), int)
    assert_type(Till().pay(1.5), float)
    asyncio.run(_program())
    with pytest.raises(TypeError):
        double("2", 3)  # type: ignore[call-arg, arg-type]  # what a checker must find


def test_the_calls_take_and_give_what_they_say() -> None:
    """Each call, with each kind of argument."""
    gauge.application("shop", process="till-1", push=False)
    with gauge.action("click") as action:
        assert_type(action, gauge.Action)
        assert_type(gauge.current_action(), str | None)
    gauge.record_action("import", 2, success=True)
    gauge.record_event(0.5, False)  # noqa: FBT003 - as people write it
    gauge.queue_depth("inbox", 3)
    gauge.queue_depth("outbox", lambda: 3)
    gauge.queue_depth("waiting", asyncio.Queue[int]().qsize)
    gauge.queue_depth("outbox", None)
    assert_type(gauge.serve_metrics(0, address="127.0.0.1"), int | None)
    assert_type(gauge.exposition(openmetrics=True), str)
    CollectorRegistry().register(gauge.collector())
