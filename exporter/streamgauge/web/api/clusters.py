"""`/api/v1/clusters`: every configured cluster, how its source is doing, and its figures."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from streamgauge.model.reading import ClusterReading
from streamgauge.model.snapshot import Broker, BrokerLoad
from streamgauge.model.source_status import SourceStatus
from streamgauge.web import figures, problem
from streamgauge.web.api import models, replies, tables
from streamgauge.web.api.selection import PageQuery, instant, page_of, selected_views
from streamgauge.web.ordering import ordered
from streamgauge.web.readings import Readings, View
from streamgauge.web.workers import Workers

_FIGURES = {
    "lag": lambda cluster: cluster.lag_sum,
    "lag_seconds": lambda cluster: cluster.max_lag_seconds,
    "rate": lambda cluster: cluster.consumed_per_second,
}
_UNREAD = dict.fromkeys(
    tables.columns_of(models.Cluster, without=("cluster", "source")),
)


class ClusterQuery(PageQuery):
    """What `/api/v1/clusters` takes."""

    sort: Literal["name", "-name", "lag", "-lag", "lag_seconds", "-lag_seconds", "rate", "-rate"] = Field(
        "name", description="`-` in front for descending; unknown comes last."
    )


def create_router(store: Readings, workers: Workers) -> APIRouter:
    """The route of the clusters."""
    router = APIRouter(tags=["API"])

    @router.get(
        "/clusters",
        summary="Clusters",
        response_class=Response,
        responses={**replies.described(models.ClusterPage), **problem.described(404, 422)},
    )
    async def clusters(request: Request, query: Annotated[ClusterQuery, Query()]) -> Response:
        """Every configured cluster, those that cannot be read included."""
        return await workers.run(lambda: _reply(store, request, query))

    return router


def _reply(store: Readings, request: Request, query: ClusterQuery) -> Response:
    found = [_cluster(view) for view in selected_views(store, query.cluster)]
    items = page_of(ordered(found, query.sort, _FIGURES, lambda cluster: (cluster.cluster,)), query)
    if not replies.wants_csv(request, query.format):
        page = models.ClusterPage(total=len(found), limit=query.limit, offset=query.offset, items=list(items))
        return replies.json_reply(request, page)
    figure_columns = tables.columns_of(models.Cluster, without=("source", "brokers", "voters"))
    source_columns = tables.columns_of(models.Source)
    rows = (
        tables.row_of(item, figure_columns)
        | {f"source_{name}": value for name, value in tables.row_of(item.source, source_columns).items()}
        for item in items
    )
    columns = figure_columns + [f"source_{name}" for name in source_columns]
    return replies.csv_reply(request, columns, rows, total=len(found))


def _cluster(view: View) -> models.Cluster:
    source = _source(view.status)
    if view.reading is None:
        return models.Cluster(cluster=view.status.cluster, source=source, **_UNREAD)
    return _read_cluster(view.reading, source)


def _read_cluster(reading: ClusterReading, source: models.Source) -> models.Cluster:
    lag = figures.cluster_lag(reading)
    log_dirs = _log_dirs(reading)
    brokers = [_broker(broker, reading.broker_loads.get(broker.node_id), log_dirs) for broker in reading.brokers]
    return models.Cluster(
        cluster=reading.cluster,
        source=source,
        read_at=instant(reading.read_at),
        brokers=brokers,
        controller=reading.controller,
        voters=[models.Voter(id=node, lag=lag) for node, lag in sorted(reading.voter_lags.items())] or None,
        max_voter_lag=max(reading.voter_lags.values(), default=None),
        broker_count=len(brokers),
        group_count=len(reading.groups),
        topic_count=len(reading.topics),
        partition_count=figures.over_topics(reading, figures.partition_count),
        under_replicated_partitions=figures.over_topics(reading, figures.under_replicated),
        offline_partitions=figures.over_topics(reading, figures.offline),
        lag_sum=lag.lag_sum,
        max_lag=lag.max_lag,
        max_lag_seconds=lag.max_lag_seconds,
        unknown_partitions=lag.unknown,
        appended_per_second=figures.appended_per_second(reading),
        consumed_per_second=figures.consumed_per_second(reading),
    )


def _broker(broker: Broker, load: BrokerLoad | None, log_dirs: Mapping[int, list[models.LogDir]]) -> models.Broker:
    return models.Broker(
        id=broker.node_id,
        host=broker.host,
        port=broker.port,
        rack=broker.rack,
        partitions=None if load is None else load.partitions,
        leaders=None if load is None else load.leaders,
        log_dirs=log_dirs.get(broker.node_id),
    )


def _log_dirs(reading: ClusterReading) -> dict[int, list[models.LogDir]]:
    """The log directories that could be read, by broker."""
    found: dict[int, list[models.LogDir]] = defaultdict(list)
    for each in reading.log_dirs:
        log_dir = models.LogDir(path=each.path, total_bytes=each.total_bytes, usable_bytes=each.usable_bytes)
        found[each.broker].append(log_dir)
    return found


def _source(status: SourceStatus) -> models.Source:
    return models.Source(
        name=status.source,
        target=status.target,
        interval_seconds=status.interval,
        cycles=status.cycles,
        up=status.up,
        stale=status.stale,
        last_success=None if status.last_success is None else instant(status.last_success),
        last_duration_seconds=status.last_duration,
        last_error=status.last_error,
    )
