"""Owns the connections to one cluster: sends requests, counts them, bounds them in time.

The only module that reaches into kafka-python's inner parts: its connection manager and event loop, which have no
public door. ``tests/services/test_kafka_connection.py`` holds what is used here against a real broker.
Requests are sent as the library's message classes, so that each group's and each partition's error arrives in its
own field; the library's ``list_*`` helpers raise on the first error and lose the batch.
"""

import contextlib
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any, TypeVar

from kafka import errors as kafka_errors
from kafka.future import Future
from kafka.net.manager import KafkaConnectionManager
from kafka.net.selector import NetworkSelector
from kafka.protocol.metadata import MetadataRequest

from streamgauge.errors import SourceError
from streamgauge.sources.kafka.tokens import LONGEST_FETCH, Tokens

Result = TypeVar("Result")
NodeId = int | str  # brokers have numbers, bootstrap addresses 'bootstrap-0', ...
Wanted = Callable[[str], bool]  # whether a topic or group is read, by its name

_DEFAULTS: dict[str, Any] = {
    "client_id": "streamgauge",
    "receive_message_max_bytes": 256 * 1024 * 1024,  # the manager's own default, 1 MB, is a few thousand groups
    "reconnect_backoff_max_ms": 1000,  # a cycle is the real pace; a broker that is back is seen in the next one
    "max_in_flight_requests_per_connection": 100,
    "slow_task_threshold_secs": 0,  # decoding a large answer is slow, not stuck: no warning about it
}


class Connection:
    """Connections to one cluster's brokers. Made for one thread; ``interrupt`` alone may be called from others.

    Args:
        bootstrap_servers: addresses as ``host:port``.
        options: kafka-python's option names (see ``security``).
        api_version: a broker version to assume, for brokers that cannot be asked for theirs.
    """

    def __init__(
        self,
        bootstrap_servers: Sequence[str],
        options: Mapping[str, Any],
        api_version: tuple[int, ...] | None = None,
    ) -> None:
        self._options = {
            **_DEFAULTS,
            **options,
            "bootstrap_servers": list(bootstrap_servers),
            "api_version": api_version,
        }
        self.bootstrap_servers = tuple(bootstrap_servers)
        self._net: NetworkSelector | None = None
        self._manager: _CountingManager | None = None
        self._failed: dict[NodeId, Exception] = {}
        self._deadline = 0.0
        self.requests: Counter[str] = Counter()

    def run(self, work: Callable[[], Coroutine[Any, Any, Result]], deadline: float) -> Result:
        """Run a coroutine that uses ``ask`` to its end, for at most ``deadline`` seconds.

        Raises:
            SourceError: no broker could be reached, or the time was up. The connections are closed then, so that the
                next call starts from the bootstrap addresses again.
        """
        self._deadline = time.monotonic() + deadline
        self._failed.clear()
        if self._manager is None:
            self._net = NetworkSelector(**self._options)
            self._manager = _CountingManager(self._net, self.requests, **self._options)
        self._manager.forget_authentication_failures()
        try:
            result: Result = self._net_of().run(self._bounded, work, deadline)
        except SourceError:
            self.close()
            raise
        except kafka_errors.KafkaError as error:
            self.close()
            raise SourceError("cycle", code_of(error), str(error)) from error
        return result

    async def ask(self, node_id: NodeId, request: Any) -> Any:
        """Send one request to one node.

        A node that did not answer is not asked again in the same ``run``, so that one dead broker costs its time-out
        once. Each request may take half of the time that is left, so there is always some left for the others.

        Raises:
            kafka.errors.KafkaError: no answer; an answer with an error in it is an answer.
        """
        if node_id in self._failed:
            raise self._failed[node_id]
        manager = self._manager_of()
        timeout_ms = self._remaining() * 500
        try:
            conn = manager.get_connection(node_id, timeout_ms=timeout_ms)
            answer = conn.send_request(request, request_timeout_ms=timeout_ms)
            return await manager.wait_for(answer, timeout_ms)
        except kafka_errors.IncompatibleBrokerVersion:
            raise  # it answered what it cannot do; everything else still works
        except kafka_errors.KafkaError as error:
            self._failed[node_id] = error
            manager.drop(node_id, error)
            raise

    async def ask_each(self, requests: Mapping[NodeId, Any]) -> dict[NodeId, "Answer"]:
        """Send one request to each node at once; each answer, or the error in its place."""
        pending = {
            node_id: _Pending(self.ask(node_id, request), self._net_of()) for node_id, request in requests.items()
        }
        return {node_id: await one.answer() for node_id, one in pending.items()}

    async def ask_any(self, request: Any) -> Any:
        """Send a request to whichever broker answers: known brokers first, then the bootstrap addresses.

        Raises:
            SourceError: none answered; it names the last one's error.
        """
        last: Exception = kafka_errors.KafkaConnectionError("no bootstrap address answered")
        cluster = self._manager_of().cluster
        for broker in _shuffled(cluster.brokers()) + _shuffled(cluster.bootstrap_brokers()):
            try:
                return await self.ask(broker.node_id, request)
            except kafka_errors.KafkaError as error:
                last = error
        raise SourceError("connect", code_of(last), f"no broker answered: {last}") from last

    async def learn_brokers(self, metadata: Any) -> None:
        """Take over the brokers' addresses from an answer to a metadata request, when they have changed."""
        cluster = self._manager_of().cluster
        told = {(broker.node_id, broker.host, broker.port) for broker in metadata.brokers}
        if told != {(broker.node_id, broker.host, broker.port) for broker in cluster.brokers()}:
            # An answer about no topics is enough and cheap to take in; the large one stays ours alone.
            cluster.update_metadata(await self.ask_any(MetadataRequest(topics=[])))

    def supports(self, request_class: Any, version: int) -> bool:
        """Whether the brokers know a request in this version or a newer one."""
        known = self._manager_of().broker_version_data
        try:
            return known is not None and bool(known.api_version(request_class) >= version)
        except kafka_errors.IncompatibleBrokerVersion:
            return False

    def interrupt(self) -> None:
        """End a ``run`` that is under way, from another thread: it raises within milliseconds."""
        net, manager = self._net, self._manager
        if net is not None and manager is not None:
            with contextlib.suppress(RuntimeError):  # closed between the look and the call: nothing to interrupt
                net.call_soon_threadsafe(manager.close)

    def close(self) -> None:
        """Close every connection; the next ``run`` opens them anew."""
        manager, net = self._manager, self._net
        self._manager = self._net = None
        if manager is not None and net is not None:
            manager.close()
            net.close()

    async def _bounded(self, work: Callable[[], Coroutine[Any, Any, Result]], deadline: float) -> Result:
        manager = self._manager_of()
        result: Result = await manager.wait_for(manager.call_soon(work), deadline * 1000)
        return result

    def _remaining(self) -> float:
        remaining = self._deadline - time.monotonic()
        if remaining <= 0:
            raise kafka_errors.KafkaTimeoutError("the cycle's deadline has passed")
        return remaining

    def _manager_of(self) -> "_CountingManager":
        if self._manager is None or self._manager.closed:
            raise SourceError("cycle", "INTERRUPTED", "the connection was closed")
        return self._manager

    def _net_of(self) -> NetworkSelector:
        if self._net is None:
            raise SourceError("cycle", "INTERRUPTED", "the connection was closed")
        return self._net


class Answer:
    """An answer to one of several requests, or the error in its place, with the instants of sending and receiving."""

    __slots__ = ("answered", "asked", "error", "value")

    def __init__(self, asked: float) -> None:
        self.asked = asked
        self.answered = asked
        self.value: Any = None
        self.error: Exception | None = None


class _Pending:
    """A request under way: started at once, and stamped when its answer is there rather than when it is awaited."""

    def __init__(self, asking: Awaitable[Any], net: NetworkSelector) -> None:
        self._answer = Answer(time.monotonic())
        self._done = net.call_soon_with_future(self._ask, asking)

    async def _ask(self, asking: Awaitable[Any]) -> None:
        try:
            self._answer.value = await asking
        except (kafka_errors.KafkaError, SourceError) as error:
            self._answer.error = error
        self._answer.answered = time.monotonic()

    async def answer(self) -> Answer:
        await self._done
        return self._answer


class _CountingManager(KafkaConnectionManager):  # type: ignore[misc]  # kafka-python ships no types
    """kafka-python's connection manager, which counts every request that leaves, handshakes too."""

    def __init__(self, net: NetworkSelector, requests: Counter[str], **options: Any) -> None:
        super().__init__(net, **options)
        self._requests = requests

    def get_connection(self, node_id: NodeId, **options: Any) -> Any:
        known = self._conns.get(node_id)
        # The library's own refreshing of metadata is off: each cycle reads the metadata itself.
        conn = super().get_connection(node_id, **{**options, "refresh_metadata_on_err": False})
        if conn is not known:
            self._count(conn)
            self._await_tokens(conn)
        return conn

    def forget_authentication_failures(self) -> None:
        """Try again: a password may have been mended on the brokers."""
        self._auth_failures.clear()

    def drop(self, node_id: NodeId, error: Exception) -> None:
        """Close a node's connection, whatever state it is in."""
        conn = self._conns.get(node_id)
        if conn is not None:
            conn.close(error)

    async def _build_transport(self, node: Any, timeout_at: float | None = None) -> Any:
        """As the library's, which drops an answer that arrives together with the end of the connection.

        A broker that refuses a password says so and hangs up: without the answer it would look like a network fault.
        """
        transport = await super()._build_transport(node, timeout_at)
        receive = transport._sock_recv  # noqa: SLF001

        def receive_to_the_end() -> tuple[bytes, Exception | None]:
            received, error = receive()
            return received, None if received else error  # the end is met again by the next call

        transport._sock_recv = receive_to_the_end  # noqa: SLF001
        return transport

    def _await_tokens(self, conn: Any) -> None:
        """Let a connection that authenticates by token wait for one first, without blocking the others."""
        tokens = self.config["sasl_oauth_token_provider"]
        if tokens is None:
            return
        authenticate = conn._sasl_authenticate  # noqa: SLF001  # what connecting and authenticating anew both pass

        async def with_token(timeout_at: float | None = None) -> None:
            await self._renew(tokens, timeout_at)
            await authenticate(timeout_at)

        conn._sasl_authenticate = with_token  # noqa: SLF001

    async def _renew(self, tokens: Tokens, timeout_at: float | None) -> None:
        """Wait for a token that is due, for less than the connection may take: its failure is to be the one told."""
        left = LONGEST_FETCH if timeout_at is None else 0.8 * (timeout_at - time.monotonic())
        timeout = max(0.1, min(LONGEST_FETCH, left))
        # While the last token is good, the next one may come late: requests that wait for it need not.
        patience = min(timeout, 1.0) if tokens.has_one() else timeout
        renewal = tokens.renewal(timeout)
        if renewal is None:
            return
        net, ended = self._net, Future()

        def tell(_: object) -> None:
            with contextlib.suppress(RuntimeError):  # closed meanwhile: nobody waits
                net.call_soon_threadsafe(lambda: ended.success(None))

        renewal.add_done_callback(tell)
        try:
            await self.wait_for(ended, patience * 1000)
        except kafka_errors.KafkaTimeoutError:
            tokens.give_up(patience)

    def _count(self, conn: Any) -> None:
        send = conn._send_request  # noqa: SLF001  # the one place that every request passes, handshakes too

        def counted(request: Any, *args: Any, **kwargs: Any) -> Any:
            self._requests[type(request).name.removesuffix("Request")] += 1
            return send(request, *args, **kwargs)

        conn._send_request = counted  # noqa: SLF001


def code_of(error: Exception) -> str:
    """Kafka's own name of an error; for what never reached Kafka, a name of the same kind."""
    if isinstance(error, SourceError):
        return error.code
    text = str(error)
    if isinstance(error, kafka_errors.KafkaTimeoutError) or "timed out" in text:
        return "REQUEST_TIMED_OUT"
    if "Handshake failed" in text:
        return "SSL_HANDSHAKE_FAILED"
    if isinstance(error, kafka_errors.BrokerResponseError):
        return str(error.message or f"ERROR_{error.errno}")
    if isinstance(error, kafka_errors.IncompatibleBrokerVersion):
        return "UNSUPPORTED_VERSION"
    return "NETWORK_EXCEPTION"


def code_name(error_code: int) -> str:
    """Kafka's own name of a numeric error code in an answer."""
    return code_of(kafka_errors.for_code(error_code)())


def _shuffled(brokers: Sequence[Any]) -> list[Any]:
    return random.sample(brokers, len(brokers))
