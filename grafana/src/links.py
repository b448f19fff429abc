"""Addresses of the dashboards, with the variables and the time range that a click keeps."""

from enum import StrEnum

from grafana_foundation_sdk.models import dashboard as sdk

TAG = "streamgauge"


class Page(StrEnum):
    """The dashboards by their uid, which is part of their address and never changes."""

    OVERVIEW = "streamgauge-overview"
    GROUP = "streamgauge-group"
    TOPIC = "streamgauge-topic"
    CLUSTER = "streamgauge-cluster"
    SELF = "streamgauge-self"
    JOBS = "streamgauge-jobs"
    JOB_RUN = "streamgauge-job-run"
    APPLICATION = "streamgauge-application"


def url(page: Page, *kept: str, **variables: str) -> str:
    """An address that keeps the datasource and the time range.

    Args:
        page: where it leads.
        kept: variables that it takes along as they are, all their values.
        variables: what others are set to: a value, or an expression of Grafana such as a field's label.
    """
    taken = "".join(f"&${{{name}:queryparam}}" for name in kept)
    chosen = "".join(f"&var-{name}={value}" for name, value in variables.items())
    return f"/d/{page}?${{datasource:queryparam}}{taken}{chosen}&${{__url_time_range}}"


def cell(column: str) -> str:
    """What a table's row has in a column, fit for an address."""
    return f'${{__data.fields["{column}"]:percentencode}}'


def series(label: str) -> str:
    """A label of the series that was clicked, fit for an address."""
    return f"${{__field.labels.{label}:percentencode}}"


def link(title: str, address: str) -> sdk.DashboardLink:
    """A link of a panel, a series or a table's cell."""
    return sdk.DashboardLink(title=title, type_val=sdk.DashboardLinkType.LINK, url=address)


def all_dashboards() -> sdk.DashboardLink:
    """The menu at a dashboard's top that leads to the others."""
    menu = sdk.DashboardLink(
        title="Streamgauge",
        type_val=sdk.DashboardLinkType.DASHBOARDS,
        icon="external link",
        tooltip="The other dashboards, with the same cluster and time",
        tags=[TAG],
        as_dropdown=True,
        include_vars=True,
        keep_time=True,
    )
    # The SDK knows no other place than the menu of controls, where nobody finds it.
    menu.placement = None  # type: ignore[assignment]
    return menu
