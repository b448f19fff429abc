"""A whole dashboard: its variables, its annotations, its time, and its panels."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from grafana_foundation_sdk.models import common as sdk_common
from grafana_foundation_sdk.models import dashboard as sdk
from grafana_foundation_sdk.models import prometheus

from grafana.src.layout import Row, placed
from grafana.src.links import TAG, Page, all_dashboards
from grafana.src.look import Colour
from grafana.src.panels import DATASOURCE
from grafana.src.queries import Scope, total

SCHEMA_VERSION = 42
"""Of Grafana 12; newer ones read it as it is."""

REFRESH = "10s"
REFRESH_CHOICES = ("1s", "5s", "10s", "30s", "1m", "5m", "15m")
RANGE = "now-1h"

ALL = "$__all"

ANNOTATION_STEP = "30s"

ALERT_LABELS = ("cluster", "consumergroup", "topic")
"""What an alert about Kafka can be about."""

JOB_ALERT_LABELS = ("job_name", "phase", "sub_phase")
"""What an alert about a job can be about."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A choice at the top of a dashboard: a label of the same name, by default all of its values.

    Attributes:
        name: of the label.
        title: what people call it.
        metric: one that has the label, and few series.
        within: the labels whose choice narrows this one's.
        one: whether one value is chosen, rather than any number: for a dashboard that is about one thing.
        within_one: the labels of which one value is chosen that narrow this one's.
    """

    name: str
    title: str
    metric: str
    within: tuple[str, ...] = ()
    one: bool = False
    within_one: tuple[str, ...] = ()


CLUSTER = Variable("cluster", "Cluster", "streamgauge_source_up")
GROUP = Variable("consumergroup", "Group", "kafka_consumergroup_slo_lag_seconds", ("cluster",))
TOPIC = Variable("topic", "Topic", "kafka_topic_partitions", ("cluster",))
JOBS = Variable("job_name", "Job", "job_info")
ONE_JOB = Variable("job_name", "Job", "job_info", one=True)
PHASE = Variable("phase", "Phase", "job_errors_total", within_one=("job_name",))
APPLICATIONS = Variable("application", "Application", "app_last_seen_timestamp_seconds")
TOPIC_OF_GROUP = Variable("topic", "Topic", "kafka_consumergroup_status", ("cluster", "consumergroup"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """What stands on a dashboard.

    Attributes:
        page: its uid.
        title: its name in Grafana's list.
        description: what it answers.
        variables: beside the datasource.
        annotations: what is marked in its graphs.
        rows: its panels.
    """

    page: Page
    title: str
    description: str
    variables: Sequence[Variable]
    annotations: Sequence[sdk.AnnotationQuery] = field(default_factory=tuple)
    rows: Sequence[Row]

    def build(self) -> sdk.Dashboard:
        """As Grafana has it."""
        return sdk.Dashboard(
            uid=self.page,
            title=self.title,
            description=self.description,
            tags=[TAG],
            timezone="browser",
            editable=True,
            graph_tooltip=sdk.DashboardCursorSync.CROSSHAIR,
            time=sdk.DashboardDashboardTime(from_val=RANGE, to="now"),
            timepicker=sdk.TimePickerConfig(refresh_intervals=list(REFRESH_CHOICES)),
            refresh=REFRESH,
            schema_version=SCHEMA_VERSION,
            links=[all_dashboards()],
            templating=sdk.DashboardDashboardTemplating(list_val=[_datasource(), *map(_variable, self.variables)]),
            annotations=sdk.AnnotationContainer(list_val=list(self.annotations)),
            panels=placed(self.rows),
        )


def deploys() -> sdk.AnnotationQuery:
    """Grafana's own annotations with the tag `deploy`, which a delivery pipeline posts to its API."""
    return sdk.AnnotationQuery(
        name="Deploys",
        datasource=sdk_common.DataSourceRef(type_val="grafana", uid="-- Grafana --"),
        enable=True,
        icon_color=Colour.CALM,
        target=sdk.AnnotationTarget(limit=100, match_any=True, tags=["deploy"], type_val="tags"),  # type: ignore[arg-type]
    )


def job_alerts() -> sdk.AnnotationQuery:
    """The same of the alerts about jobs and their phases."""
    return alerts("job_name", named="Job.*", about=JOB_ALERT_LABELS, told=("job_name",))


def alerts(
    *labels: str,
    named: str = "Kafka.*|Streamgauge.*",
    about: tuple[str, ...] = ALERT_LABELS,
    told: tuple[str, ...] = ALERT_LABELS,
) -> sdk.AnnotationQuery:
    """When each alert that fires now, or fired then, began: a line, not a shade, so that a long one hides nothing.

    Args:
        labels: those that the dashboard's variables choose.
        named: a pattern of the alerts that are about what the dashboard shows.
        about: the labels that tell such alerts apart.
        told: the labels that the annotation shows; each of the alerts has them.
    """
    chosen = ", ".join((f'alertname=~"{named}"', *(f'{label}=~"${label}"' for label in labels)))
    firing = f'ALERTS{{alertstate="firing", {chosen}}}'
    since = f"ALERTS_FOR_STATE{{{chosen}}} and ignoring (alertstate) {firing}"
    found = _from_prometheus(
        "Alerts",
        f"max by (alertname, {', '.join(about)}) (1000 * ({since}))",
        Colour.BAD,
        title="{{alertname}}",
        text=" ".join(f"{{{{{label}}}}}" for label in told),
    )
    found.use_value_for_time = True
    return found


def rebalances() -> sdk.AnnotationQuery:
    """When a group's members were given their partitions anew."""
    scope = Scope(("cluster", "consumergroup"))
    grown = scope.growth("kafka_consumergroup_rebalances_total")
    return _from_prometheus(
        "Rebalances",
        f"{total(grown, 'cluster', 'consumergroup')} > 0",
        Colour.ODD,
        title="Rebalance",
        text="{{consumergroup}}",
    )


def _from_prometheus(name: str, expression: str, colour: Colour, *, title: str, text: str) -> sdk.AnnotationQuery:
    return sdk.AnnotationQuery(
        name=name,
        datasource=DATASOURCE,
        enable=True,
        icon_color=colour,
        expr=expression,
        title_format=title,
        text_format=text,
        step=ANNOTATION_STEP,
        target=prometheus.Dataquery(ref_id="Annotation", expr=expression, range_val=True, interval=ANNOTATION_STEP),
    )


def _datasource() -> sdk.VariableModel:
    return sdk.VariableModel(
        type_val=sdk.VariableType.DATASOURCE,
        name="datasource",
        label="Prometheus",
        query="prometheus",
        refresh=sdk.VariableRefresh.ON_DASHBOARD_LOAD,
        options=[],
    )


def _variable(variable: Variable) -> sdk.VariableModel:
    single = variable.one
    patterns = (f'{label}=~"${label}"' for label in variable.within)
    narrowed = ", ".join((*patterns, *(f'{label}="${label}"' for label in variable.within_one)))
    selector = f"{variable.metric}{{{narrowed}}}" if narrowed else variable.metric
    query = f"label_values({selector}, {variable.name})"
    return sdk.VariableModel(
        type_val=sdk.VariableType.QUERY,
        name=variable.name,
        label=variable.title,
        datasource=DATASOURCE,
        query={"qryType": 1, "query": query, "refId": f"variable-{variable.name}"},
        definition=query,
        # On every change of the range, so that what came lately can be chosen and what has gone can be looked at.
        refresh=sdk.VariableRefresh.ON_TIME_RANGE_CHANGED,
        sort=sdk.VariableSort.NATURAL_ASC,
        multi=not single,
        include_all=not single,
        all_value=None if single else ".*",
        current=None if single else sdk.VariableOption(selected=True, text=["All"], value=[ALL]),
        options=[],
    )
