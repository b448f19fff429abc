"""`/api/v1/topics`: topics, with their partitions and the groups that read them."""

from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Annotated, Any, Literal, NamedTuple

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from streamgauge.model.reading import ClusterReading, GroupReading, GroupTopicLag, PartitionReading, TopicReading
from streamgauge.web import figures, problem
from streamgauge.web.api import models, replies, tables
from streamgauge.web.api.selection import (
    NamePattern,
    PageQuery,
    at_least,
    instant,
    name_filter,
    one_named,
    page_of,
    read_clusters,
    selected_views,
)
from streamgauge.web.ordering import ordered
from streamgauge.web.problem import ProblemError
from streamgauge.web.readings import Readings
from streamgauge.web.workers import Workers

Detail = Literal["topic", "group", "partition"]


class TopicQuery(PageQuery):
    """What `/api/v1/topics` takes."""

    topic: NamePattern = Field(None, description="Only topics whose whole name matches this regular expression.")
    group: NamePattern = Field(None, description="Only topics that a matching group reads, and only those groups.")
    min_lag: int | None = Field(None, ge=0, description="Only topics whose readers are so many records behind.")
    min_lag_seconds: float | None = Field(None, ge=0, description="Only topics whose worst reader is so far behind.")
    sort: Literal["name", "-name", "lag", "-lag", "lag_seconds", "-lag_seconds", "rate", "-rate"] = Field(
        "name", description="`-` in front for descending; unknown comes last. The rate is that of appended records."
    )
    detail: Detail = Field(
        "topic", description="`group` adds the groups that read a topic, `partition` its partitions too; in CSV, a row."
    )


class _Found(NamedTuple):
    reading: ClusterReading
    topic: TopicReading
    readers: list[models.Reader]
    lag: figures.LagFigures


_FIGURES: dict[str, Callable[[_Found], float | None]] = {
    "lag": lambda found: found.lag.lag_sum,
    "lag_seconds": lambda found: found.lag.max_lag_seconds,
    "rate": lambda found: found.topic.appended_per_second,
}


def create_router(store: Readings, workers: Workers) -> APIRouter:
    """The routes of the topics."""
    router = APIRouter(tags=["API"])

    @router.get(
        "/topics",
        summary="Topics",
        response_class=Response,
        responses={**replies.described(models.TopicPage), **problem.described(404, 422)},
    )
    async def topics(request: Request, query: Annotated[TopicQuery, Query()]) -> Response:
        """Topics of every cluster, with their partitions and the groups that read them."""
        return await workers.run(lambda: _reply(store, request, query))

    @router.get(
        "/topics/{cluster}/{topic:name}",
        summary="One topic",
        response_class=Response,
        responses={**replies.described(models.Topic, csv=False), **problem.described(404, 503)},
    )
    async def topic(request: Request, cluster: str, topic: str) -> Response:
        """One topic, whole: partitions and the groups that read it."""
        return await workers.run(lambda: _whole(store, request, f"{cluster}/{topic}"))

    return router


def _reply(store: Readings, request: Request, query: TopicQuery) -> Response:
    readings, unread = read_clusters(selected_views(store, query.cluster))
    found = [each for reading in readings for each in _find(reading, query)]
    in_order = ordered(found, query.sort, _FIGURES, lambda each: (each.topic.name, each.reading.cluster))
    items = [_topic(each, query.detail) for each in page_of(in_order, query)]
    if replies.wants_csv(request, query.format):
        columns, rows = _table(items, query.detail)
        return replies.csv_reply(request, columns, rows, total=len(found), unread=unread)
    page = models.TopicPage(
        total=len(found), limit=query.limit, offset=query.offset, unread_clusters=unread, items=items
    )
    return replies.json_reply(request, page)


def _find(reading: ClusterReading, query: TopicQuery) -> Iterator[_Found]:
    topic_test, group_test = name_filter("topic", query.topic), name_filter("group", query.group)
    readers = figures.readers(reading)
    for topic in reading.topics.values():
        if not topic_test(topic.name):
            continue
        pairs = [pair for pair in readers.get(topic.name, ()) if group_test(pair[0].name)]
        lag = figures.lag_figures(each for _, each in pairs)
        if (
            (pairs or not query.group)
            and at_least(lag.lag_sum, lag.max_lag, query.min_lag)
            and at_least(lag.max_lag_seconds, None, query.min_lag_seconds)
        ):
            yield _Found(reading, topic, [_reader(*pair) for pair in pairs], lag)


def _whole(store: Readings, request: Request, rest: str) -> Response:
    reading, name = one_named(store, rest)
    topic = reading.topics.get(name)
    if topic is None:
        raise ProblemError(HTTPStatus.NOT_FOUND, f"cluster {reading.cluster!r} has no topic {name!r}")
    pairs = figures.readers(reading).get(name, [])
    found = _Found(reading, topic, [_reader(*pair) for pair in pairs], figures.lag_figures(lag for _, lag in pairs))
    return replies.json_reply(request, _topic(found, "partition"))


def _reader(group: GroupReading, lag: GroupTopicLag) -> models.Reader:
    return models.Reader(
        group=group.name,
        state=group.state,
        status=lag.status,
        lag_sum=lag.lag_sum,
        max_lag=lag.max_lag,
        max_lag_seconds=lag.max_lag_seconds,
    )


def _topic(found: _Found, detail: Detail) -> models.Topic:
    topic, config = found.topic, found.topic.config
    below: dict[str, Any] = {}
    if detail != "topic":
        below["groups"] = found.readers
    if detail == "partition":
        below["partitions"] = [_partition(partition) for partition in topic.partitions]
    return models.Topic(
        cluster=found.reading.cluster,
        topic=topic.name,
        read_at=instant(found.reading.read_at),
        partition_count=figures.partition_count(topic),
        end_sum=figures.end_sum(topic),
        record_count=figures.record_count(topic),
        under_replicated_partitions=figures.under_replicated(topic),
        offline_partitions=figures.offline(topic),
        under_min_isr_partitions=figures.under_min_isr(topic),
        reassigning_partitions=topic.reassigning,
        size_bytes=topic.size_bytes,
        cleanup_policy=None if config is None else config.cleanup_policy,
        timestamp_type=None if config is None else config.timestamp_type,
        min_insync_replicas=None if config is None else config.min_insync_replicas,
        retention_seconds=figures.retention_seconds(topic),
        retention_bytes=figures.retention_bytes(topic),
        appended_total=topic.appended_total,
        appended_per_second=topic.appended_per_second,
        lag_sum=found.lag.lag_sum,
        max_lag=found.lag.max_lag,
        max_lag_seconds=found.lag.max_lag_seconds,
        **below,
    )


def _partition(partition: PartitionReading) -> models.TopicPartition:
    placement = partition.placement
    return models.TopicPartition(
        partition=placement.partition,
        leader=placement.leader,
        replicas=list(placement.replicas),
        in_sync_replicas=list(placement.in_sync_replicas),
        offline_replicas=list(placement.offline_replicas),
        log_start=partition.log_start,
        end=partition.end,
        last_stable=partition.last_stable,
        size_bytes=partition.size_bytes,
    )


def _table(items: list[models.Topic], detail: Detail) -> tuple[list[str], Iterator[tables.Row]]:
    """One row a topic, reader or partition, the last two with the names above them."""
    if detail == "topic":
        columns = tables.columns_of(models.Topic, without=("groups", "partitions"))
        return columns, (tables.row_of(item, columns) for item in items)
    above = ["cluster", "topic"]
    columns = tables.columns_of(models.Reader if detail == "group" else models.TopicPartition)
    rows = (
        tables.row_of(item, above) | tables.row_of(below, columns)
        for item in items
        for below in ((item.groups if detail == "group" else item.partitions) or ())
    )
    return above + columns, rows
