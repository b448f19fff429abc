"""Two kinds of panel that only jobs have: numbers of the same thing beside each other, and words."""

from collections.abc import Mapping, Sequence

from grafana_foundation_sdk.models import barchart, text
from grafana_foundation_sdk.models import common as sdk_common
from grafana_foundation_sdk.models import dashboard as sdk

from grafana.src.look import Colour
from grafana.src.panels import Subject, assembled, by_name, config_of, fields_of, fixed, legend_of
from grafana.src.queries import Query


def compared(subject: Subject, label: str, queries: Mapping[str, str], colours: Sequence[Colour]) -> sdk.Panel:
    """A thing a group of bars, from the first to the last by name: how its numbers compare.

    Args:
        subject: what the panel says.
        label: of the things, which each query has as its only one.
        queries: instant ones, by the names of their bars.
        colours: of the bars, in the same order.
    """
    fields = fields_of(subject)
    fields.min_val = 0
    fields.custom = barchart.FieldConfig(line_width=0, fill_opacity=80, axis_soft_max=1)
    options = barchart.Options(
        x_field=label,
        orientation=sdk_common.VizOrientation.HORIZONTAL,
        show_value=sdk_common.VisibilityMode.NEVER,
        group_width=0.75,
        bar_width=0.9,
        legend=legend_of(),
        tooltip=sdk_common.VizTooltipOptions(mode=sdk_common.TooltipDisplayMode.MULTI),
    )
    overrides = [by_name(name, color=fixed(colour)) for name, colour in zip(queries, colours, strict=True)]
    asked = [Query(expression, shape="table") for expression in queries.values()]
    panel = assembled("barchart", subject, asked, options, config_of(fields, overrides))
    names = {f"Value #{letter}": name for letter, name in zip("ABCDEFGH", queries, strict=False)}
    arranged = {
        "excludeByName": {"Time": True},
        "indexByName": {name: index for index, name in enumerate((label, *names))},
        "renameByName": names,
    }
    panel.transformations = [
        sdk.DataTransformerConfig(id_val="merge", options={}),
        sdk.DataTransformerConfig(id_val="organize", options=arranged),
        sdk.DataTransformerConfig(id_val="sortBy", options={"sort": [{"field": label}]}),
    ]
    return panel


def words(subject: Subject, content: str) -> sdk.Panel:
    """Words in Markdown, which may have the dashboard's variables in them: for what no metric has."""
    options = text.Options(mode=text.TextMode.MARKDOWN, content=content)
    panel = assembled("text", subject, (), options, config_of(fields_of(subject)))
    panel.transparent = True
    return panel
