"""What the server asks of each open connection, whatever is spoken on it."""

import asyncio
from typing import Protocol


class Peer(Protocol):
    """An open connection."""

    transport: asyncio.Transport

    @property
    def answering(self) -> bool:
        """Whether an answer is under way, which holds a page in memory, up to its last byte."""

    @property
    def idle_since(self) -> float | None:
        """Since when it could make room for another; None: it may not be asked to."""

    def enforce(self, now: float) -> None:
        """Drop the connection when its client has taken too long."""


Peers = set[Peer]
"""Every open connection of the server."""
