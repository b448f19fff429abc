"""`/api/v1/clusters`: every configured cluster, how its source is doing, and its figures."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from streamgauge.model.reading import ClusterReading
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
    figure_columns = tables.columns_of(models.Cluster, without=("source", "brokers"))
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
    topics = reading.topics.values()
    brokers = [
        models.Broker(id=broker.node_id, host=broker.host, port=broker.port, rack=broker.rack)
        for broker in reading.brokers
    ]
    return models.Cluster(
        cluster=reading.cluster,
        source=source,
        read_at=instant(reading.read_at),
        brokers=brokers,
        controller=reading.controller,
        broker_count=len(brokers),
        group_count=len(reading.groups),
        topic_count=len(topics),
        partition_count=sum(len(topic.partitions) for topic in topics),
        under_replicated_partitions=sum(figures.under_replicated(topic) for topic in topics),
        offline_partitions=sum(figures.offline(topic) for topic in topics),
        lag_sum=lag.lag_sum,
        max_lag=lag.max_lag,
        max_lag_seconds=lag.max_lag_seconds,
        unknown_partitions=lag.unknown,
        appended_per_second=figures.appended_per_second(reading),
        consumed_per_second=figures.consumed_per_second(reading),
    )


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
