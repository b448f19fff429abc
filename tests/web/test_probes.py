"""`/-/healthy` and `/-/ready`."""

from tests.web.clients import client
from tests.web.examples import ExampleStore, ExampleView, cluster, status


def test_healthy_while_the_process_answers() -> None:
    """Whatever the sources say: a Kafka that is down is no reason to restart the exporter."""
    down = ExampleStore([ExampleView(status(up=False, last_error="refused"))])
    answer = client(down).get("/-/healthy")
    assert (answer.status_code, answer.text) == (200, "Streamgauge is healthy.\n")
    assert answer.headers["cache-control"] == "no-store"


def test_ready_when_every_source_has_finished_its_first_cycle() -> None:
    """Good or bad: a failed cycle is an answer too."""
    store = ExampleStore([ExampleView(status("a"), cluster("a")), ExampleView(status("b", up=False, cycles=1))])
    answer = client(store).get("/-/ready")
    assert (answer.status_code, answer.text) == (200, "Streamgauge is ready.\n")


def test_not_ready_before_and_says_who_is_missing() -> None:
    """503, with the names of the sources that have not finished."""
    waiting = ExampleView(status("b", up=None, cycles=0, last_success=None, last_duration=None))
    answer = client(ExampleStore([ExampleView(status("a"), cluster("a")), waiting])).get("/-/ready")
    assert answer.status_code == 503
    assert answer.text == "Streamgauge is not ready: waiting for the first cycle of kafka of b.\n"
