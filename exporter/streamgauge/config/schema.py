"""The whole schema of the configuration, as frozen models: what may be given, its defaults and what it means.

The models hold parsed values (seconds, compiled patterns), but read what a file says (``15s``); so build them by
`streamgauge.config.load`, or in tests by ``Config.model_validate({...})``.
"""

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, Field, model_validator
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from streamgauge.config.access import Origin, TokenConfig, WebLimitsConfig
from streamgauge.config.addresses import ListenAddress, Servers
from streamgauge.config.alertmanager import AlertmanagerConfig
from streamgauge.config.client import STRICT, ClientProperties, Conflict, conflicting
from streamgauge.config.jobs import JobsConfig
from streamgauge.config.secrets import Directory, ReadableFile
from streamgauge.config.values import (
    Choice,
    DefaultText,
    Duration,
    GroupName,
    Integer,
    Name,
    Regex,
    Switch,
    TopicName,
    Version,
)

DEFAULT_LISTEN_ADDRESS: Final = "127.0.0.1:9308"
DEFAULT_CLUSTER_NAME: Final = "default"
_EVERYTHING = re.compile(".*", re.DOTALL)
_NOTHING = re.compile("")
_NOTHING = re.compile("", re.DOTALL)
_KAFKAS_OWN_TOPICS = re.compile("__.*", re.DOTALL)
_DEFAULT_INTERVAL = 15.0
_STALE_INTERVALS = 3
_TWO_NUMBERS = 2


class LogFormat(StrEnum):
    """How a log line is written."""

    LOGFMT = "logfmt"
    JSON = "json"


class LogLevel(StrEnum):
    """The least important log line that is written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Granularity(StrEnum):
    """How finely a consumer group's series are split."""

    PARTITION = "partition"
    TOPIC = "topic"
    GROUP = "group"


class WebConfig(BaseModel):
    """Where and how the pages, the API and `/metrics` are served."""

    model_config = STRICT

    listen_address: Annotated[str, ListenAddress()] = Field(
        default=DEFAULT_LISTEN_ADDRESS,
        description="Where to listen: `host:port`, `[ipv6]:port`, or `:port` for all interfaces. Port 0 "
        "takes a free one. The default is this machine alone; the container image listens on all interfaces.",
    )
    config_file: Annotated[Path, ReadableFile()] | None = Field(
        default=None,
        description="TLS and basic authentication, in a file of the Prometheus exporter-toolkit's format.",
    )
    enable_lifecycle: Annotated[bool, Switch()] = Field(
        default=False,
        description="Whether `POST /-/reload` reads the configuration again. Whoever may send requests may do so then: "
        "with an address that others reach, use basic authentication. SIGHUP works always.",
    )
    tokens: tuple[TokenConfig, ...] = Field(
        default=(),
        description="Tokens for programs that write (docs/http.md). Several are good at once; a reload takes new ones "
        "over. Without one, and without basic authentication, only programs of this machine may write, and only where "
        "`listen_address` is a loopback address.",
    )
    cors_origins: Annotated[tuple[Annotated[str, Origin()], ...], DefaultText("none")] = Field(
        default=(),
        description="Other sites whose scripts may use the API and the WebSocket: `[https://portal.example.org]`.",
    )
    limits: WebLimitsConfig = Field(default_factory=WebLimitsConfig, description="How much one client may write.")

    @model_validator(mode="after")
    def _tokens_differ(self) -> Self:
        names: dict[str, int] = {}
        hashes: dict[str, int] = {}
        conflicts = []
        for index, token in enumerate(self.tokens):
            name = names.setdefault(token.name, index)
            if name != index:
                fault = f"is the same as web.tokens[{name}].name; give each token its own name"
                conflicts.append(Conflict(f"tokens[{index}].name", fault))
            same = hashes.setdefault(token.sha256.get_secret_value(), index)
            if same != index:
                fault = f"is the same as web.tokens[{same}].sha256; make a token of its own for each"
                conflicts.append(Conflict(f"tokens[{index}].sha256", fault))
        if conflicts:
            raise conflicting(conflicts)
        return self

    @property
    def host(self) -> str:
        """The interface to listen on, without brackets; empty means all."""
        return self.listen_address.rpartition(":")[0].removeprefix("[").removesuffix("]")

    @property
    def port(self) -> int:
        """The port to listen on; 0 means a free one."""
        return int(self.listen_address.rpartition(":")[2])


class LogConfig(BaseModel):
    """What is logged, to standard error."""

    model_config = STRICT

    format: Annotated[LogFormat, Choice(LogFormat)] = Field(
        default=LogFormat.LOGFMT, description="How a line is written."
    )
    level: Annotated[LogLevel, Choice(LogLevel)] = Field(
        default=LogLevel.INFO, description="The least important line that is written."
    )


class GranularityOverride(BaseModel):
    """A granularity for some groups."""

    model_config = STRICT

    groups: Annotated[re.Pattern[str], Regex()] = Field(description="The groups that it is for.")
    granularity: Annotated[Granularity, Choice(Granularity)] = Field(description="Their granularity.")


class GranularityConfig(BaseModel):
    """How finely the series of consumer groups are split."""

    model_config = STRICT

    default: Annotated[Granularity, Choice(Granularity)] = Field(
        default=Granularity.PARTITION,
        description="One series a `partition`, a `topic` (sums and maxima) or a `group`.",
    )
    overrides: tuple[GranularityOverride, ...] = Field(
        default=(), description="Other granularities for some groups; the first whose `groups` matches a group counts."
    )

    def of(self, group: str) -> Granularity:
        """Answer how finely a group's series are split."""
        matching = (override.granularity for override in self.overrides if override.groups.fullmatch(group))
        return next(matching, self.default)


class SloOverride(BaseModel):
    """A limit of lag in seconds for some groups."""

    model_config = STRICT

    groups: Annotated[re.Pattern[str], Regex()] = Field(description="The groups that it is for.")
    slo: Annotated[float, Duration("1s", "1y")] = Field(description="Their limit.")


class SearchConfig(BaseModel):
    """The budget of searching for records' timestamps, in each cycle and cluster."""

    model_config = STRICT

    rounds: Annotated[int, Integer(1, 100)] = Field(
        default=10, description="Requests to each broker, at most; a search that needs more goes on in the next cycle."
    )
    partitions: Annotated[int, Integer(0, 100_000)] = Field(
        default=2000,
        description="Records searched for at once, at most; the others wait for their turn, counted in "
        "`streamgauge_lag_searches_waiting`. 0 searches for none.",
    )


class LagConfig(BaseModel):
    """How lag in seconds is found, and what it is held against."""

    model_config = STRICT

    history_points: Annotated[int, Integer(16, 4096)] = Field(
        default=256,
        description="How many end offsets, with their times, are remembered for each partition. More points narrow the "
        "error of lag in seconds for groups that are far behind, and take 24 bytes each.",
    )
    slo: Annotated[float, Duration("1s", "1y")] = Field(
        default=300.0,
        description="How long a record may wait for a group: served as `kafka_consumergroup_slo_lag_seconds`, which "
        "status, alerts and dashboards hold lag against.",
    )
    slo_overrides: tuple[SloOverride, ...] = Field(
        default=(), description="Other limits for some groups; the first whose `groups` matches a group counts."
    )
    window: Annotated[float, Duration("1s", "1h")] = Field(
        default=60.0,
        description="Over how long a trend of lag is told, and for how long a rewind is shown as the group's status.",
    )

    precision: Annotated[float, Duration("0s", "1h")] = Field(
        default=0.0,
        description="Where the exporter's own history leaves open by more than this when a record came, or does not "
        "reach back to it, the record's timestamp is searched for. Less than two intervals of a cluster are taken for "
        "two: what comes while the exporter watches is known that well without a request.",
    )
    clock_skew: Annotated[float, Duration("0s", "1h")] = Field(
        default=1.0,
        description="How far the clocks of brokers, producers and the exporter may be apart. It is part of the error "
        "bound of what was found by timestamps.",
    )
    search: SearchConfig = Field(default_factory=SearchConfig, description="What a search may cost.")
    trailing_markers: Annotated[bool, Switch()] = Field(
        default=True,
        description="Read the last few offsets of a partition, where the exporter may, when neither its end nor a "
        "group's commit moves: a marker of a transaction is nothing that waits. Needs the right to read the topic; "
        "without it such a group shows a lag of 1 for ever.",
    )
    read_committed: Annotated[re.Pattern[str], Regex()] = Field(
        default=_NOTHING,
        description="The groups that read committed data only (`isolation.level: read_committed`, Flink, Kafka "
        "Streams with exactly-once): their lag ends at the last stable offset instead of the high watermark. No group "
        "tells it of itself.",
    )

    def reads_committed(self, group: str) -> bool:
        """Answer whether a group reads committed data only."""
        return self.read_committed.fullmatch(group) is not None

    def slo_of(self, group: str) -> float:
        """Answer how long a record may wait for a group, in seconds."""
        matching = (override.slo for override in self.slo_overrides if override.groups.fullmatch(group))
        return next(matching, self.slo)


class StateConfig(BaseModel):
    """What outlives a restart of the exporter."""

    model_config = STRICT

    dir: Annotated[str, Directory(), DefaultText("`$XDG_STATE_HOME/streamgauge`, or `~/.local/state/streamgauge`")] = (
        Field(
            default_factory=str,
            description="Where the histories of end offsets are saved, so that lag in seconds goes on after a restart: "
            "a directory for one exporter at a time, made when it is missing. "
            '`""` saves nothing. docs/state.md says what it takes.',
        )
    )


class TopicSelection(BaseModel):
    """Which topics are read."""

    model_config = STRICT

    include: Annotated[re.Pattern[str], Regex()] = Field(default=_EVERYTHING, description="The topics to read.")
    exclude: Annotated[re.Pattern[str], Regex()] = Field(
        default=_KAFKAS_OWN_TOPICS,
        description="Of those, the topics to leave out; by default Kafka's own, which start with two underscores. "
        '`""` leaves none out.',
    )

    def selects(self, topic: str) -> bool:
        """Tell whether a topic is read."""
        return _selects(self.include, self.exclude, topic)


class GroupSelection(BaseModel):
    """Which consumer groups are read."""

    model_config = STRICT

    include: Annotated[re.Pattern[str], Regex()] = Field(default=_EVERYTHING, description="The groups to read.")
    exclude: Annotated[re.Pattern[str], Regex()] = Field(
        default=_NOTHING, description="Of those, the groups to leave out; by default none."
    )
    explicit: dict[
        Annotated[str, GroupName()], Annotated[tuple[Annotated[str, TopicName()], ...], Field(min_length=1)]
    ] = Field(
        default_factory=dict,
        description="Groups with their topics, for brokers that cannot list or describe groups: "
        "`{orders-worker: [orders]}`. They are read without asking for a list, whatever `include` and `exclude` say.",
    )

    def selects(self, group: str) -> bool:
        """Tell whether a group that the brokers list is read."""
        return _selects(self.include, self.exclude, group)


class ClusterConfig(BaseModel):
    """A Kafka cluster to read."""

    model_config = STRICT

    name: Annotated[str, Name()] = Field(
        default=DEFAULT_CLUSTER_NAME, description="The value of the label `cluster`; each cluster has its own."
    )
    bootstrap_servers: Annotated[tuple[str, ...], Servers()] = Field(
        description="Brokers to ask first: `host:port,host:port`, or a list. The port's default is 9092."
    )
    interval: Annotated[float, Duration("100ms", "1h")] = Field(
        default=_DEFAULT_INTERVAL, description="How often the cluster is read."
    )
    deadline: Annotated[float, Duration("100ms", "10m")] = Field(
        default=10.0, description="How long one reading may take; what has not answered by then has failed."
    )
    stale_after: Annotated[float, Duration("100ms", "1d"), DefaultText("three times `interval`")] = Field(
        default_factory=lambda data: _STALE_INTERVALS * data.get("interval", _DEFAULT_INTERVAL),
        description="How long the last good reading is served when newer ones fail.",
    )
    client: ClientProperties = Field(
        default_factory=ClientProperties,
        description="How to connect: properties in librdkafka's names, see below.",
    )
    topics: TopicSelection = Field(default_factory=TopicSelection, description="Which topics are read.")
    groups: GroupSelection = Field(default_factory=GroupSelection, description="Which consumer groups are read.")
    api_version: Annotated[str, Version()] | None = Field(
        default=None,
        description='The brokers\' Kafka version, such as `"2.0"`, for brokers that do not say it themselves.',
    )

    @property
    def api_version_tuple(self) -> tuple[int, ...] | None:
        """The version as kafka-python's table has it: two numbers, or three before Kafka 1.0."""
        if self.api_version is None:
            return None
        numbers = tuple(map(int, self.api_version.split(".")))
        return numbers[:_TWO_NUMBERS] if numbers[0] else numbers[: _TWO_NUMBERS + 1]


class Config(BaseModel):
    """The whole configuration."""

    model_config = STRICT

    web: WebConfig = Field(default_factory=WebConfig, description="Where and how Streamgauge is reached.")
    log: LogConfig = Field(default_factory=LogConfig, description="What is logged.")
    series_budget: Annotated[int, Integer(1)] = Field(
        default=200_000,
        description="The most series that are served. Above it, group-topics, then topics, are served without their "
        "partitions, those with the most partitions first; `streamgauge_series_dropped` says how many that saves.",
    )
    granularity: GranularityConfig = Field(
        default_factory=GranularityConfig, description="How finely the series of consumer groups are split."
    )
    lag: LagConfig = Field(
        default_factory=LagConfig, description="How lag in seconds is found, and what it is held against."
    )
    state: StateConfig = Field(default_factory=StateConfig, description="What outlives a restart of the exporter.")
    alertmanager: AlertmanagerConfig = Field(
        default_factory=AlertmanagerConfig, description="The Alertmanager whose alerts the API shows and silences."
    )
    jobs: JobsConfig = Field(
        default_factory=JobsConfig, description="Jobs: where their runs are kept, and what they are held against."
    )
    clusters: tuple[ClusterConfig, ...] = Field(
        default=(), description="The Kafka clusters to read. Without one, only jobs are served."
    )

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        first: dict[str, int] = {}
        conflicts = []
        for index, cluster in enumerate(self.clusters):
            if cluster.name in first:
                fault = f"is the same as clusters[{first[cluster.name]}].name; give each cluster its own name"
                conflicts.append(Conflict(f"clusters[{index}].name", fault))
            first.setdefault(cluster.name, index)
        if conflicts:
            raise conflicting(conflicts)
        return self

    def masked(self) -> dict[str, Any]:
        """Write the configuration as a file would have it, defaults included, with every secret masked."""
        shown: dict[str, Any] = _escaped(self.model_dump(mode="json", by_alias=True, exclude_none=True))
        return shown


class _SchemaWriter(GenerateJsonSchema):
    """JSON Schema as a person would write it: no generated titles, no nulls, defaults as a file has them."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - for no field at all
        return False

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        written = super().default_schema(schema)
        if written.get("default", ...) is None:
            del written["default"]
        write = schema["schema"].get("serialization", {}).get("function")
        if "default" in written and write:
            written["default"] = write(schema["default"])
        return written


def json_schema() -> dict[str, Any]:
    """Describe the configuration file as JSON Schema, for editors and other programs."""
    schema = Config.model_json_schema(by_alias=True, schema_generator=_SchemaWriter)
    client = schema["$defs"]["ClientProperties"]["properties"]
    client["sasl.mechanisms"] = client["sasl.mechanism"]
    return {"$schema": GenerateJsonSchema.schema_dialect, **schema, "title": "Streamgauge's configuration"}


def _selects(include: re.Pattern[str], exclude: re.Pattern[str], name: str) -> bool:
    """Apply the two patterns to a whole name."""
    return include.fullmatch(name) is not None and exclude.fullmatch(name) is None


def _escaped(value: Any) -> Any:
    """Keep a literal ``${`` from being read as a variable."""
    if isinstance(value, dict):
        return {key: _escaped(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_escaped(item) for item in value]
    return value.replace("${", "$${") if isinstance(value, str) else value
