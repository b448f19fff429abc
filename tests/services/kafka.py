"""A real Kafka for tests: `Kafka` is one at an address, `KafkaCluster` starts brokers of its own.

The brokers are plain processes of the packages that `make services` fetches, rather than containers: tests kill, pause
and restart single brokers, and the packages hold the same code as the images. `STREAMGAUGE_TEST_KAFKA` in the
environment (bootstrap addresses, no security) stands in for the single plain broker.

What the tests do with the cluster goes through confluent-kafka; Streamgauge's own calls are never used to check it.
"""

import base64
import os
import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from confluent_kafka import (
    Consumer,
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ClusterMetadata,
    NewTopic,
    PartitionMetadata,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from tests.services.kafka_security import SECURED_LISTENERS, USERS, security_properties
from tests.services.polling import eventually
from tests.services.process import ServiceMissingError, ServiceProcess, free_ports
from tests.services.tls import Authority, Certificate

ADDRESS_VARIABLE = "STREAMGAUGE_TEST_KAFKA"
PACKAGES = Path(__file__).parents[2] / "build" / "services" / "kafka"

START_DEADLINE = 90.0  # a broker needs one or two; the machine of a CI run may be busy with much else
CALL_DEADLINE = 20.0

_BROKER = {
    # The default of 128 MB of heap is most of a small broker's memory.
    "log.cleaner.dedupe.buffer.size": "2097152",
    "num.network.threads": "1",
    "num.io.threads": "2",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.num.partitions": "4",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "2",
    "share.coordinator.state.topic.min.isr": "1",
    # Groups form, and lose a member, at once; the defaults wait for seconds and more.
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    "group.consumer.min.session.timeout.ms": "1000",
    "group.consumer.session.timeout.ms": "6000",
    "group.consumer.min.heartbeat.interval.ms": "250",
    "group.consumer.heartbeat.interval.ms": "500",
}

QUICK_SESSIONS = {"broker.session.timeout.ms": "3000", "broker.heartbeat.interval.ms": "500"}
"""How soon a lost broker is noticed, and a killed one may come back: after 3 s instead of 9 s.

Always so with several brokers; a single one that is killed and restarted takes it as its `properties`. The others keep
Kafka's patience: on a busy machine a broker that is alone must not be taken for lost.
"""

_CLIENT_LISTENERS = {"PLAINTEXT": "PLAINTEXT"}
_CONTROLLER = "CONTROLLER"


_COORDINATOR_COMING = (
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.NOT_COORDINATOR,
)


class Kafka:
    """A Kafka at an address: topics, records, groups. On closing it deletes the topics and groups that it made."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._topics: set[str] = set()
        self._groups: set[str] = set()
        self._admin: AdminClient | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leave the cluster as it was found."""
        for group in sorted(self._groups):
            self.delete_group(group)
        for topic in sorted(self._topics):
            self.delete_topic(topic)

    @property
    def bootstrap(self) -> str:
        """The brokers' addresses without security, comma separated."""
        return self._bootstrap

    def client_config(self, **config: Any) -> dict[str, Any]:
        """A librdkafka configuration that reaches the cluster, does not print, and reconnects quickly."""
        return {
            "bootstrap.servers": self.bootstrap,
            "log_level": 0,
            "reconnect.backoff.ms": 50,
            "reconnect.backoff.max.ms": 500,
            **config,
        }

    @property
    def admin(self) -> AdminClient:
        """An admin client for what has no method here; take it anew each time."""
        if self._admin is None:
            # Asking for a topic by name creates it, unless that is turned off.
            config = {"bootstrap.servers": self._answering(), "allow.auto.create.topics": False}
            self._admin = AdminClient(self.client_config(**config))
        return self._admin

    def unique(self, stem: str) -> str:
        """A name that no other test has: tests share the cluster."""
        return f"{stem}-{uuid.uuid4().hex[:8]}"

    def create_topic(
        self, name: str, partitions: int = 1, replication: int = 1, config: Mapping[str, str] | None = None
    ) -> str:
        """Create a topic, wait until every broker knows each partition with all replicas in sync; returns the name."""
        new = NewTopic(name, num_partitions=partitions, replication_factor=replication, config=dict(config or {}))
        self.admin.create_topics([new])[name].result(CALL_DEADLINE)
        self._topics.add(name)

        def complete() -> bool:
            return all(
                [len(each.isrs) for each in _partitions(view, name).values()] == [replication] * partitions
                for view in self._views(name)
            )

        eventually(complete, deadline=CALL_DEADLINE, every=0.05)
        return name

    def delete_topic(self, name: str) -> None:
        """Delete a topic and wait until no broker knows it; one that is not there is fine."""
        self._topics.discard(name)
        _unless(KafkaError.UNKNOWN_TOPIC_OR_PART, self.admin.delete_topics([name])[name])

        def gone() -> bool:
            return not any(_partitions(view, name) for view in self._views(name))

        eventually(gone, deadline=CALL_DEADLINE, every=0.05)

    def produce(
        self,
        topic: str,
        partition: int = 0,
        count: int = 1,
        *,
        value: bytes = b"record",
        at: Callable[[int], float] | None = None,
        **config: Any,
    ) -> int:
        """Write records to one partition and wait until all are acknowledged.

        Args:
            topic: the topic, which must be there.
            partition: the partition.
            count: how many records.
            value: what each one holds.
            at: from a record's number, which starts at 0, its timestamp in Unix seconds; now, when it is not given.
            config: further settings of the producer.

        Returns:
            The offset after the last record, which is the partition's end when nobody else writes.

        Raises:
            KafkaException: when a record could not be written.
        """
        ends = [0]
        failures: list[KafkaError] = []

        def delivered(error: KafkaError | None, message: Message) -> None:
            if error is not None:
                failures.append(error)
            else:
                ends.append((message.offset() or 0) + 1)

        with self.producer(**config) as producer:
            for number in range(count):
                # Zero lets the client take the time of the call.
                timestamp = 0 if at is None else round(at(number) * 1000)
                while True:
                    try:
                        producer.produce(topic, value, partition=partition, timestamp=timestamp, on_delivery=delivered)
                    except BufferError:  # the client's queue is full: let it drain
                        producer.poll(0.1)
                    else:
                        break
            producer.flush()
        if failures:
            raise KafkaException(failures[0])
        return max(ends)

    def commit(self, group: str, offsets: Mapping[tuple[str, int], int]) -> None:
        """Commit offsets for a group without members; a group that is not there is created, as a classic one.

        Raises:
            KafkaException: when a partition is refused, for example because the group has members.
        """
        self._groups.add(group)
        partitions = [TopicPartition(topic, partition, offset) for (topic, partition), offset in offsets.items()]
        request = ConsumerGroupTopicPartitions(group, partitions)

        def committed() -> bool:
            answer = self.admin.alter_consumer_group_offsets([request])[group].result(CALL_DEADLINE)
            errors = [partition.error for partition in answer.topic_partitions if partition.error is not None]
            # A broker that has just made its offsets topic takes a moment to coordinate groups.
            if any(error.code() in _COORDINATOR_COMING for error in errors):
                return False
            if errors:
                raise KafkaException(errors[0])
            return True

        eventually(committed, deadline=CALL_DEADLINE, every=0.05)

    def delete_group(self, group: str) -> None:
        """Delete a group without members; one that is not there is fine."""
        self._groups.discard(group)
        _unless(KafkaError.GROUP_ID_NOT_FOUND, self.admin.delete_consumer_groups([group])[group])

    def consumer(self, group: str, *topics: str, **config: Any) -> Consumer:
        """A consumer that starts at the earliest record and commits when told; use it in a `with` statement.

        Args:
            group: its group.
            topics: what it subscribes to; nothing, when there are none.
            config: further settings, for example `**{"group.protocol": "consumer"}`.
        """
        self._groups.add(group)
        defaults = {"group.id": group, "auto.offset.reset": "earliest", "enable.auto.commit": False}
        consumer = Consumer(self.client_config(**{**defaults, **config}))
        if topics:
            consumer.subscribe(list(topics))
        return consumer

    def producer(self, **config: Any) -> Producer:
        """A producer; use it in a `with` statement. It gives a record up after 30 s."""
        return Producer(self.client_config(**{"message.timeout.ms": 30_000, **config}))

    def leader(self, topic: str, partition: int = 0) -> int:
        """The id of the broker that leads a partition.

        Raises:
            AssertionError: when no broker leads it, which `eventually` waits out.
        """
        found = _partitions(self._metadata(topic), topic)
        assert partition in found, f"there is no partition {topic}/{partition}"
        assert found[partition].leader >= 0, f"no broker leads {topic}/{partition}"
        return int(found[partition].leader)

    def coordinator(self, group: str) -> int:
        """The id of the broker that coordinates a group."""
        described = self.admin.describe_consumer_groups([group])[group].result(CALL_DEADLINE)
        return int(described.coordinator.id)

    def under_replicated(self) -> list[tuple[str, int]]:
        """The partitions with fewer replicas in sync than they should have, internal topics too."""
        return _under_replicated(self._metadata())

    def _answering(self) -> str:
        """The addresses that the admin client starts from."""
        return self.bootstrap

    def _metadata(self, topic: str | None = None) -> ClusterMetadata:
        # Not `describe_topics`: that one asks a single broker, and waits when just that one is paused.
        topics = [topic] if topic else []
        try:
            return self.admin.list_topics(*topics, timeout=CALL_DEADLINE)
        except KafkaException as failure:
            # The broker that was asked has just died; another one answers.
            if failure.args[0].code() != KafkaError._TRANSPORT:
                raise
            return self.admin.list_topics(*topics, timeout=CALL_DEADLINE)

    def _views(self, topic: str | None = None) -> Iterator[ClusterMetadata]:
        """What each broker that answers knows of the cluster: one may be behind the others."""
        yield self._metadata(topic)


@dataclass(frozen=True)
class _Broker:
    """One broker: a process, its folder, and its listeners' ports."""

    node: int
    folder: Path
    ports: Mapping[str, int]
    process: ServiceProcess


class KafkaCluster(Kafka):
    """Brokers of the tests' own, as processes on the loopback interface; each is a controller as well.

    Use it in a `with` statement. Nodes are numbered from 1. `kill`, `stop` and `pause` take one away in three ways,
    `restart` and `resume` bring it back, `heal` brings all back.

    Args:
        folder: where data, configurations and logs go; the data are removed on closing.
        brokers: how many.
        secured: listeners with SASL (PLAIN, SCRAM) and TLS, and ACLs. The plain listener stays all-powerful, so that
            tests can arrange what they need, and so does a client on the SSL listener that shows no certificate:
            both are `User:ANONYMOUS`.
        properties: more of the brokers' configuration, or another value for what stands here.
        heap: the most heap of a broker's JVM.
    """

    def __init__(
        self,
        folder: Path,
        *,
        brokers: int = 1,
        secured: bool = False,
        properties: Mapping[str, str] | None = None,
        heap: str = "192m",
    ) -> None:
        self.folder = folder.resolve()
        self.secured = secured
        self.cluster_id = _kafka_uuid()
        self._properties = dict(properties or {})
        self._heap = heap
        self._paused: set[int] = set()
        self._listeners = SECURED_LISTENERS if secured else _CLIENT_LISTENERS
        self._authority = Authority(self.folder / "tls") if secured else None
        ports = iter(free_ports(brokers * (len(self._listeners) + 1)))
        self._brokers = {
            node: self._broker(node, {name: next(ports) for name in (*self._listeners, _CONTROLLER)})
            for node in range(1, brokers + 1)
        }
        super().__init__(self._addresses("PLAINTEXT"))

    def __enter__(self) -> Self:
        self.start()
        return self

    def start(self) -> None:
        """Start every broker and wait until each of them sees all.

        Raises:
            ServiceMissingError: when Java or Kafka's packages are not there.
            ServiceFailedError: when a broker does not start; with the end of its log.
        """
        _require_packages()
        try:
            for broker in self._brokers.values():
                self._prepare(broker)
                broker.process.start()
            for node in self._brokers:
                self._wait_for(node, seen=set(self._brokers))
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Kill every broker and remove their data; the logs stay."""
        for broker in self._brokers.values():
            broker.process.kill()
        for broker in self._brokers.values():
            shutil.rmtree(broker.folder / "data", ignore_errors=True)

    @property
    def nodes(self) -> list[int]:
        """The brokers' ids."""
        return list(self._brokers)

    def running(self, node: int) -> bool:
        """Whether a broker's process lives; a paused one does."""
        return self._brokers[node].process.running

    def log(self, node: int) -> Path:
        """A broker's log file: warnings and errors."""
        return self._brokers[node].process.log

    def address(self, node: int, listener: str = "PLAINTEXT") -> str:
        """The address of one broker's listener (`SECURED_LISTENERS`, and PLAINTEXT alone without security)."""
        return f"127.0.0.1:{self._brokers[node].ports[listener]}"

    def kill(self, node: int) -> None:
        """Take a broker away as a crash does (SIGKILL)."""
        self._brokers[node].process.kill()
        self._went_on(node)

    def stop(self, node: int) -> None:
        """Shut a broker down in its own way (SIGTERM); it hands its partitions over first."""
        self._brokers[node].process.stop()
        self._went_on(node)

    def pause(self, node: int) -> None:
        """Freeze a broker (SIGSTOP): it accepts connections and answers nothing."""
        self._brokers[node].process.pause()
        # A client that talks to it already would go on asking it, and wait.
        self._paused.add(node)
        self._admin = None

    def resume(self, node: int) -> None:
        """Let a paused broker go on; it may take a moment until the others see it again."""
        self._brokers[node].process.resume()
        self._went_on(node)

    def restart(self, node: int) -> None:
        """Start a broker on its old data and addresses, stopping it first if it runs, and wait until it is seen.

        One that was killed is let in again only when its session has ended: see `QUICK_SESSIONS`.
        """
        self.stop(node)
        self._brokers[node].process.start()
        self._wait_for(node, seen={node})

    def heal(self) -> None:
        """Bring every broker back and wait until every partition is fully replicated again."""
        for node, broker in self._brokers.items():
            if broker.process.running:
                self.resume(node)
            else:
                broker.process.start()
        for node in self._brokers:
            self._wait_for(node, seen=set(self._brokers))
        eventually(lambda: not any(map(_under_replicated, self._views())), deadline=START_DEADLINE)

    @property
    def bootstrap_sasl(self) -> str:
        """The addresses with SASL over plain connections."""
        return self._addresses("SASL_PLAINTEXT")

    @property
    def bootstrap_ssl(self) -> str:
        """The addresses with TLS and no SASL."""
        return self._addresses("SSL")

    @property
    def bootstrap_sasl_ssl(self) -> str:
        """The addresses with SASL over TLS."""
        return self._addresses("SASL_SSL")

    @property
    def authority(self) -> Authority:
        """Who issued the brokers' certificate, and issues clients' ones: CN=exporter is `User:exporter`."""
        if self._authority is None:
            raise LookupError("the cluster has no TLS: start it with secured=True")
        return self._authority

    def sasl_config(
        self, user: str, password: str | None = None, *, mechanism: str = "PLAIN", tls: bool = False
    ) -> dict[str, str]:
        """The settings of librdkafka for a user; without a password that of `USERS`."""
        protocol = "SASL_SSL" if tls else "SASL_PLAINTEXT"
        return {
            "bootstrap.servers": self._addresses(protocol),
            "security.protocol": protocol,
            "sasl.mechanism": mechanism,
            "sasl.username": user,
            "sasl.password": USERS[user] if password is None else password,
            **({"ssl.ca.location": str(self.authority.certificate)} if tls else {}),
        }

    def ssl_config(self, client: Certificate | None = None) -> dict[str, str]:
        """The settings of librdkafka for TLS; without a client's certificate that is `User:ANONYMOUS`."""
        own = (
            {"ssl.certificate.location": str(client.certificate), "ssl.key.location": str(client.key)} if client else {}
        )
        return {
            "bootstrap.servers": self.bootstrap_ssl,
            "security.protocol": "SSL",
            "ssl.ca.location": str(self.authority.certificate),
            **own,
        }

    def add_scram_user(self, user: str, password: str, *, mechanism: str = "SCRAM-SHA-512") -> None:
        """Let a user connect by SASL SCRAM (SCRAM-SHA-256 or SCRAM-SHA-512)."""
        known = ScramMechanism[mechanism.replace("-", "_")]
        change = UserScramCredentialUpsertion(user, ScramCredentialInfo(known, 4096), password.encode())
        self.admin.alter_user_scram_credentials([change])[user].result(CALL_DEADLINE)

    def allow(
        self,
        user: str,
        *operations: AclOperation,
        topic: str | None = None,
        group: str | None = None,
        cluster: bool = False,
        prefixed: bool = False,
    ) -> None:
        """Allow a user operations on a topic, a group and the cluster (each that is named), and wait until it holds.

        Args:
            user: without `User:`.
            operations: what is allowed.
            topic: a topic's name; `*` is all.
            group: a group's name; `*` is all.
            cluster: the cluster itself.
            prefixed: the names are prefixes.
        """
        named = ResourcePatternType.PREFIXED if prefixed else ResourcePatternType.LITERAL
        resources = [
            (ResourceType.TOPIC, topic, named),
            (ResourceType.GROUP, group, named),
            (ResourceType.BROKER, "kafka-cluster" if cluster else None, ResourcePatternType.LITERAL),
        ]
        wanted = [
            AclBinding(kind, name, pattern, f"User:{user}", "*", operation, AclPermissionType.ALLOW)
            for kind, name, pattern in resources
            if name is not None
            for operation in operations
        ]
        for future in self.admin.create_acls(wanted).values():
            future.result(CALL_DEADLINE)
        eventually(lambda: set(wanted) <= set(self._acls(user)), deadline=CALL_DEADLINE, every=0.05)

    def forbid_all(self, user: str) -> None:
        """Take back what a user was allowed, and wait until it holds."""
        everything = _acls_of(user)
        self.admin.delete_acls([everything])[everything].result(CALL_DEADLINE)
        eventually(lambda: not self._acls(user), deadline=CALL_DEADLINE, every=0.05)

    def _acls(self, user: str) -> Sequence[AclBinding]:
        found: Sequence[AclBinding] = self.admin.describe_acls(_acls_of(user)).result(CALL_DEADLINE)
        return found

    def _answering(self) -> str:
        return ",".join(self.address(node) for node in self._brokers if node not in self._paused) or self.bootstrap

    def _views(self, topic: str | None = None) -> Iterator[ClusterMetadata]:
        answering = [node for node in self._brokers if self.running(node) and node not in self._paused]
        if len(self._brokers) == 1 or not answering:
            yield from super()._views(topic)
            return
        for node in answering:
            yield self._asked(node, topic)

    def _asked(self, node: int, topic: str | None = None, *, timeout: float = CALL_DEADLINE) -> ClusterMetadata:
        """What one broker knows: from a client of its own, because a client that knows several asks any of them."""
        config = {"bootstrap.servers": self.address(node), "allow.auto.create.topics": False}
        return AdminClient(self.client_config(**config)).list_topics(*([topic] if topic else []), timeout=timeout)

    def _went_on(self, node: int) -> None:
        if node in self._paused:
            self._paused.remove(node)
            self._admin = None

    def _addresses(self, listener: str) -> str:
        if listener not in self._listeners:
            raise LookupError(f"the cluster has no {listener} listener: start it with secured=True")
        return ",".join(self.address(node, listener) for node in self._brokers)

    def _broker(self, node: int, ports: Mapping[str, int]) -> _Broker:
        folder = self.folder / f"broker-{node}"
        command = ["java", "@java.args", f"-Xmx{self._heap}", "kafka.Kafka", str(folder / "server.properties")]
        # The packages' folder is where the paths in java.args start.
        process = ServiceProcess(f"Kafka broker {node}", command, log=folder / "broker.log", folder=PACKAGES)
        return _Broker(node, folder, ports, process)

    def _wait_for(self, node: int, *, seen: set[int]) -> None:
        """Wait until a broker answers and knows those brokers."""

        def answers() -> bool:
            try:
                return seen <= set(self._asked(node, timeout=2).brokers)
            except KafkaException:
                return False

        self._brokers[node].process.wait_until_ready(answers, deadline=START_DEADLINE)

    def _prepare(self, broker: _Broker) -> None:
        """Give a broker its configuration and a formatted data folder.

        Formatted once by Kafka's own tool when the packages were fetched: only the ids differ from broker to broker.
        """
        data = broker.folder / "data"
        shutil.copytree(PACKAGES / "template", data)
        ids = {
            "version": "1",
            "cluster.id": self.cluster_id,
            "node.id": str(broker.node),
            "directory.id": _kafka_uuid(),
        }
        (data / "meta.properties").write_text(_as_properties(ids))
        (broker.folder / "server.properties").write_text(_as_properties(self._broker_properties(broker)))

    def _broker_properties(self, broker: _Broker) -> dict[str, str]:
        replication = str(min(3, len(self._brokers)))
        addresses = {name: f"{name}://127.0.0.1:{port}" for name, port in broker.ports.items()}
        return {
            "process.roles": "broker,controller",
            "node.id": str(broker.node),
            "controller.quorum.voters": ",".join(
                f"{each.node}@127.0.0.1:{each.ports[_CONTROLLER]}" for each in self._brokers.values()
            ),
            "controller.listener.names": _CONTROLLER,
            "listeners": ",".join(addresses.values()),
            "advertised.listeners": ",".join(addresses[name] for name in self._listeners),
            "listener.security.protocol.map": ",".join(
                f"{name}:{self._listeners.get(name, 'PLAINTEXT')}" for name in addresses
            ),
            "inter.broker.listener.name": "PLAINTEXT",
            "log.dirs": str(broker.folder / "data"),
            "offsets.topic.replication.factor": replication,
            "transaction.state.log.replication.factor": replication,
            "share.coordinator.state.topic.replication.factor": replication,
            **_BROKER,
            **(QUICK_SESSIONS if len(self._brokers) > 1 else {}),
            **(security_properties(self._authority) if self._authority else {}),
            **self._properties,
        }


def kafka_address() -> str | None:
    """The address in the environment that stands in for the single plain broker."""
    return os.environ.get(ADDRESS_VARIABLE) or None


def _require_packages() -> None:
    if shutil.which("java") is None:
        raise ServiceMissingError("java is not on PATH: install a JRE 17 or newer")
    if not (PACKAGES / "complete.txt").is_file():
        raise ServiceMissingError("Kafka's packages are not in build/services/kafka")


def _acls_of(user: str) -> AclBindingFilter:
    return AclBindingFilter(
        ResourceType.ANY,
        None,  # type: ignore[arg-type]  # any name; the annotation is wrong
        ResourcePatternType.ANY,
        f"User:{user}",
        None,  # type: ignore[arg-type]  # any host
        AclOperation.ANY,
        AclPermissionType.ANY,
    )


def _partitions(view: ClusterMetadata, topic: str) -> Mapping[int, PartitionMetadata]:
    """A topic's partitions; none when the topic is not there."""
    found = view.topics[topic]
    if found.error is not None and found.error.code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
        raise KafkaException(found.error)
    partitions: Mapping[int, PartitionMetadata] = found.partitions
    return partitions


def _under_replicated(view: ClusterMetadata) -> list[tuple[str, int]]:
    return sorted(
        (str(topic.topic), partition.id)
        for topic in view.topics.values()
        for partition in topic.partitions.values()
        if len(partition.isrs) < len(partition.replicas)
    )


def _unless(code: int, future: Any) -> Any:
    """The result of a call, and None when it failed with just this error."""
    try:
        return future.result(CALL_DEADLINE)
    except KafkaException as failure:
        if failure.args[0].code() == code:
            return None
        raise


def _as_properties(values: Mapping[str, str]) -> str:
    return "".join(f"{key}={value.replace(chr(92), chr(92) * 2)}\n" for key, value in values.items())


def _kafka_uuid() -> str:
    """A random id in Kafka's spelling; its tools take a leading dash for an option, so none begins with one."""
    while (spelled := base64.urlsafe_b64encode(uuid.uuid4().bytes)[:22].decode()).startswith("-"):
        pass
    return spelled
