"""`/api/v1/groups`: consumer groups, with their lag at each level: group, topic, partition."""

from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from typing import Annotated, Any, Literal, NamedTuple

from fastapi import APIRouter, Query, Request, Response
from pydantic import BeforeValidator, Field

from streamgauge.model.reading import ClusterReading, GroupReading, GroupTopicLag
from streamgauge.model.snapshot import Member
from streamgauge.model.status import Status
from streamgauge.web import problem
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
from streamgauge.web.ordering import ordered, severity
from streamgauge.web.problem import ProblemError
from streamgauge.web.readings import Readings
from streamgauge.web.workers import Workers

Detail = Literal["group", "topic", "partition"]
NameTest = Callable[[str], bool]


def _no_filter_where_empty(asked: str) -> str | None:
    return asked.casefold() or None


class GroupQuery(PageQuery):
    """What `/api/v1/groups` takes."""

    group: NamePattern = Field(None, description="Only groups whose whole name matches this regular expression.")
    topic: NamePattern = Field(None, description="Only groups that read a topic that matches, and only those topics.")
    status: Annotated[Status | None, BeforeValidator(_no_filter_where_empty)] = Field(
        None, description="Only groups that are doing this on the worst of their topics."
    )
    state: str | None = Field(None, description="Only groups in this state, in Kafka's word; `unknown` for none.")
    min_lag: int | None = Field(None, ge=0, description="Only groups at least so many records behind.")
    min_lag_seconds: float | None = Field(None, ge=0, description="Only groups at least so many seconds behind.")
    sort: Literal[
        "name", "-name", "status", "-status", "lag", "-lag", "lag_seconds", "-lag_seconds", "rate", "-rate"
    ] = Field(
        "name",
        description="`-` in front for descending; unknown figures come last. `-status` begins with the worst status.",
    )
    detail: Detail = Field("topic", description="How deep the answer goes; in CSV, what a row is.")


class _Found(NamedTuple):
    reading: ClusterReading
    group: GroupReading


_FIGURES: dict[str, Callable[[_Found], float | None]] = {
    "status": lambda found: severity(found.group.status),
    "lag": lambda found: found.group.lag_sum,
    "lag_seconds": lambda found: found.group.max_lag_seconds,
    "rate": lambda found: found.group.consumed_per_second,
}


def create_router(store: Readings, workers: Workers) -> APIRouter:
    """The routes of the groups."""
    router = APIRouter(tags=["API"])

    @router.get(
        "/groups",
        summary="Consumer groups",
        response_class=Response,
        responses={**replies.described(models.GroupPage), **problem.described(404, 422)},
    )
    async def groups(request: Request, query: Annotated[GroupQuery, Query()]) -> Response:
        """Consumer groups of every cluster, with their lag at each level.

        A group whose lag is unknown is found by `min_lag` when its known part alone is enough.
        """
        return await workers.run(lambda: _reply(store, request, query))

    @router.get(
        "/groups/{cluster}/{group:name}",
        summary="One consumer group",
        response_class=Response,
        responses={**replies.described(models.WholeGroup, csv=False), **problem.described(404, 503)},
    )
    async def group(request: Request, cluster: str, group: str) -> Response:
        """One consumer group, whole: topics, partitions and members."""
        return await workers.run(lambda: _whole(store, request, f"{cluster}/{group}"))

    return router


def _reply(store: Readings, request: Request, query: GroupQuery) -> Response:
    topic_test = name_filter("topic", query.topic)
    readings, unread = read_clusters(selected_views(store, query.cluster))
    found = list(_find(readings, query, topic_test))
    in_order = ordered(found, query.sort, _FIGURES, lambda each: (each.group.name, each.reading.cluster))
    items = [_group(*each, query.detail, topic_test) for each in page_of(in_order, query)]
    if replies.wants_csv(request, query.format):
        columns, rows = _table(items, query.detail)
        return replies.csv_reply(request, columns, rows, total=len(found), unread=unread)
    page = models.GroupPage(
        total=len(found), limit=query.limit, offset=query.offset, unread_clusters=unread, items=items
    )
    return replies.json_reply(request, page)


def _find(readings: Iterable[ClusterReading], query: GroupQuery, topic_test: NameTest) -> Iterator[_Found]:
    group_test = name_filter("group", query.group)
    for reading in readings:
        for group in reading.groups.values():
            if (
                group_test(group.name)
                and (query.status is None or query.status is group.status)
                and (not query.state or query.state.casefold() == (group.state or "unknown").casefold())
                and (not query.topic or any(topic_test(topic) for topic in group.topics))
                and at_least(group.lag_sum, group.max_lag, query.min_lag)
                and at_least(group.max_lag_seconds, None, query.min_lag_seconds)
            ):
                yield _Found(reading, group)


def _whole(store: Readings, request: Request, rest: str) -> Response:
    reading, name = one_named(store, rest)
    group = reading.groups.get(name)
    if group is None:
        raise ProblemError(HTTPStatus.NOT_FOUND, f"cluster {reading.cluster!r} has no consumer group {name!r}")
    topics = [_topic(lag, partitions=True) for _, lag in sorted(group.topics.items())]
    members = None if group.members is None else [_member(member) for member in group.members]
    return replies.json_reply(request, models.WholeGroup(**_figures(reading, group), topics=topics, members=members))


def _member(member: Member) -> models.Member:
    owned = None if member.assignment is None else sorted(member.assignment.items())
    assignment = None if owned is None else {topic: list(partitions) for topic, partitions in owned}
    return models.Member(
        member_id=member.member_id, client_id=member.client_id, host=member.host, assignment=assignment
    )


def _group(reading: ClusterReading, group: GroupReading, detail: Detail, topic_test: NameTest) -> models.Group:
    if detail == "group":
        return models.Group(**_figures(reading, group))
    lags = (lag for topic, lag in sorted(group.topics.items()) if topic_test(topic))
    return models.Group(
        **_figures(reading, group), topics=[_topic(lag, partitions=detail == "partition") for lag in lags]
    )


def _figures(reading: ClusterReading, group: GroupReading) -> dict[str, Any]:
    return {
        "cluster": reading.cluster,
        "group": group.name,
        "read_at": instant(reading.read_at),
        "status": group.status,
        "state": group.state,
        "type": group.group_type,
        "protocol_type": group.protocol_type,
        "assignor": group.assignor,
        "coordinator": group.coordinator,
        "member_count": None if group.members is None else len(group.members),
        "topic_count": len(group.topics),
        "lag_sum": group.lag_sum,
        "max_lag": group.max_lag,
        "max_lag_seconds": group.max_lag_seconds,
        "unknown_partitions": group.unknown,
        "uncommitted_partitions": group.uncommitted,
        "unassigned_partitions": group.unassigned,
        "committed_sum": group.committed_sum,
        "consumed_total": group.consumed_total,
        "consumed_per_second": group.consumed_per_second,
        "time_to_catch_up_seconds": group.time_to_catch_up_seconds,
        "time_to_data_loss_seconds": group.time_to_data_loss_seconds,
        "records_lost_total": group.records_lost_total,
        "slo_lag_seconds": group.slo_lag_seconds,
        "rebalances_total": group.rebalances_total,
        "member_changes_total": group.member_changes_total,
    }


def _topic(lag: GroupTopicLag, *, partitions: bool) -> models.GroupTopic:
    figures: dict[str, Any] = {
        "topic": lag.topic,
        "status": lag.status,
        "lag_sum": lag.lag_sum,
        "max_lag": lag.max_lag,
        "max_lag_seconds": lag.max_lag_seconds,
        "unknown_partitions": lag.unknown,
        "uncommitted_partitions": lag.uncommitted,
        "unassigned_partitions": lag.unassigned,
        "committed_sum": lag.committed_sum,
        "consumed_total": lag.consumed_total,
        "consumed_per_second": lag.consumed_per_second,
        "time_to_catch_up_seconds": lag.time_to_catch_up_seconds,
        "time_to_data_loss_seconds": lag.time_to_data_loss_seconds,
        "records_lost_total": lag.records_lost_total,
    }
    if not partitions:
        return models.GroupTopic(**figures)
    return models.GroupTopic(**figures, partitions=[models.GroupPartition(**row._asdict()) for row in lag.rows()])


def _table(items: list[models.Group], detail: Detail) -> tuple[list[str], Iterator[tables.Row]]:
    """One row a group, topic or partition, each with the names above it."""
    group_columns = tables.columns_of(models.Group, without=("topics",))
    topic_columns = tables.columns_of(models.GroupTopic, without=("partitions",))
    partition_columns = tables.columns_of(models.GroupPartition)
    if detail == "group":
        return group_columns, (tables.row_of(item, group_columns) for item in items)
    above = ["cluster", "group", "state"]
    pairs = ((tables.row_of(item, above), topic) for item in items for topic in item.topics or ())
    if detail == "topic":
        return above + topic_columns, (row | tables.row_of(topic, topic_columns) for row, topic in pairs)
    rows = (
        row | {"topic": topic.topic} | tables.row_of(partition, partition_columns)
        for row, topic in pairs
        for partition in topic.partitions or ()
    )
    return [*above, "topic", *partition_columns], rows
