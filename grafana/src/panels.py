"""One function a kind of panel: what they all say comes as a `Subject`, what is drawn as queries.

The look is decided here and in ``look.py`` alone, so that a dashboard's module holds questions and queries only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from grafana_foundation_sdk.models import bargauge, heatmap, prometheus, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.models import common as sdk_common
from grafana_foundation_sdk.models import dashboard as sdk

from grafana.src.look import (
    PLAIN,
    Colour,
    State,
    Steps,
    Unit,
    blank_where_absent,
    mappings,
    muted_where_absent,
    plain_where_absent,
)
from grafana.src.queries import Query

DATASOURCE = sdk_common.DataSourceRef(type_val="prometheus", uid="${datasource}")
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

ROWS_A_PAGE = 20

BRIDGED = 90_000
"""Milliseconds: a missed scrape is bridged; what is absent for longer is unknown, and stays a gap."""

Override = sdk.DashboardFieldConfigSourceOverrides


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a panel of any kind says.

    Attributes:
        number: its id, stable: links to a panel and shared pictures use it.
        title: a question, or a plain subject, that the panel answers.
        description: what it shows, and what to do about it.
        nothing: what stands there when there is no data: why, and whether that is good.
        unit: of its numbers.
        width: in columns of 24.
        height: in Grafana's rows of 30 pixels.
        links: where its title leads.
        paged: whether a timeline may have more rows than fit, and shows them by pages.
    """

    number: int
    title: str
    description: str
    nothing: str
    unit: Unit = Unit.COUNT
    width: int = 12
    height: int = 8
    links: tuple[sdk.DashboardLink, ...] = ()
    paged: bool = False


@dataclass(frozen=True, slots=True)
class Lines:
    """How a graph is drawn beyond the usual.

    Attributes:
        colours: of series by their name.
        limit: the name of a series that is a limit: dashed, red, unfilled.
        band: the names of an upper and a lower series between which is shaded.
        stacked: whether the series add up.
        bars: bars rather than lines: for things that happen, not for things that are.
        stepped: the value holds until the next: for counts that are set.
        steps: thresholds to draw as dashed lines.
        least: the lowest value of the axis.
        most: the highest value of the axis, when it is fixed.
        soft_most: how far the axis reaches at least, so that noise near 0 looks like noise.
        decimals: digits after the point; none where the value is stepped, else Grafana's choice.
        shades: of which colour series have shades, by a pattern of their names.
        right: of series on an axis of their own to the right: a pattern of their names, and their unit.
        links: where a series leads.
    """

    colours: Mapping[str, Colour] = field(default_factory=dict)
    limit: str = ""
    band: tuple[str, str] = ("", "")
    stacked: bool = False
    bars: bool = False
    stepped: bool = False
    steps: Steps | None = None
    least: float | None = 0
    most: float | None = None
    soft_most: float = 1
    decimals: float | None = None
    shades: Mapping[str, Colour] = field(default_factory=dict)
    right: tuple[str, Unit] | None = None
    links: tuple[sdk.DashboardLink, ...] = ()


def graph(subject: Subject, queries: Sequence[Query], lines: Lines | None = None) -> sdk.Panel:
    """How numbers went."""
    lines = lines or Lines()
    fields = fields_of(subject)
    fields.min_val, fields.max_val = lines.least, lines.most
    fields.color = sdk.FieldColor(mode=sdk.FieldColorModeId.PALETTE_CLASSIC)
    fields.links = list(lines.links) or None
    fields.decimals = 0 if lines.stepped and lines.decimals is None else lines.decimals
    fields.custom = _strokes(lines)
    if lines.steps:
        fields.thresholds = lines.steps.drawn()
    options = timeseries.Options(
        legend=legend_of(),
        tooltip=sdk_common.VizTooltipOptions(
            mode=sdk_common.TooltipDisplayMode.MULTI, sort=sdk_common.SortOrder.DESCENDING
        ),
    )
    return assembled("timeseries", subject, queries, options, config_of(fields, _line_overrides(lines)))


def _strokes(lines: Lines) -> sdk_common.GraphFieldConfig:
    fill = 0 if any(lines.band) else 70 if lines.bars else 25 if lines.stacked else 8
    mode = sdk_common.GraphThresholdsStyleMode.DASHED if lines.steps else sdk_common.GraphThresholdsStyleMode.OFF
    return sdk_common.GraphFieldConfig(
        draw_style=sdk_common.GraphDrawStyle.BARS if lines.bars else sdk_common.GraphDrawStyle.LINE,
        line_width=1,
        fill_opacity=fill,
        line_interpolation=(
            sdk_common.LineInterpolation.STEP_AFTER if lines.stepped else sdk_common.LineInterpolation.LINEAR
        ),
        show_points=sdk_common.VisibilityMode.NEVER,
        span_nulls=BRIDGED,
        stacking=sdk_common.StackingConfig(
            mode=sdk_common.StackingMode.NORMAL if lines.stacked else sdk_common.StackingMode.NONE, group="A"
        ),
        thresholds_style=sdk_common.GraphThresholdsStyleConfig(mode=mode),
        axis_soft_max=lines.soft_most,
    )


def _line_overrides(lines: Lines) -> list[Override]:
    found = [by_name(name, color=fixed(colour)) for name, colour in lines.colours.items()]
    if lines.limit:
        dashed = {"fill": "dash", "dash": [8, 6]}
        found.append(
            by_name(
                lines.limit,
                **{
                    "color": fixed(Colour.BAD),
                    "custom.lineStyle": dashed,
                    "custom.fillOpacity": 0,
                    "custom.stacking": {"mode": "none", "group": "limit"},
                },
            )
        )
    for pattern, colour in lines.shades.items():
        found.append(by_pattern(pattern, color={"mode": "shades", "fixedColor": str(colour)}))
    if lines.right:
        pattern, unit = lines.right
        apart: dict[str, object] = {"custom.lineStyle": {"fill": "dash", "dash": [4, 4]}, "custom.fillOpacity": 0}
        apart |= {"unit": unit, "custom.axisPlacement": "right", "custom.axisSoftMax": 0}
        found.append(by_pattern(pattern, **apart))
    upper, lower = lines.band
    if upper:
        faint: dict[str, object] = {"color": fixed(Colour.MUTED), "custom.lineWidth": 0}
        found.append(by_name(upper, **faint, **{"custom.fillBelowTo": lower, "custom.fillOpacity": 30}))
        found.append(by_name(lower, **faint, **{"custom.fillOpacity": 0}))
    return found


@dataclass(frozen=True, slots=True)
class Figures:
    """How single numbers are shown beyond the usual.

    Attributes:
        steps: from which value on they have which colour.
        colours: of figures by their name, instead of the thresholds.
        names: whether each figure's name stands with it; the number alone otherwise.
        states: words for codes.
        share_of: the reference of a query whose value is the figure's limit: colours go by the share of it.
        decimals: digits after the point; Grafana's choice otherwise.
    """

    steps: Steps = PLAIN
    colours: Mapping[str, Colour] = field(default_factory=dict)
    names: bool = False
    states: Sequence[State] = ()
    share_of: str = ""
    decimals: float | None = None


def figure(subject: Subject, queries: Sequence[Query], figures: Figures | None = None) -> sdk.Panel:
    """One number, or a few beside each other, readable from across the room."""
    figures = figures or Figures()
    fields = fields_of(subject)
    fields.decimals = figures.decimals
    fields.color = sdk.FieldColor(mode=sdk.FieldColorModeId.THRESHOLDS)
    fields.thresholds = figures.steps.config()
    fields.mappings = mappings(figures.states) or None
    options = stat.Options(
        reduce_options=sdk_common.ReduceDataOptions(values=False, calcs=["lastNotNull"], fields=""),
        graph_mode=sdk_common.BigValueGraphMode.NONE,
        color_mode=sdk_common.BigValueColorMode.VALUE,
        justify_mode=sdk_common.BigValueJustifyMode.CENTER,
        text_mode=sdk_common.BigValueTextMode.VALUE_AND_NAME if figures.names else sdk_common.BigValueTextMode.VALUE,
        orientation=sdk_common.VizOrientation.AUTO,
        wide_layout=True,
    )
    overrides = [by_name(name, color=fixed(colour)) for name, colour in figures.colours.items()]
    if not figures.share_of:
        return assembled("stat", subject, queries, options, config_of(fields, overrides))
    fields.min_val, fields.thresholds = 0, figures.steps.shares()
    fields.mappings = [muted_where_absent(subject.nothing)]
    panel = assembled("stat", subject, queries, options, config_of(fields, overrides))
    panel.transformations = [_as_maximum(queries, figures.share_of)]
    return panel


def _as_maximum(queries: Sequence[Query], limit: str) -> sdk.DataTransformerConfig:
    """Let a query's value be the maximum: thresholds in percent are then shares of that limit, whatever it is."""
    letter = LETTERS[[query.legend for query in queries].index(limit)]
    options = {"configRefId": letter, "mappings": [{"fieldName": limit, "handlerKey": "max"}]}
    return sdk.DataTransformerConfig(id_val="configFromData", options=options)


def timeline(
    subject: Subject, queries: Sequence[Query], states: Sequence[State], *links: sdk.DashboardLink
) -> sdk.Panel:
    """Since when each thing has been in which state; without states, since when each number has been what it is."""
    fields = fields_of(subject)
    fields.custom = statetimeline.FieldConfig(line_width=0, fill_opacity=75, span_nulls=BRIDGED)
    fields.mappings = [*mappings(states), blank_where_absent()]
    # Not by thresholds: the panel would merge the codes into ranges of them, and show those instead of the words.
    fields.color = sdk.FieldColor(mode=sdk.FieldColorModeId.FIXED, fixed_color=Colour.MUTED if states else Colour.CALM)
    fields.links = list(links) or None
    options = statetimeline.Options(
        show_value=sdk_common.VisibilityMode.AUTO,
        row_height=0.8,
        merge_values=True,
        align_value=sdk_common.TimelineValueAlignment.LEFT,
        legend=legend_of(shown=len(states) > 1),
        tooltip=sdk_common.VizTooltipOptions(mode=sdk_common.TooltipDisplayMode.SINGLE),
        per_page=ROWS_A_PAGE if subject.paged else 0,
    )
    panel = assembled("state-timeline", subject, queries, options, config_of(fields))
    # It drops frames without fields, of which the panel would say that they have no time, rather than why.
    panel.transformations = [
        sdk.DataTransformerConfig(id_val="filterFieldsByName", options={"include": {"pattern": ".*"}})
    ]
    return panel


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Attributes:
        title: its heading.
        expression: an instant query, of which it is the value; empty when it is a label of another column's.
        label: the label that it shows; the value of its own query, where it has one, is then left out.
        unit: of its numbers.
        width: in pixels; 0 lets Grafana choose.
        least: the least width, where Grafana chooses: names must stay readable on a phone.
        nothing: what stands where the row has no such value.
        steps: its colours, as the text's.
        states: words for codes, on a ground of their colour.
        links: where a cell leads.
        decimals: digits after the point; Grafana's choice otherwise.
    """

    title: str
    expression: str = ""
    label: str = ""
    unit: Unit = Unit.TEXT
    width: int = 0
    least: int = 0
    nothing: str = "-"
    steps: Steps | None = None
    states: Sequence[State] = ()
    links: tuple[sdk.DashboardLink, ...] = ()
    decimals: float | None = None


def listing(
    subject: Subject, columns: Sequence[Column], sort_by: str, *, ascending: bool = False, step: str | None = None
) -> sdk.Panel:
    """Things as rows, worst first. Queries are joined by all the labels that they share."""
    values = [column for column in columns if column.expression]
    fields = fields_of(subject)
    fields.thresholds = PLAIN.config()
    fields.color = sdk.FieldColor(mode=sdk.FieldColorModeId.THRESHOLDS)
    fields.custom = sdk_common.TableFieldOptions(align=sdk_common.FieldTextAlignment.LEFT, min_width=70)
    options = table.Options(
        show_header=True,
        cell_height=sdk_common.TableCellHeight.SM,
        sort_by=[sdk_common.TableSortByFieldState(display_name=sort_by, desc=not ascending)],
    )
    overrides = [by_name(column.title, **_column_properties(column)) for column in columns]
    queries = [Query(column.expression, shape="table", step=step) for column in values]
    panel = assembled("table", subject, queries, options, config_of(fields, overrides))
    merge = [sdk.DataTransformerConfig(id_val="merge", options={})] if len(values) > 1 else []
    panel.transformations = [*merge, _arranged(columns)]
    return panel


def _arranged(columns: Sequence[Column]) -> sdk.DataTransformerConfig:
    """Columns under their titles and in their order."""
    values = iter(_value_names(columns))
    names, hidden = [], ["Time"]
    for column in columns:
        value = next(values) if column.expression else ""
        names.append(column.label or value)
        if column.label and value:
            hidden.append(value)
    options = {
        "excludeByName": dict.fromkeys(hidden, True),
        "indexByName": {name: index for index, name in enumerate(names)},
        "renameByName": dict(zip(names, (column.title for column in columns), strict=True)),
    }
    return sdk.DataTransformerConfig(id_val="organize", options=options)


def _value_names(columns: Sequence[Column]) -> list[str]:
    """What Grafana calls the values of the queries, in their order."""
    count = sum(bool(column.expression) for column in columns)
    return ["Value"] if count == 1 else [f"Value #{letter}" for letter in LETTERS[:count]]


def _column_properties(column: Column) -> dict[str, object]:
    # Without words of its own a cell would take the panel's, which speak of the whole table.
    found: dict[str, object] = {"unit": column.unit, "noValue": column.nothing}
    if column.width:
        found["custom.width"] = column.width
    if column.least:
        found["custom.minWidth"] = column.least
    if column.decimals is not None:
        found["decimals"] = column.decimals
    if column.links:
        found["links"] = list(column.links)
    if column.steps:
        found["thresholds"] = column.steps.config()
        found["custom.cellOptions"] = {"type": "color-text"}
    if column.states:
        found["mappings"] = [*mappings(column.states), plain_where_absent(column.nothing)]
        found["custom.cellOptions"] = {"type": "color-background", "mode": "basic"}
    return found


@dataclass(frozen=True, slots=True)
class Shades:
    """How a grid is coloured.

    Attributes:
        colour: of a full cell; an empty one has none.
        most: the value from which a cell is full; the largest that there is, when it is not given.
    """

    colour: Colour
    most: float | None = None


def grid(subject: Subject, queries: Sequence[Query], shades: Shades) -> sdk.Panel:
    """A row a thing, time to the right, the stronger the more: where in a crowd something is."""
    fields = fields_of(subject)
    fields.custom = heatmap.FieldConfig()
    options = heatmap.Options(
        calculate=False,
        color=heatmap.HeatmapColorOptions(
            # By opacity: a scheme's ends change places between the dark and the light theme.
            mode=heatmap.HeatmapColorMode.OPACITY,
            fill=shades.colour,
            scale=heatmap.HeatmapColorScale.EXPONENTIAL,
            exponent=0.7,
            steps=64,
            reverse=False,
            min_val=0,
            max_val=shades.most,
        ),
        rows_frame=heatmap.RowsHeatmapOptions(layout=sdk_common.HeatmapCellLayout.AUTO),
        cell_gap=0,
        cell_values=heatmap.CellValues(unit=subject.unit, decimals=0),
        y_axis=heatmap.YAxisConfig(
            axis_width=140, axis_placement=sdk_common.AxisPlacement.LEFT, reverse=True, unit=Unit.TEXT
        ),
        legend=heatmap.HeatmapLegend(show=True),
        tooltip=heatmap.HeatmapTooltip(mode=sdk_common.TooltipDisplayMode.SINGLE, y_histogram=False),
        show_value=sdk_common.VisibilityMode.NEVER,
    )
    return assembled("heatmap", subject, queries, options, config_of(fields))


def bars(subject: Subject, queries: Sequence[Query], steps: Steps = PLAIN) -> sdk.Panel:
    """A bar a thing, as it is now: who carries how much."""
    fields = fields_of(subject)
    fields.min_val = 0
    fields.color = sdk.FieldColor(mode=sdk.FieldColorModeId.THRESHOLDS)
    fields.thresholds = steps.config()
    options = bargauge.Options(
        display_mode=sdk_common.BarGaugeDisplayMode.BASIC,
        orientation=sdk_common.VizOrientation.HORIZONTAL,
        name_placement=sdk_common.BarGaugeNamePlacement.LEFT,
        value_mode=sdk_common.BarGaugeValueMode.TEXT,
        show_unfilled=True,
        text=sdk_common.VizTextDisplayOptions(title_size=13, value_size=15),
        max_viz_height=60,
        reduce_options=sdk_common.ReduceDataOptions(values=False, calcs=["lastNotNull"], fields=""),
    )
    return assembled("bargauge", subject, queries, options, config_of(fields))


def fields_of(subject: Subject) -> sdk.FieldConfig:
    """What the fields of every kind of panel begin with."""
    return sdk.FieldConfig(unit=subject.unit, no_value=subject.nothing)


def config_of(fields: sdk.FieldConfig, overrides: Sequence[Override] = ()) -> sdk.FieldConfigSource:
    """The fields, and what is different for some of them."""
    return sdk.FieldConfigSource(defaults=fields, overrides=list(overrides))


def assembled(
    kind: str, subject: Subject, queries: Sequence[Query], options: object, config: sdk.FieldConfigSource
) -> sdk.Panel:
    """A panel of a kind: all that it needs, save its place."""
    return sdk.Panel(
        type_val=kind,
        id_val=subject.number,
        title=subject.title,
        description=subject.description,
        datasource=DATASOURCE,
        grid_pos=sdk.GridPos(w=subject.width, h=subject.height),
        links=list(subject.links) or None,
        targets=[_target(query, LETTERS[index]) for index, query in enumerate(queries)],
        options=options,
        field_config=config,
    )


def _target(query: Query, letter: str) -> prometheus.Dataquery:
    shown_now = query.shape != "range"
    formats = prometheus.PromQueryFormat
    return prometheus.Dataquery(
        ref_id=letter,
        expr=query.expression,
        legend_format=query.legend or None,
        interval=query.step,
        datasource=DATASOURCE,
        editor_mode=prometheus.QueryEditorMode.CODE,
        instant=shown_now,
        range_val=not shown_now,
        format_val=formats.TABLE if query.shape == "table" else formats.TIME_SERIES,
    )


def legend_of(*, shown: bool = True) -> sdk_common.VizLegendOptions:
    """The names of the series, below."""
    return sdk_common.VizLegendOptions(
        show_legend=shown,
        display_mode=sdk_common.LegendDisplayMode.LIST,
        placement=sdk_common.LegendPlacement.BOTTOM,
    )


def by_name(name: str, **properties: object) -> Override:
    """What is different for a series or a column of a name."""
    return _override(sdk.MatcherConfig(id_val="byName", options=name), properties)


def by_pattern(pattern: str, **properties: object) -> Override:
    """What is different for those whose name is like a pattern."""
    return _override(sdk.MatcherConfig(id_val="byRegexp", options=f"/{pattern}/"), properties)


def _override(matcher: sdk.MatcherConfig, properties: Mapping[str, object]) -> Override:
    return Override(
        matcher=matcher,
        properties=[sdk.DynamicConfigValue(id_val=key, value=value) for key, value in properties.items()],
    )


def fixed(colour: Colour) -> dict[str, str]:
    """A colour as Grafana has it, whatever the value."""
    return {"mode": "fixed", "fixedColor": str(colour)}
