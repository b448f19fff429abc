"""The composition root: configuration in; sources, model, metrics, store and web put together.

Nothing imports it but the command line.
"""

import contextlib
import functools
import logging
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from pathlib import Path

from streamgauge import __version__, demo_job, demo_pipeline, demo_traffic, logs
from streamgauge.clusters import Clusters, Watched
from streamgauge.config import ClusterConfig, Config, Given, JobsConfig, WebConfig, needing_restart
from streamgauge.garbage_collection import GarbageCollection
from streamgauge.job_publisher import JobPublisher
from streamgauge.jobs.rules import StoreRules
from streamgauge.jobs.slos import Slos
from streamgauge.jobs.store import JobStore
from streamgauge.metrics import job_store
from streamgauge.metrics.exporter import alertmanager_samples, refused_samples, websocket_samples
from streamgauge.metrics.jobs import JobsRenderer
from streamgauge.metrics.kafka import KafkaRenderer
from streamgauge.model.cluster import ClusterModel
from streamgauge.model.groups import GroupRules
from streamgauge.model.invalid_events import InvalidEvents
from streamgauge.model.search import SearchRules
from streamgauge.model.snapshot import ClusterSnapshot
from streamgauge.model.source_status import SourceStatus
from streamgauge.model.websocket_counts import WebSocketCounts
from streamgauge.reload import Reloader, on_hang_up
from streamgauge.sources.alert_desk import AlertDesk
from streamgauge.sources.kafka.connection import Connection
from streamgauge.sources.kafka.search import TimestampSearch
from streamgauge.sources.kafka.security import client_options
from streamgauge.sources.kafka.source import KafkaSource
from streamgauge.sources.scheduler import Scheduler, SourceRunner
from streamgauge.state.directory import StateDirectory
from streamgauge.state.history_store import SavedCluster
from streamgauge.store import Store
from streamgauge.web.application import create_application
from streamgauge.web.security import WebSecurity, load_web_config
from streamgauge.web.server import Address, WebServer
from streamgauge.web.tokens import Token, Tokens, TokenScope
from streamgauge.web.writes import Access, Bounds, is_loopback

LOG = logging.getLogger("streamgauge")

_NAMES_REMEMBERED = 100_000
# How long a thread may keep a waiting one from running: a scrape waits for the collecting thread a few times this long.
_SWITCH_SECONDS = 0.0002
_STOP_SECONDS = 1.5
_RELOAD_STOP_SECONDS = 0.2
_SAVE_STOP_SECONDS = 1.0


def serve(config: Config, on_listening: Callable[[Address], None] | None = None, *, again: Given | None = None) -> None:
    """Run until SIGINT or SIGTERM.

    Args:
        config: what to watch, and how.
        on_listening: called once with the address when requests are taken.
        again: reads the configuration again at each SIGHUP and, where that is allowed, `POST /-/reload`.

    Raises:
        ConfigError: the web configuration file is wrong, or the address is.
        AddressInUseError: the listen address is taken.
    """
    logs.configure(config.log.level, config.log.format)
    sys.setswitchinterval(_SWITCH_SECONDS)
    store, scheduler, garbage = Store(), Scheduler(), GarbageCollection()
    state = StateDirectory(Path(config.state.dir) if config.state.dir else None)
    clusters = Clusters(functools.partial(_watch, store, state, garbage), scheduler, store)
    access, alerts, websockets = _access(config.web), AlertDesk(config.alertmanager), WebSocketCounts()
    jobs, invalid_events = JobStore(_database(config), _store_rules(config.jobs)), InvalidEvents()
    renderer = JobsRenderer(config.jobs.series_budget)
    publisher = JobPublisher(jobs, renderer.render, store.publish_jobs)
    store.tell(functools.partial(refused_samples, access.refusals))
    store.tell(lambda: alertmanager_samples(alerts.status()))
    store.tell(functools.partial(websocket_samples, websockets))
    store.tell(lambda: job_store.samples(jobs.status))
    store.tell(functools.partial(job_store.invalid_samples, invalid_events))
    store.tell(lambda: job_store.rendering_samples(publisher.failures))
    followers = (
        lambda new: access.tokens.replace(_tokens(new.web)),
        lambda new: alerts.follow(new.alertmanager),
        lambda new: jobs.follow(_store_rules(new.jobs)),
    )
    reloader = Reloader(functools.partial(_reload, again, config, clusters, followers), store.note_reload)
    security = load_web_config(config.web.config_file) if config.web.config_file else WebSecurity()
    application = create_application(
        store,
        version=__version__,
        refresh_seconds=max(1.0, min((cluster.interval for cluster in config.clusters), default=1.0)),
        security=security,
        reload=reloader.ask if config.web.enable_lifecycle and again is not None else None,
        access=access,
        alerts=alerts,
        reports=jobs,
        invalid_events=invalid_events,
        jobs=jobs,
        websockets=websockets,
    )
    server = WebServer(application, config.web.listen_address, security=security)
    LOG.info("starting", extra={"version": __version__, "clusters": len(config.clusters)})
    clusters.follow(config)
    jobs.start()
    publisher.start()
    reloader.start()
    try:
        with on_hang_up(reloader.ask) if again is not None else contextlib.nullcontext():
            server.run(on_listening)
    finally:
        scheduler.stop(_STOP_SECONDS)
        reloader.stop(_RELOAD_STOP_SECONDS)
        publisher.stop(_RELOAD_STOP_SECONDS)
        jobs.close(_SAVE_STOP_SECONDS)
        state.close(_SAVE_STOP_SECONDS)
        LOG.info("stopped")


def _access(web: WebConfig) -> Access:
    """Who may write over HTTP, and how much."""
    return Access(
        loopback=is_loopback(web.host),
        tokens=Tokens(_tokens(web)),
        origins=frozenset(web.cors_origins),
        bounds=Bounds(
            body_bytes=web.limits.body_size,
            body_seconds=web.limits.body_timeout,
            writes_per_second=web.limits.writes_per_second,
            write_burst=web.limits.write_burst,
        ),
    )


def _tokens(web: WebConfig) -> list[Token]:
    return [
        Token(token.name, bytes.fromhex(token.sha256.get_secret_value()), frozenset(map(TokenScope, token.scopes)))
        for token in web.tokens
    ]


def _database(config: Config) -> str | None:
    """Where runs are kept; nothing: only as long as the process."""
    if config.jobs.database is not None:
        return config.jobs.database.get_secret_value()
    folder = Path(config.state.dir).absolute() if config.state.dir else None
    if folder is None or not folder.is_dir():
        level = logging.INFO if folder is None else logging.WARNING
        LOG.log(level, "runs of jobs are kept in a temporary file: a restart will lose them")
        return None
    # Even while it cannot be used, or another exporter uses it: the store refuses events until it can, and a temporary
    # file would take them and lose them.
    return f"sqlite:///{folder / 'jobs.sqlite'}"


def _store_rules(jobs: JobsConfig) -> StoreRules:
    return StoreRules(
        retention_runs=jobs.retention.runs,
        retention_age=jobs.retention.age,
        max_age=jobs.max_age,
        jobs=jobs.limits.jobs,
        steps=jobs.limits.steps,
        notes=jobs.limits.notes,
        samples=jobs.limits.samples,
        applications=jobs.limits.applications,
        history_runs=jobs.history_runs,
        slos=Slos(jobs.slos),
    )


def _reload(
    again: Given | None, started_with: Config, clusters: Clusters, followers: Iterable[Callable[[Config], None]]
) -> None:
    """Read the configuration again and follow it; a ``ConfigError`` leaves everything as it is."""
    if again is None:
        return
    config = again.load()
    logs.configure(config.log.level, config.log.format)
    for follow in followers:
        follow(config)
    changes = asdict(clusters.follow(config))
    if again.file is None:
        LOG.info("there is no configuration file: flags and environment say what they said at the start")
    LOG.info("configuration reloaded", extra={kind: ",".join(names) or None for kind, names in changes.items()})
    keys = needing_restart(started_with, config)
    if keys:
        LOG.warning("changed, but takes effect only after a restart", extra={"keys": ",".join(keys)})


def _watch(  # noqa: PLR0913, PLR0917 - all that a cluster is put together from
    store: Store,
    state: StateDirectory,
    garbage: GarbageCollection,
    cluster: ClusterConfig,
    config: Config,
    before: Watched | None,
) -> Watched:
    remember = functools.lru_cache(_NAMES_REMEMBERED)  # thousands of names are asked about every cycle
    connection = Connection(cluster.bootstrap_servers, client_options(cluster.client), cluster.api_version_tuple)
    source = KafkaSource(
        cluster=cluster.name,
        connection=connection,
        interval=cluster.interval,
        deadline=cluster.deadline,
        topics=remember(cluster.topics.selects),
        groups=remember(cluster.groups.selects),
        explicit_groups=cluster.groups.explicit,
        search=TimestampSearch(connection, config.lag.search.rounds, config.lag.search.partitions),
    )
    rules = GroupRules(
        interval=cluster.interval,
        window=config.lag.window,
        limit_of=remember(config.lag.slo_of),
        reads_committed=remember(config.lag.reads_committed),
        search=SearchRules(max(config.lag.precision, 2 * cluster.interval), config.lag.clock_skew),
    )
    model = before.model if before else ClusterModel(cluster.name, config.lag.history_points, rules)
    model.hold_against(rules)
    saved = SavedCluster(cluster.name, cluster.bootstrap_servers, config.lag.history_points)
    histories = before.histories if before else state.histories(saved)
    renderer = KafkaRenderer(cluster.name, remember(config.granularity.of), config.series_budget)

    def succeed(snapshot: ClusterSnapshot, status: SourceStatus) -> None:
        histories.restore(model, snapshot)
        reading = model.update(snapshot)
        histories.save(model, snapshot)
        source.look_for(reading.sought, reading.tails if config.lag.trailing_markers else ())
        reading = replace(reading, saving=histories.status)
        store.publish(status, reading, renderer.render(reading))
        garbage.after_cycle()

    runner = SourceRunner(source, succeed, store.fail, before.runner.status if before else None)
    store.expect(runner.status, stale_after=cluster.stale_after, overdue_after=cluster.interval + cluster.deadline)
    return Watched(runner, model, histories)


def demo(
    listen_address: str = "",
    *,
    kafka: str | None = None,
    pace: float = 1.0,
    exporter: str | None = None,
    heartbeat: Path | None = None,
) -> None:
    """Run the demo's pipeline and watch it, or run traffic alone on a real Kafka; until SIGINT or SIGTERM.

    Args:
        listen_address: where the in-process demo serves.
        kafka: a real Kafka, for traffic alone.
        pace: how many times faster than usual the traffic's groups live.
        exporter: with traffic alone, the URL of an exporter that a job with phases reports to.
        heartbeat: a file that the traffic touches while records arrive.

    Raises:
        AddressInUseError: the listen address is taken.
        StreamgaugeError: the in-process Kafka did not start.
    """
    if kafka is not None:
        logs.configure("info", "logfmt")
        with contextlib.nullcontext() if exporter is None else demo_job.running(exporter):
            demo_traffic.run(kafka, pace=pace, heartbeat=heartbeat)
        return
    with contextlib.ExitStack() as ending:
        bootstrap_servers = ending.enter_context(demo_pipeline.pipeline())

        def listening(address: Address) -> None:
            ending.enter_context(demo_job.running(address.url))
            _say_where(address)

        serve(demo_pipeline.config(bootstrap_servers, listen_address), listening)


def _say_where(address: Address) -> None:
    url = address.url
    print(  # noqa: T201  # the one thing that the demo says
        f"Streamgauge watches a small pipeline on an in-process Kafka, and a job with phases.\n\n"
        f"  live page   {url}\n  metrics     {url}metrics\n  API         {url}docs\n\n"
        "Orders are produced at a rate that swings; billing keeps up, warehouse rests now and then and catches up.\n"
        "A nightly report comes every minute; every fifth fails.\n"
        "Ctrl-C ends it.",
        flush=True,
    )
