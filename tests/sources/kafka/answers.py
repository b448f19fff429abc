"""A connection that answers what a test says: for answers that no real broker can be made to give."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

from streamgauge.sources.kafka.connection import Connection


class _Answering:
    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def supports(self, _request: object, _version: int) -> bool:
        return True

    async def ask_any(self, _request: object) -> Any:
        return self._answer

    async def ask_each(self, requests: Mapping[int, object]) -> dict[int, Any]:
        return {node_id: SimpleNamespace(error=None, value=self._answer) for node_id in requests}


def answering(answer: object) -> Connection:
    """A connection on which every request to every node is answered so."""
    return cast("Connection", _Answering(answer))
