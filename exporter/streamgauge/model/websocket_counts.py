"""How many WebSockets there are and what has gone through them: counted by the web, served as metrics."""

from dataclasses import dataclass


@dataclass(slots=True)
class WebSocketCounts:
    """Counts since the start; one thread counts, any may read.

    Attributes:
        clients: WebSockets that are open now.
        received: messages from clients, the wrong ones too.
        sent: messages to clients.
    """

    clients: int = 0
    received: int = 0
    sent: int = 0
