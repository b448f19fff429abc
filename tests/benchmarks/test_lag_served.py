"""What the accuracy benchmark takes from a page."""

from benchmarks.lag.comparison import Served
from benchmarks.lag.served import CLOCK_SLACK, reading_of
from benchmarks.lag.truth import Span
from tests.services.exporter import Page

PAGE = """\
streamgauge_source_up{source="kafka",cluster="default"} 1
streamgauge_source_duration_seconds{source="kafka",cluster="default"} 0.5
streamgauge_source_last_success_timestamp_seconds{source="kafka",cluster="default"} 100
kafka_consumergroup_lag{cluster="default",consumergroup="billing",topic="orders",partition="0"} 3
kafka_consumergroup_lag_seconds{cluster="default",consumergroup="billing",topic="orders",partition="0"} 1.5
kafka_consumergroup_lag_error_bound_seconds{cluster="default",consumergroup="billing",topic="orders",partition="0"} 0.25
"""


def test_a_reading_lies_within_its_cycle() -> None:
    """It ended at the page's time of the last success, and began as much earlier as the cycle took."""
    reading = reading_of(Page(PAGE))
    assert reading is not None
    assert reading.span == Span(99.5 - CLOCK_SLACK, 100 + CLOCK_SLACK)
    assert reading.of("billing", "orders", 0) == Served(3, 1.5, 0.25)


def test_an_absent_series_is_none() -> None:
    """Never 0."""
    reading = reading_of(Page(PAGE))
    assert reading is not None
    assert reading.of("billing", "orders", 1) == Served(None, None, None)


def test_a_page_whose_last_cycle_failed_is_left_out() -> None:
    """Its duration is that of the failed cycle, its numbers are of an earlier one, which was judged then."""
    assert reading_of(Page(PAGE.replace('cluster="default"} 1\n', 'cluster="default"} 0\n', 1))) is None


def test_a_page_before_the_first_reading_is_left_out() -> None:
    """There is nothing to judge yet."""
    assert reading_of(Page('streamgauge_source_stale{source="kafka",cluster="default"} 0\n')) is None
