"""The shipped files in a real Alertmanager and Prometheus: what Slack is told, and what is not said because of what."""

import json
import re
import shutil
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from confluent_kafka import Consumer

from tests.alertmanager.shipped import CONFIG, ROOT
from tests.services.alertmanager import Alertmanager, FakeSlack, StartAlertmanager
from tests.services.exporter import Exporter
from tests.services.kafka import Kafka
from tests.services.polling import eventually
from tests.services.prometheus import StartPrometheus

GOLDEN = Path(__file__).parent / "golden" / "slack"
STARTED = datetime(2026, 1, 1, 12, tzinfo=UTC)
ENDED = STARTED + timedelta(minutes=42)
RUNBOOKS = "http://streamgauge.example:9308/runbooks"
GRAFANA = "http://grafana.example:3000"

Json = dict[str, Any]


def _quick(route: Json) -> None:
    """Make every message come at once: only the waiting is changed."""
    route.update(group_wait="0s", group_interval="1s", repeat_interval="1h")
    for nested in route.get("routes", []):
        _quick(nested)


def _shipped(folder: Path, slack_url: str) -> Path:
    """The shipped files in a folder, with Slack's address given and nothing waited for."""
    shutil.copytree(CONFIG.parent / "templates", folder / "templates")
    (folder / "slack_url").write_text(f"{slack_url}\n", encoding="utf-8")
    document = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    _quick(document["route"])
    text = yaml.safe_dump(document).replace("/run/secrets/slack_url", str(folder / "slack_url"))
    (folder / "alertmanager.yml").write_text(text, encoding="utf-8")
    return folder / "alertmanager.yml"


@pytest.fixture
def alertmanager(tmp_path: Path, slack: FakeSlack, alertmanager_server: StartAlertmanager) -> Alertmanager:
    """An Alertmanager with the shipped files, which tells the fake Slack."""
    folder = tmp_path / "config"
    folder.mkdir()
    return alertmanager_server(_shipped(folder, slack.url))


def _stopped(topic: str = "orders", *, severity: str = "critical", **labels: str) -> Json:
    """An alert as the rules make it."""
    query = f"var-cluster=demo&var-consumergroup=billing&var-topic={topic}&from=now-3h&to=now"
    return {
        "labels": {
            "alertname": "KafkaConsumerGroupStopped",
            "severity": severity,
            "cluster": "demo",
            "consumergroup": "billing",
            "topic": topic,
            **labels,
        },
        "annotations": {
            "summary": f"billing has stopped reading {topic}",
            "description": f"Group billing on topic {topic} has no members and commits nothing.\n"
            "Up to 1234 records wait in a partition, the next one for 6m 52s.",
            "runbook_url": f"{RUNBOOKS}/KafkaConsumerGroupStopped",
            "dashboard_url": f"{GRAFANA}/d/streamgauge-group?{query}",
        },
        "generatorURL": "http://prometheus.example:9090/graph?g0.expr=lag",
        "startsAt": STARTED.isoformat(),
        "endsAt": (datetime.now(UTC) + timedelta(hours=1)).isoformat(),
    }


def _ended(alert: Json) -> Json:
    return {**alert, "endsAt": ENDED.isoformat()}


def _message(slack: FakeSlack, count: int = 1) -> Json:
    """The last of so many messages."""
    messages = eventually(lambda: slack.messages if len(slack.messages) >= count else [], deadline=15)
    assert len(messages) == count
    return messages[-1]


def _same(message: Json, name: str, *, update: bool) -> None:
    file = GOLDEN / f"{name}.json"
    text = json.dumps(message, indent=2, ensure_ascii=False) + "\n"
    if update:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


def _becomes(slack: FakeSlack, name: str, *, update: bool) -> None:
    """The message about all of many alerts: one that was sent while they still came in is about some of them."""

    def whole() -> bool:
        messages = slack.messages
        if messages:
            _same(messages[-1], name, update=update)
        return bool(messages)

    eventually(whole, deadline=20)


@pytest.mark.parametrize("count", [1, 40])
def test_what_slack_is_told(alertmanager: Alertmanager, slack: FakeSlack, count: int, *, update_golden: bool) -> None:
    """A message is what the golden file says, firing and resolved, for one alert and for forty."""
    alerts = [_stopped(f"orders-{number:02}" if count > 1 else "orders") for number in range(count)]
    alertmanager.post(alerts)
    _becomes(slack, f"firing-{count}", update=update_golden)
    alertmanager.post([_ended(alert) for alert in alerts])
    _becomes(slack, f"resolved-{count}", update=update_golden)


def test_a_message_about_several_alerts_names_each(
    alertmanager: Alertmanager, slack: FakeSlack, *, update_golden: bool
) -> None:
    """Alerts of different names have their names in front; what has resolved stands below what still fires."""
    lagging = _stopped("payments", alertname="KafkaConsumerGroupDataLossAhead", team="orders")
    stopped = _stopped(team="orders")
    alertmanager.post([stopped, lagging])
    _message(slack)
    alertmanager.post([_ended(stopped), lagging])
    _same(_message(slack, 2), "mixed", update=update_golden)


@pytest.mark.parametrize(
    ("severity", "color"),
    [("critical", "danger"), ("warning", "warning"), ("info", "#439fe0"), ("page", "#808080")],
)
def test_colours(alertmanager: Alertmanager, slack: FakeSlack, severity: str, color: str) -> None:
    """The colour says the severity."""
    alertmanager.post([_stopped(severity=severity)])
    (attachment,) = _message(slack)["attachments"]
    assert attachment["color"] == color


def test_names_are_not_markup(alertmanager: Alertmanager, slack: FakeSlack) -> None:
    """A name that Slack would read as markup, and so call the whole channel, is shown as it is."""
    evil = '<!channel> & "quoted" \\ a+b'
    alert = _stopped(consumergroup=evil, cluster="<b>")
    alert["annotations"].update(summary=f"{evil} has stopped", description=f"Group {evil} has\nstopped.")
    alertmanager.post([alert])
    (attachment,) = _message(slack)["attachments"]
    shown = "&lt;!channel&gt; &amp;"
    assert attachment["title"] == f'Critical: {shown} "quoted" \\ a+b has stopped'
    assert attachment["text"] == f'Group {shown} "quoted" \\ a+b has stopped.'
    assert attachment["footer"] == "cluster &lt;b&gt; · Streamgauge"
    silence = next(action["url"] for action in attachment["actions"] if action["text"] == "Silence")
    assert "consumergroup%3D%22%3C%21channel%3E%20%26%20%5C%22quoted%5C%22%20%5C%5C%20a%2Bb%22" in silence


def test_an_alert_of_other_people_is_told_too(alertmanager: Alertmanager, slack: FakeSlack) -> None:
    """An alert without any of our labels and annotations gives a message with addresses that work."""
    alertmanager.post([{"labels": {"alertname": "DiskFull"}, "annotations": {"summary": "sda is full"}}])
    (attachment,) = _message(slack)["attachments"]
    assert attachment["title"] == "Alert: sda is full"
    assert attachment["text"] == "sda is full"
    assert all(action["url"].startswith("http://alertmanager.example:9093") for action in attachment["actions"])


def test_watchdog_and_signals_tell_slack_nothing(alertmanager: Alertmanager, slack: FakeSlack) -> None:
    """What has severity none is kept from Slack; a real alert after it is the first message."""
    alertmanager.post([{"labels": {"alertname": "Watchdog", "severity": "none"}}])
    alertmanager.post([_stopped()])
    assert _message(slack)["attachments"][0]["title"].startswith("Critical: billing")
    assert {alert["labels"]["alertname"] for alert in alertmanager.alerts()} == {
        "Watchdog",
        "KafkaConsumerGroupStopped",
    }


def _alert(name: str, severity: str, **labels: str) -> Json:
    ends = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    return {"labels": {"alertname": name, "severity": severity, **labels}, "endsAt": ends}


BILLING = {"cluster": "demo", "consumergroup": "billing"}

INHIBITION: dict[str, tuple[list[Json], set[str]]] = {
    "a source that is down silences what is said of its cluster": (
        [
            _alert("StreamgaugeSourceDown", "critical", cluster="demo"),
            _alert("KafkaConsumerGroupStopped", "critical", **BILLING, topic="orders"),
            _alert("StreamgaugeSnapshotTooOld", "warning", cluster="demo"),
        ],
        {"KafkaConsumerGroupStopped", "StreamgaugeSnapshotTooOld"},
    ),
    "a source that is down silences nothing of another cluster, nor what names none": (
        [
            _alert("StreamgaugeSourceDown", "critical", cluster="demo"),
            _alert("KafkaConsumerGroupStopped", "critical", cluster="other", consumergroup="billing", topic="orders"),
            _alert("KafkaTopicSilent", "warning"),
        ],
        set(),
    ),
    "a source without a cluster silences nothing that has none either": (
        [_alert("StreamgaugeSourceDown", "critical"), _alert("KafkaTopicSilent", "warning")],
        set(),
    ),
    "an exporter that is gone silences all that it would know": (
        [
            _alert("StreamgaugeDown", "critical"),
            _alert("StreamgaugeSourceDown", "critical", cluster="demo"),
            _alert("KafkaConsumerGroupStopped", "critical", **BILLING, topic="orders"),
            _alert("DiskFull", "critical"),
            _alert("Watchdog", "none"),
        ],
        {"StreamgaugeSourceDown", "KafkaConsumerGroupStopped"},
    ),
    "the exporters of a job that are gone silence what their job would say": (
        [
            _alert("StreamgaugeDown", "critical", job="streamgauge-east"),
            _alert("KafkaConsumerGroupStopped", "critical", **BILLING, topic="orders", job="streamgauge-east"),
            _alert("KafkaConsumerGroupStalled", "critical", **BILLING, topic="orders", job="streamgauge-west"),
            _alert("KafkaTopicSilent", "warning", cluster="other", topic="orders"),
        ],
        {"KafkaConsumerGroupStopped"},
    ),
    "a topic that is silent silences that its throughput dropped": (
        [
            _alert("KafkaTopicSilent", "warning", cluster="demo", topic="orders"),
            _alert("KafkaTopicThroughputDropped", "warning", cluster="demo", topic="orders"),
        ],
        {"KafkaTopicThroughputDropped"},
    ),
    "a topic that is silent silences no other topic, nor other alerts of its own": (
        [
            _alert("KafkaTopicSilent", "warning", cluster="demo", topic="orders"),
            _alert("KafkaTopicThroughputDropped", "warning", cluster="demo", topic="payments"),
            _alert("KafkaPartitionsUnderReplicated", "warning", cluster="demo", topic="orders"),
            _alert("KafkaConsumerGroupRewound", "warning", **BILLING, topic="orders"),
        ],
        set(),
    ),
    "a topic that is silent silences none of the same name in another cluster": (
        [
            _alert("KafkaTopicSilent", "warning", cluster="demo", topic="orders"),
            _alert("KafkaTopicThroughputDropped", "warning", cluster="other", topic="orders"),
        ],
        set(),
    ),
    "a topic that is silent and names no cluster silences nothing that names none either": (
        [
            _alert("KafkaTopicSilent", "warning", topic="orders"),
            _alert("KafkaTopicThroughputDropped", "warning", topic="orders"),
        ],
        set(),
    ),
    "critical silences warning of the same group on the same topic": (
        [
            _alert("KafkaConsumerGroupLagBurnFast", "critical", **BILLING, topic="orders"),
            _alert("KafkaConsumerGroupLagBurnSlow", "warning", **BILLING, topic="orders"),
        ],
        {"KafkaConsumerGroupLagBurnSlow"},
    ),
    "critical silences no warning of another topic, nor one that names none": (
        [
            _alert("KafkaConsumerGroupLagBurnFast", "critical", **BILLING, topic="orders"),
            _alert("KafkaConsumerGroupLagBurnSlow", "warning", **BILLING, topic="payments"),
            _alert("KafkaConsumerGroupRewound", "warning", **BILLING),
        ],
        set(),
    ),
    "critical of a whole group silences warnings of its topics": (
        [
            _alert("KafkaConsumerGroupStopped", "critical", **BILLING),
            _alert("KafkaConsumerGroupLagBurnSlow", "warning", **BILLING, topic="payments"),
        ],
        {"KafkaConsumerGroupLagBurnSlow"},
    ),
    "critical of a topic silences warnings of that topic, not of its groups": (
        [
            _alert("KafkaPartitionsOffline", "critical", cluster="demo", topic="orders"),
            _alert("KafkaPartitionsUnderReplicated", "warning", cluster="demo", topic="orders"),
            _alert("KafkaConsumerGroupRewound", "warning", **BILLING, topic="orders"),
        ],
        {"KafkaPartitionsUnderReplicated"},
    ),
    "critical of a cluster silences no warning of it": (
        [
            _alert("KafkaPartitionsOffline", "critical", cluster="demo"),
            _alert("KafkaBrokerDiskFullSoon", "warning", cluster="demo"),
        ],
        set(),
    ),
    "labels that both lack do not match": (
        [_alert("OtherDown", "critical"), _alert("OtherSlow", "warning")],
        set(),
    ),
    "a job that failed silences its phases, its warnings and its deadline, not other jobs": (
        [
            _alert("JobFailed", "critical", job_name="plan"),
            _alert("JobPhaseFailed", "warning", job_name="plan", phase="P00"),
            _alert("JobRegression", "info", job_name="plan"),
            _alert("JobDeadlineWillBeMissed", "critical", job_name="plan"),
            _alert("JobPhaseSlow", "warning", job_name="export", phase="P00"),
        ],
        {"JobPhaseFailed", "JobRegression", "JobDeadlineWillBeMissed"},
    ),
    "a job that did not start is told beside one that will be late": (
        [
            _alert("JobDidNotStart", "critical", job_name="plan"),
            _alert("JobDeadlineWillBeMissed", "critical", job_name="export"),
            _alert("JobEventsRejected", "warning", reason="too_old"),
        ],
        set(),
    ),
    "a phase over its limit silences that the job is slower than usual": (
        [
            _alert("JobPhaseSlow", "warning", job_name="plan", phase="P00"),
            _alert("JobPhaseSlowerThanUsual", "warning", job_name="plan", phase="P00"),
            _alert("JobMemoryHigh", "warning", job_name="plan", phase="P00"),
        ],
        {"JobPhaseSlowerThanUsual"},
    ),
    "a store that is away silences what is said of jobs, not of Kafka": (
        [
            _alert("JobStoreDown", "critical", job="streamgauge"),
            _alert("JobFailed", "critical", job_name="plan", job="streamgauge"),
            _alert("JobRunLost", "critical", job_name="plan", job="other"),
            _alert("KafkaTopicSilent", "warning", cluster="demo", topic="orders", job="streamgauge"),
        ],
        {"JobFailed"},
    ),
    "an exporter that is gone silences what is said of jobs too": (
        [_alert("StreamgaugeDown", "critical"), _alert("JobStoreDown", "critical")],
        {"JobStoreDown"},
    ),
    "critical silences warning of the same pipeline": (
        [
            _alert("PipelineLate", "critical", pipeline="checkout"),
            _alert("PipelineSlow", "warning", pipeline="checkout"),
            _alert("PipelineOdd", "warning", pipeline="returns"),
        ],
        {"PipelineSlow"},
    ),
}


@pytest.mark.parametrize("case", INHIBITION)
def test_inhibition(alertmanager: Alertmanager, case: str) -> None:
    """What is silenced is what the table says, and nothing else."""
    alerts, expected = INHIBITION[case]
    alertmanager.post(alerts)

    def inhibited() -> bool:
        known = alertmanager.alerts()
        assert len(known) == len(alerts)
        assert all(alert["status"]["state"] != "unprocessed" for alert in known)
        found = {alert["labels"]["alertname"] for alert in known if alert["status"]["inhibitedBy"]}
        assert found == expected
        return True

    eventually(inhibited, deadline=15)


def test_the_start_script_without_a_slack_url(tmp_path: Path) -> None:
    """Started as compose starts it and without a URL, Alertmanager takes alerts, tells nobody and has no errors."""
    environment = {
        "CONFIG": str(ROOT / "alertmanager"),
        "RUN": str(tmp_path),
        "SLACK_URL": str(ROOT / "alertmanager" / "no-slack-url"),
    }
    start = ROOT / "alertmanager" / "start.sh"
    with ExitStack() as running:
        alertmanager = running.enter_context(
            Alertmanager(tmp_path / "run", CONFIG, start_script=start, environment=environment)
        )
        assert "no Slack URL is given" in alertmanager.log
        alertmanager.post([_stopped()])
        (known,) = eventually(alertmanager.alerts)
        assert [receiver["name"] for receiver in known["receivers"]] == ["nowhere"]
        assert "level=error" not in alertmanager.log


RULES = ROOT / "prometheus" / "rules"


def _rules(folder: Path) -> Path:
    """The shipped rules, with nothing waited for before an alert about a group fires or resolves."""
    folder.mkdir()
    for file in RULES.glob("*.yml"):
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
        for rule in (rule for group in document["groups"] for rule in group["rules"]):
            if rule.get("alert", "").startswith("KafkaConsumerGroup"):
                rule["for"] = "1s"
                rule.pop("keep_firing_for", None)
        (folder / file.name).write_text(yaml.safe_dump(document), encoding="utf-8")
    return folder


def _prometheus_config(folder: Path, exporter: Exporter, alertmanager: Alertmanager) -> Json:
    """The shipped configuration: only the hosts are others, and links lead to no port of this run."""
    config: Json = yaml.safe_load((ROOT / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
    config["global"] = {"external_labels": {"runbooks_url": RUNBOOKS, "grafana_url": GRAFANA}}
    config["rule_files"] = [f"{_rules(folder)}/*.yml"]
    (manager,) = config["alerting"]["alertmanagers"]
    manager["static_configs"] = [{"targets": [urlsplit(alertmanager.url).netloc]}]
    (job,) = (job for job in config["scrape_configs"] if job["job_name"] == "streamgauge")
    job["static_configs"] = [{"targets": [urlsplit(exporter.url).netloc]}]
    config["scrape_configs"] = [job]
    return config


def _normalised(message: Json, group: str, topic: str) -> Json:
    """A message without what differs from run to run: names, this machine's, the rule's query, numbers and times."""
    text = json.dumps(message, ensure_ascii=False).replace(group, "GROUP").replace(topic, "TOPIC")
    text = re.sub(r"http://[^/\"]+/graph", "http://prometheus/graph", text)
    text = re.sub(r"g0\.expr=[^&\"]+", "g0.expr=EXPRESSION", text)
    text = re.sub(r"(from|to)=\d{13}", r"\1=TIME", text)
    text = re.sub(r"Up to \d+ records", "Up to N records", text)
    text = re.sub(r"for (\d+d )?(\d+h )?(\d+m )?[\d.]+s", "for DURATION", text)
    normalised: Json = json.loads(text)
    return normalised


def test_a_consumer_that_really_stops(  # noqa: PLR0913 - one fixture a real service
    kafka: Kafka,
    alertmanager: Alertmanager,
    prometheus_server: StartPrometheus,
    slack: FakeSlack,
    tmp_path: Path,
    *,
    update_golden: bool,
) -> None:
    """A consumer stops: exporter, shipped rules and shipped routes make one message; it comes back: one more, green."""
    topic, group = kafka.create_topic(kafka.unique("orders")), kafka.unique("billing")
    cluster = {"name": "demo", "bootstrap_servers": kafka.bootstrap, "interval": "500ms", "groups": {"include": group}}
    # A short window: how a group usually commits is known soon.
    with Exporter(tmp_path / "exporter", config={"clusters": [cluster], "lag": {"window": "2s"}}) as exporter:
        prometheus = prometheus_server(_prometheus_config(tmp_path / "rules", exporter, alertmanager))
        with kafka.consumer(group, topic) as consumer:
            for _ in range(8):
                _read_some(kafka, consumer, topic)
            prometheus.wait_for(f'kafka_consumergroup_status{{consumergroup="{group}"}}')
        kafka.produce(topic, count=7)
        firing = _message_within(slack, 1, 60)
        _same(_normalised(firing, group, topic), "stopped-firing", update=update_golden)
        with kafka.consumer(group, topic) as consumer:
            for _ in range(20):
                _read_some(kafka, consumer, topic)
            resolved = _message_within(slack, 2, 60)
        _same(_normalised(resolved, group, topic), "stopped-resolved", update=update_golden)


def _read_some(kafka: Kafka, consumer: Consumer, topic: str) -> None:
    kafka.produce(topic)
    eventually(lambda: consumer.poll(0.1))
    consumer.commit(asynchronous=False)


def _message_within(slack: FakeSlack, count: int, seconds: float) -> Json:
    messages = eventually(lambda: slack.messages if len(slack.messages) >= count else [], deadline=seconds)
    return messages[count - 1]
