"""One client of the WebSocket: what it has asked for, and what it was sent last.

Two tasks: one reads and answers, one sends the topics' news. Both wait until a message was taken before they make the
next, so a slow client gets the newest state and nothing piles up.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from starlette.websockets import WebSocket, WebSocketDisconnect

from streamgauge.model.websocket_counts import WebSocketCounts
from streamgauge.web.live import protocol
from streamgauge.web.live.hub import Hub
from streamgauge.web.live.prepared import PREPARED, Prepared, prepare
from streamgauge.web.live.protocol import Incoming, MessageError, Ping, Request, Subscribe, Unsubscribe

_POLICY_VIOLATION = 1008
_REFUSED_BEFORE_CLOSING = 20


@dataclass(frozen=True, slots=True)
class LiveLimits:
    """What is bounded.

    Attributes:
        clients: WebSockets at once; above, 503.
        messages_per_second: messages of one client; above, they are refused, and then it is.
        heartbeat_seconds: after so much silence a heartbeat is sent.
    """

    clients: int = 256
    messages_per_second: int = 20
    heartbeat_seconds: float = 30


class MessageRate:
    """How often a client may write: a bucket that holds what one second may bring.

    Args:
        per_second: messages a second.
        now: the clock's time.
    """

    def __init__(self, per_second: int, now: float) -> None:
        self._per_second = per_second
        self._left = float(per_second)
        self._at = now
        self.refused = 0
        """Messages in a row that were too many."""

    def admits(self, now: float) -> bool:
        """Whether a message may come now."""
        self._left = min(self._per_second, self._left + (now - self._at) * self._per_second)
        self._at = now
        if self._left < 1:
            self.refused += 1
            return False
        self._left -= 1
        self.refused = 0
        return True


@dataclass(slots=True)
class _Subscription:
    """A topic that a client gets.

    Attributes:
        interval: seconds between two messages on average, at least; half of it between any two. News of a source that
            is read at the same interval would else come ever later: a late message would delay all that follow.
        position: the version that the client has; None: none.
        due: when the next message may be sent.
        told_failed: it knows that the topic cannot be computed.
    """

    interval: float
    position: int | None
    due: float = field(default=float("-inf"))
    told_failed: bool = False

    def follow(self, now: float) -> None:
        """A message is sent now: when the next one may be."""
        self.due = max(self.due + self.interval, now + self.interval / 2)


class Session:
    """One client, until it leaves.

    Args:
        websocket: its connection, accepted.
        hub: the topics.
        version: Streamgauge's version.
        limits: what is bounded.
        counts: where messages are counted.
        clock: monotonic seconds.
    """

    def __init__(  # noqa: PLR0913 - what one client is made of
        self,
        websocket: WebSocket,
        hub: Hub,
        *,
        version: str,
        limits: LiveLimits,
        counts: WebSocketCounts,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._websocket = websocket
        self._hub = hub
        self._version = version
        self._limits = limits
        self._counts = counts
        self._clock = clock
        self._subscriptions: dict[str, _Subscription] = {}
        self._woken = asyncio.Event()
        self._sent_at = clock()
        self._rate = MessageRate(limits.messages_per_second, self._sent_at)

    def wake(self) -> None:
        """A topic may have news."""
        self._woken.set()

    async def run(self) -> None:
        """Serve the client until it leaves, or writes too much."""
        try:
            await self._send(self._hello())
            async with asyncio.TaskGroup() as tasks:
                pushing = tasks.create_task(self._push())
                await self._listen()
                pushing.cancel()
            await self._websocket.close(_POLICY_VIOLATION, "too many messages")
        except* WebSocketDisconnect:
            pass
        finally:
            for name in self._subscriptions:
                self._hub.unsubscribe(name, self)

    def _hello(self) -> Prepared:
        hub = self._hub
        heartbeat = self._limits.heartbeat_seconds
        text = protocol.hello(epoch=hub.epoch, version=self._version, topics=hub.topics, heartbeat_seconds=heartbeat)
        return prepare(text)

    async def _send(self, message: Prepared) -> None:
        """Send a message; returns when it was taken."""
        await self._websocket.send({"type": "websocket.send", "text": message.text, PREPARED: message})
        self._counts.sent += 1
        self._sent_at = self._clock()

    async def _listen(self) -> None:
        """Read and answer until the client writes too much; it leaves by ``WebSocketDisconnect``."""
        while True:
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message["code"])
            self._counts.received += 1
            if self._rate.admits(self._clock()):
                await self._take(message.get("text"))
            elif self._rate.refused == 1:
                most = self._limits.messages_per_second
                await self._complain(f"more than {most} messages a second: this one is ignored, and more end it")
            elif self._rate.refused > _REFUSED_BEFORE_CLOSING:
                return

    async def _take(self, text: str | None) -> None:
        if text is None:
            await self._complain("a message is JSON as text, not binary")
            return
        try:
            message = protocol.read(text)
        except MessageError as error:
            await self._complain(str(error))
            return
        await self._answer(message)

    async def _answer(self, message: Incoming) -> None:
        match message:
            case Subscribe():
                await self._subscribe(message)
            case Unsubscribe():
                await self._unsubscribe(message)
            case Ping():
                await self._send(prepare(protocol.pong(message.id, time.time())))
            case Request():
                await self._request(message)

    async def _subscribe(self, message: Subscribe) -> None:
        resume = message.resume
        sequences = resume.sequences if resume is not None and resume.epoch == self._hub.epoch else {}
        for name in await self._known(message.topics):
            self._subscriptions[name] = _Subscription(message.interval, sequences.get(name))
            self._hub.subscribe(name, self)
        self.wake()

    async def _unsubscribe(self, message: Unsubscribe) -> None:
        for name in await self._known(message.topics):
            if self._subscriptions.pop(name, None) is not None:
                self._hub.unsubscribe(name, self)

    async def _request(self, message: Request) -> None:
        if not await self._known([message.topic], message.id):
            return
        snapshot = await self._hub.snapshot(message.topic, message.id)
        if snapshot is None:
            await self._complain(_failed(message.topic), message.id)
        else:
            await self._send(snapshot)

    async def _known(self, topics: Iterable[str], identity: protocol.Id = None) -> list[str]:
        """Those that there are, each once; the client is told of the others."""
        asked, there = list(dict.fromkeys(topics)), self._hub.topics
        for name in asked:
            if name not in there:
                await self._complain(f"there is no topic {name!r} here; there are: {', '.join(there)}", identity)
        return [name for name in asked if name in there]

    async def _complain(self, detail: str, identity: protocol.Id = None) -> None:
        await self._send(prepare(protocol.error(detail, identity)))

    async def _push(self) -> None:
        """Send what is new of each topic, not more often than the client wants it."""
        while True:
            self._woken.clear()
            for name, subscription in list(self._subscriptions.items()):
                await self._advance(name, subscription)
            if self._clock() >= self._sent_at + self._limits.heartbeat_seconds:
                await self._send(prepare(protocol.heartbeat(time.time())))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, self._next_due() - self._clock())):
                    await self._woken.wait()

    async def _advance(self, name: str, subscription: _Subscription) -> None:
        state = self._hub.state(name)
        if state.failed is not subscription.told_failed:
            subscription.told_failed = state.failed
            if state.failed:
                await self._complain(_failed(name))
        if not self._is_behind(name, subscription) or self._clock() < subscription.due:
            return
        update = await self._hub.update(name, subscription.position)
        if self._subscriptions.get(name) is subscription:  # else it was changed while the message was made
            subscription.position = update.sequence
            subscription.follow(self._clock())
            await self._send(update.message)

    def _is_behind(self, name: str, subscription: _Subscription) -> bool:
        sequence = self._hub.state(name).sequence
        return sequence is not None and sequence != subscription.position

    def _next_due(self) -> float:
        heartbeat = self._sent_at + self._limits.heartbeat_seconds
        due = (each.due for name, each in self._subscriptions.items() if self._is_behind(name, each))
        return min((heartbeat, *due))


def _failed(topic: str) -> str:
    return f"{topic} cannot be read now: what was sent of it may be old"
