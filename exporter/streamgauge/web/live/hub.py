"""Computes the topics while somebody is subscribed, and makes each message once for all who need the same.

Everything here runs on the event loop but what takes time, which is done in threads: computing items, comparing them,
and making messages. A topic's version is a value, so threads need no lock.
"""

import asyncio
import functools
import logging
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from streamgauge.errors import StreamgaugeError
from streamgauge.web.live import protocol
from streamgauge.web.live.feeds import Feed
from streamgauge.web.live.prepared import Prepared, prepare
from streamgauge.web.live.versions import Ring, Version
from streamgauge.web.workers import Workers

LOG = logging.getLogger("streamgauge.web.live")

PERIOD_SECONDS = 0.5

_MOST_MESSAGES = 16  # of a topic's version are kept: clients of a few intervals need few different ones


class Subscriber(Protocol):
    """Who wants to know that a topic has news."""

    def wake(self) -> None:
        """There may be news."""


class State(NamedTuple):
    """How a topic is doing.

    Attributes:
        sequence: of the version that is served; None while there is none of now.
        failed: it could not be computed when that was tried last.
    """

    sequence: int | None
    failed: bool


class Update(NamedTuple):
    """A message, and the version to which it leads."""

    sequence: int
    message: Prepared


@dataclass(slots=True)
class _Topic:
    """A topic: its version, who waits for it, and the tasks that are about it.

    Attributes:
        made: messages of ``version`` by the position from which they lead.
    """

    name: str
    feed: Feed
    version: Version
    current: bool = False
    failed: bool = False
    computed_at: float = float("-inf")
    computing: "asyncio.Task[None] | None" = None
    following: "asyncio.Task[None] | None" = None
    subscribers: set[Subscriber] = field(default_factory=set)
    made: "dict[int | None, asyncio.Task[Prepared]]" = field(default_factory=dict)


class Hub:
    """The topics and their versions, for every client.

    Args:
        feeds: makes the items of each topic.
        workers: the threads for what takes time.
        ring: how far back a client may be.
        period: seconds between two computations of a topic, at least.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        feeds: Mapping[str, Feed],
        workers: Workers,
        *,
        ring: Ring | None = None,
        period: float = PERIOD_SECONDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.epoch = secrets.token_hex(8)
        self._workers = workers
        self._period = period
        self._clock = clock
        start = Version(ring=ring or Ring())
        self._topics = {name: _Topic(name, feed, start) for name, feed in feeds.items()}

    @property
    def topics(self) -> list[str]:
        """The topics that there are."""
        return list(self._topics)

    def subscribe(self, name: str, subscriber: Subscriber) -> None:
        """Compute the topic from now on, and wake the subscriber when it has news."""
        topic = self._topics[name]
        topic.subscribers.add(subscriber)
        if topic.following is None or topic.following.done():
            topic.following = asyncio.get_running_loop().create_task(self._follow(topic))

    def unsubscribe(self, name: str, subscriber: Subscriber) -> None:
        """Wake this subscriber no more; without any the topic rests."""
        topic = self._topics[name]
        topic.subscribers.discard(subscriber)
        if not topic.subscribers and topic.following is not None:
            topic.following.cancel()
            topic.following = None
            topic.current = False

    def state(self, name: str) -> State:
        """How a topic is doing now."""
        topic = self._topics[name]
        return State(topic.version.sequence if topic.current else None, topic.failed)

    async def update(self, name: str, position: int | None) -> Update:
        """The message that leads from a version that a client has, or from none, to the one of now."""
        topic = self._topics[name]
        version = topic.version
        if position is not None and not version.oldest <= position <= version.sequence:
            position = None
        making = topic.made.get(position)
        if making is None or making.cancelled():
            making = asyncio.get_running_loop().create_task(self._make(name, version, position))
            topic.made[position] = making
            if len(topic.made) > _MOST_MESSAGES:
                topic.made.pop(next(iter(topic.made)))
        return Update(version.sequence, await asyncio.shield(making))

    async def snapshot(self, name: str, identity: protocol.Id) -> Prepared | None:
        """A snapshot of now that answers a request; None where the topic cannot be computed."""
        topic = self._topics[name]
        await self._compute_once(topic)
        if topic.failed:
            return None
        whole = (await self.update(name, None)).message
        if identity is None:
            return whole
        return await self._workers.run(lambda: prepare(protocol.requested(whole.text, identity)))

    async def _make(self, name: str, version: Version, position: int | None) -> Prepared:
        return await self._workers.run(functools.partial(_message, name, version, position))

    async def _follow(self, topic: _Topic) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + self._period
            await self._compute_once(topic)
            if not topic.failed and not topic.current:
                topic.current = True
                _wake(topic)
            await asyncio.sleep(max(0.0, due - loop.time()))

    async def _compute_once(self, topic: _Topic) -> None:
        """Compute the topic, unless that was done within the period; those who ask meanwhile share it."""
        loop = asyncio.get_running_loop()
        if topic.computing is None or topic.computing.done():
            if loop.time() - topic.computed_at < self._period * 0.9:  # timers are not exact
                return
            topic.computing = loop.create_task(self._compute(topic))
        await asyncio.shield(topic.computing)

    async def _compute(self, topic: _Topic) -> None:
        before, had_failed = topic.version, topic.failed
        try:
            topic.version = await self._workers.run(lambda: before.next(topic.feed(), self._clock()))
            topic.failed = False
        except Exception as error:
            topic.failed = True
            if not had_failed:
                foreseen = isinstance(error, StreamgaugeError)  # its message says all; others are bugs
                what = f"cannot compute {topic.name} for the WebSocket; what was known stays"
                LOG.log(logging.WARNING if foreseen else logging.ERROR, "%s: %s", what, error, exc_info=not foreseen)
        topic.computed_at = asyncio.get_running_loop().time()
        if topic.version is not before:
            topic.made = {}
        if topic.version is not before or topic.failed is not had_failed:
            _wake(topic)


def _wake(topic: _Topic) -> None:
    for subscriber in list(topic.subscribers):
        subscriber.wake()


def _message(name: str, version: Version, position: int | None) -> Prepared:
    return prepare(protocol.update(name, version.sequence, version.time, version.since(position)))
