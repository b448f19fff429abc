"""The whole configuration: one schema, read from a YAML file, the environment and flags.

`load` answers with a `Config`, whose models are frozen, or raises a `streamgauge.errors.ConfigError` that names every
problem. Nothing else of the package is needed to use it. It imports nothing of Streamgauge's but the errors.
"""

from streamgauge.config.access import TokenConfig, TokenScope, WebLimitsConfig, checked_token_name
from streamgauge.config.alertmanager import AlertmanagerConfig
from streamgauge.config.changes import Changes, Concern, concerns_of, needing_restart, plan
from streamgauge.config.client import ClientProperties, EndpointIdentification, SaslMechanism, SecurityProtocol
from streamgauge.config.flags import FLAGS, Flag, Overrides
from streamgauge.config.jobs import JobsConfig, JobSlo
from streamgauge.config.loading import Given, check, listen_address, load
from streamgauge.config.schema import (
    DEFAULT_CLUSTER_NAME,
    DEFAULT_LISTEN_ADDRESS,
    ClusterConfig,
    Config,
    Granularity,
    GranularityConfig,
    GranularityOverride,
    GroupSelection,
    LagConfig,
    LogConfig,
    LogFormat,
    LogLevel,
    StateConfig,
    TopicSelection,
    WebConfig,
    json_schema,
)

__all__ = [
    "DEFAULT_CLUSTER_NAME",
    "DEFAULT_LISTEN_ADDRESS",
    "FLAGS",
    "AlertmanagerConfig",
    "Changes",
    "ClientProperties",
    "ClusterConfig",
    "Concern",
    "Config",
    "EndpointIdentification",
    "Flag",
    "Given",
    "Granularity",
    "GranularityConfig",
    "GranularityOverride",
    "GroupSelection",
    "JobSlo",
    "JobsConfig",
    "LagConfig",
    "LogConfig",
    "LogFormat",
    "LogLevel",
    "Overrides",
    "SaslMechanism",
    "SecurityProtocol",
    "StateConfig",
    "TokenConfig",
    "TokenScope",
    "TopicSelection",
    "WebConfig",
    "WebLimitsConfig",
    "check",
    "checked_token_name",
    "concerns_of",
    "json_schema",
    "listen_address",
    "load",
    "needing_restart",
    "plan",
]
