"""What is said of the exporter's sources: from the start on, and once they were read."""

from dataclasses import replace

from streamgauge.metrics import exporter
from streamgauge.model.alerts import AlertmanagerStatus
from streamgauge.model.refusals import Reason, Refusals
from streamgauge.model.source_status import SourceStatus
from tests.metrics.readings import Samples, parsed, value

NEW = SourceStatus(source="kafka", cluster="main", target="kafka-1:9092", interval=0.5)
READ = replace(NEW, up=True, last_success=1_767_268_800.25, last_duration=0.084)
LABELS = {"source": "kafka", "cluster": "main"}


def samples_of(*statuses: SourceStatus) -> Samples:
    """What a scraper reads of these sources' status."""
    return parsed(exporter.render(statuses, openmetrics=False))


def test_the_interval_is_served_before_anything_was_read() -> None:
    """A source that was never read has an interval and no more: rules can tell that it should have been read."""
    shown = samples_of(NEW)

    assert value(shown, exporter.INTERVAL.name, **LABELS) == 0.5
    for family in (exporter.UP, exporter.STALE, exporter.LAST_SUCCESS, exporter.DURATION):
        assert value(shown, family.name, **LABELS) is None


def test_the_interval_stands_beside_what_it_is_compared_with() -> None:
    """A source that was read has its interval beside the time and the duration, under the same labels."""
    shown = samples_of(READ, replace(READ, cluster="other", interval=3600.0))

    assert [
        value(shown, family.name, **LABELS) for family in (exporter.INTERVAL, exporter.LAST_SUCCESS, exporter.DURATION)
    ] == [0.5, 1_767_268_800.25, 0.084]
    assert value(shown, exporter.INTERVAL.name, source="kafka", cluster="other") == 3600


def test_refused_requests_are_counted_by_reason_from_the_start() -> None:
    """Every reason has its series, so that the first refusal is seen as a rate."""
    refusals = Refusals()
    refusals.count(Reason.FORBIDDEN)
    shown = parsed(exporter.render([], openmetrics=False, own=exporter.refused_samples(refusals)))

    counts = {reason: value(shown, exporter.REFUSED_REQUESTS.name, reason=reason) for reason in Reason}
    assert counts == {**dict.fromkeys(Reason, 0), Reason.FORBIDDEN: 1}
    assert all(reason in exporter.REFUSED_REQUESTS.help for reason in Reason)


def test_how_asking_alertmanager_goes_is_served() -> None:
    """Requests and failures by operation; nothing where none is configured, no verdict before the first request."""
    requests = {"list_alerts": 3, "create_silence": 1}
    asked = AlertmanagerStatus(up=False, requests=requests, failed={"list_alerts": 2, "create_silence": 0})
    shown = parsed(exporter.render([], openmetrics=False, own=exporter.alertmanager_samples(asked)))

    assert value(shown, exporter.ALERTMANAGER_UP.name) == 0
    assert value(shown, exporter.ALERTMANAGER_REQUESTS.name, operation="list_alerts") == 3
    assert value(shown, exporter.ALERTMANAGER_FAILED.name, operation="list_alerts") == 2
    assert value(shown, exporter.ALERTMANAGER_FAILED.name, operation="create_silence") == 0
    for status in (None, AlertmanagerStatus()):
        assert list(exporter.alertmanager_samples(status)) == []
