"""A small feed that a test changes, and applications with the WebSocket."""

import threading
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI

from streamgauge.model.websocket_counts import WebSocketCounts
from streamgauge.web import problem
from streamgauge.web.live import router
from streamgauge.web.live.feeds import Feed
from streamgauge.web.live.hub import Hub
from streamgauge.web.live.refusal import RefusedUpgrade
from streamgauge.web.live.session import LiveLimits
from streamgauge.web.live.versions import Item, Ring
from streamgauge.web.workers import Workers

PERIOD = 0.01


class Jobs:
    """A feed of jobs that a test changes from its own thread."""

    def __init__(self, **items: Item) -> None:
        self.items: Mapping[str, Item] = items
        self.broken = False
        self.asked = 0
        self.was_asked = threading.Event()

    def __call__(self) -> Mapping[str, Item]:
        """The items."""
        self.asked += 1
        self.was_asked.set()
        if self.broken:
            raise OSError("the store is locked")
        return self.items

    def put(self, **items: Item) -> None:
        """Have other items from now on."""
        self.items = items


def live_application(
    feeds: Mapping[str, Feed],
    *,
    limits: LiveLimits | None = None,
    counts: WebSocketCounts | None = None,
    ring: Ring | None = None,
    **hub: Any,
) -> FastAPI:
    """An application with nothing but the WebSocket, whose topics are computed a hundred times a second."""
    application = FastAPI()
    problem.install(application)
    made = Hub(feeds, Workers(), ring=ring, **{"period": PERIOD, **hub})
    application.include_router(router.create_router(made, version="1.2.3", counts=counts, limits=limits))
    application.add_middleware(RefusedUpgrade)
    return application
