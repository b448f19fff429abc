"""The composition root: configuration in; sources, model, metrics, store and web put together.

Nothing imports it but the command line.
"""

import functools
import gc
import logging
import sys
from collections.abc import Callable
from pathlib import Path

from streamgauge import __version__, demo_pipeline, demo_traffic, logs
from streamgauge.config import ClusterConfig, Config
from streamgauge.metrics.kafka import KafkaRenderer
from streamgauge.model.cluster import ClusterModel
from streamgauge.model.groups import GroupRules
from streamgauge.model.snapshot import ClusterSnapshot
from streamgauge.model.source_status import SourceStatus
from streamgauge.sources.kafka.connection import Connection
from streamgauge.sources.kafka.security import client_options
from streamgauge.sources.kafka.source import KafkaSource
from streamgauge.sources.scheduler import Scheduler, SourceRunner
from streamgauge.store import Store
from streamgauge.web.application import create_application
from streamgauge.web.security import WebSecurity, load_web_config
from streamgauge.web.server import Address, WebServer

LOG = logging.getLogger("streamgauge")

_NAMES_REMEMBERED = 100_000
# A cycle makes and drops some hundred thousand small objects, none in a reference cycle. With Python's defaults the
# collector walks all of them several times a cycle: a third of the CPU, and pauses of 0.1 s in the middle of a scrape.
_COLLECTOR_THRESHOLDS = (100_000, 50, 100)
# How long a thread may keep a waiting one from running: a scrape waits for the collecting thread a few times this long.
_SWITCH_SECONDS = 0.001
_STOP_SECONDS = 1.5


def serve(config: Config, on_listening: Callable[[Address], None] | None = None) -> None:
    """Run until SIGINT or SIGTERM.

    Raises:
        ConfigError: the web configuration file is wrong, or the address is.
        AddressInUseError: the listen address is taken.
    """
    logs.configure(config.log.level, config.log.format)
    gc.set_threshold(*_COLLECTOR_THRESHOLDS)
    sys.setswitchinterval(_SWITCH_SECONDS)
    store = Store()
    security = load_web_config(config.web.config_file) if config.web.config_file else WebSecurity()
    application = create_application(
        store,
        version=__version__,
        refresh_seconds=max(1.0, min((cluster.interval for cluster in config.clusters), default=1.0)),
        security=security,
    )
    server = WebServer(application, config.web.listen_address, security=security)
    scheduler = Scheduler([_runner(cluster, config, store) for cluster in config.clusters])
    LOG.info("starting", extra={"version": __version__, "clusters": len(config.clusters)})
    scheduler.start()
    try:
        server.run(on_listening)
    finally:
        scheduler.stop(_STOP_SECONDS)
        LOG.info("stopped")


def _runner(cluster: ClusterConfig, config: Config, store: Store) -> SourceRunner[ClusterSnapshot]:
    remember = functools.lru_cache(_NAMES_REMEMBERED)  # thousands of names are asked about every cycle
    source = KafkaSource(
        cluster=cluster.name,
        connection=Connection(cluster.bootstrap_servers, client_options(cluster.client), cluster.api_version_tuple),
        interval=cluster.interval,
        deadline=cluster.deadline,
        topics=remember(cluster.topics.selects),
        groups=remember(cluster.groups.selects),
        explicit_groups=cluster.groups.explicit,
    )
    rules = GroupRules(cluster.interval, config.lag.window, remember(config.lag.slo_of))
    model = ClusterModel(cluster.name, config.lag.history_points, rules)
    renderer = KafkaRenderer(cluster.name, remember(config.granularity.of), config.series_budget)

    def succeed(snapshot: ClusterSnapshot, status: SourceStatus) -> None:
        reading = model.update(snapshot)
        store.publish(status, reading, renderer.render(reading))

    runner = SourceRunner(source, succeed, store.fail)
    store.expect(runner.status, stale_after=cluster.stale_after, overdue_after=cluster.interval + cluster.deadline)
    return runner


def demo(
    listen_address: str = "", *, kafka: str | None = None, pace: float = 1.0, heartbeat: Path | None = None
) -> None:
    """Run the demo's pipeline and watch it, or run traffic alone on a real Kafka; until SIGINT or SIGTERM.

    Args:
        listen_address: where the in-process demo serves.
        kafka: a real Kafka, for traffic alone.
        pace: how many times faster than usual the traffic's groups live.
        heartbeat: a file that the traffic touches while records arrive.

    Raises:
        AddressInUseError: the listen address is taken.
        StreamgaugeError: the in-process Kafka did not start.
    """
    if kafka is not None:
        logs.configure("info", "logfmt")
        demo_traffic.run(kafka, pace=pace, heartbeat=heartbeat)
        return
    with demo_pipeline.pipeline() as bootstrap_servers:
        serve(demo_pipeline.config(bootstrap_servers, listen_address), _say_where)


def _say_where(address: Address) -> None:
    url = address.url
    print(  # noqa: T201  # the one thing that the demo says
        f"Streamgauge watches a small pipeline on an in-process Kafka.\n\n"
        f"  live page   {url}\n  metrics     {url}metrics\n  API         {url}docs\n\n"
        "Orders are produced at a rate that swings; billing keeps up, warehouse rests now and then and catches up.\n"
        "Ctrl-C ends it.",
        flush=True,
    )
