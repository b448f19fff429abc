"""What docker-compose.yml promises, point by point: nothing here needs Docker."""

import hashlib
import re
from pathlib import PurePosixPath
from typing import Any

import pytest
import yaml

import streamgauge
from streamgauge.config import check
from tests.compose.stack import ENV_FILE, ROOT, Service, services, stack, used_variables, variables
from tests.services.fetch import KAFKA_VERSION

SERVICES = services()
EACH = pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)
CORE = {"exporter", "prometheus", "alertmanager", "grafana"}
DEMO = {"kafka", "traffic"}
IMAGES = {
    "prom/prometheus": "PROMETHEUS_VERSION",
    "prom/alertmanager": "ALERTMANAGER_VERSION",
    "grafana/grafana": "GRAFANA_VERSION",
    "apache/kafka": "KAFKA_VERSION",
    "streamgauge": "STREAMGAUGE_VERSION",
}
TAG = re.compile(r"v?\d+(\.\d+)+(-[a-z0-9.-]+)?")


def _binds(service: Service) -> list[list[str]]:
    return [volume.split(":") for volume in service.get("volumes", []) if volume.startswith(".")]


def _named(service: Service) -> list[list[str]]:
    return [volume.split(":") for volume in service.get("volumes", []) if not volume.startswith(".")]


def test_the_services() -> None:
    """The four always; a Kafka and traffic with the profile demo, which .env turns on."""
    assert {name for name, service in SERVICES.items() if "profiles" not in service} == CORE
    assert {name for name, service in SERVICES.items() if service.get("profiles") == ["demo"]} == DEMO
    assert variables()["COMPOSE_PROFILES"] == "demo"


def test_every_variable_is_in_the_env_file() -> None:
    """Each one that has no default; and none stands there for nothing."""
    used = used_variables()
    assert {name for name, default in used.items() if default is None} <= set(variables())
    assert set(variables()) <= {*used, "COMPOSE_PROFILES"}


def test_every_version_is_a_tag_in_the_env_file() -> None:
    """No image is named otherwise than by a whole version that stands in .env; no digest, no `latest`."""
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    found = {image.strip() for image in re.findall(r"^\s*image: (.*)$", text, re.MULTILINE)}
    assert found == {f"{image}:${{{variable}}}" for image, variable in IMAGES.items()}
    for name, value in variables().items():
        if name.endswith(("_VERSION", "_TAG")):
            assert TAG.fullmatch(value), name
    assert "sha256" not in ENV_FILE.read_text(encoding="utf-8")


def test_versions_that_are_known_elsewhere_too() -> None:
    """Our own is the package's, and Kafka's is the one that the tests run."""
    assert variables()["STREAMGAUGE_VERSION"] == streamgauge.__version__
    assert variables()["KAFKA_VERSION"] == KAFKA_VERSION


@EACH
def test_it_may_do_nothing_that_it_need_not(service: Service) -> None:
    """Read-only root, no capabilities, no new privileges, not root, memory for what is temporary."""
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "network_mode", "pid", "ipc", "devices"} & set(service)
    user, _, group = service["user"].partition(":")
    assert int(user) > 0
    assert group.isdigit()
    assert any(mount.split(":")[0] == "/tmp" for mount in service["tmpfs"])
    assert all("size=" in mount for mount in service["tmpfs"])


@EACH
def test_it_is_bounded(service: Service) -> None:
    """Memory has a limit, logs are rotated, and it comes back after a crash."""
    assert re.fullmatch(r"\d+[mg]", service["mem_limit"])
    assert service["logging"]["options"] == {"max-size": "10m", "max-file": "3"}
    assert service["restart"] == "unless-stopped"


@EACH
def test_it_has_a_healthcheck(service: Service) -> None:
    """Each says whether it works, soon after its start and often enough."""
    check = service["healthcheck"]
    assert check["test"][0] in {"CMD", "CMD-SHELL"}
    assert {"interval", "timeout", "retries", "start_period", "start_interval"} <= set(check)


@EACH
def test_it_waits_for_what_it_needs(service: Service) -> None:
    """Only for services that are healthy, and for none of a profile that may be off, unless it is of that profile."""
    for name, dependency in service.get("depends_on", {}).items():
        assert dependency == {"condition": "service_healthy"}
        assert set(SERVICES[name].get("profiles", [])) <= set(service.get("profiles", []))


@EACH
def test_its_ports_are_this_machines_alone(service: Service) -> None:
    """Nothing is open to the network."""
    assert all(re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port) for port in service.get("ports", []))


@EACH
def test_what_it_mounts_is_there(service: Service) -> None:
    """Every file and folder exists, and is mounted read-only; data is in named volumes that are declared."""
    for source, _, mode in _binds(service):
        assert (ROOT / source).exists(), source
        assert mode == "ro"
    for volume, target in _named(service):
        assert volume in stack()["volumes"]
        assert PurePosixPath(target).is_absolute()


def test_what_lasts_is_in_named_volumes() -> None:
    """Everything that has data to keep has a volume, and no volume is for nothing."""
    assert {volume for service in SERVICES.values() for volume, _ in _named(service)} == set(stack()["volumes"])
    assert {name for name, service in SERVICES.items() if _named(service)} == {
        "exporter",
        "prometheus",
        "alertmanager",
        "grafana",
        "kafka",
    }


def test_secrets_are_files() -> None:
    """Slack's address and the demo's token come from files; no variable holds a password, token or address."""
    places = {"slack_url": {"file": "./alertmanager/no-slack-url"}, "token": {"file": "./exporter/demo-token"}}
    assert stack()["secrets"] == places
    assert (ROOT / "alertmanager" / "no-slack-url").read_bytes() == b""
    assert SERVICES["alertmanager"]["secrets"] == ["slack_url"]
    assert SERVICES["traffic"]["secrets"] == ["token"]
    names = [*variables(), *(name for service in SERVICES.values() for name in service.get("environment", {}))]
    secret = re.compile("PASSWORD|TOKEN|SECRET(?!S)|WEBHOOK")
    assert [name for name in names if secret.search(name) and not name.endswith("_FILE")] == []


def test_the_demos_job_may_report() -> None:
    """The token of the demo is one that the exporter of the stack knows, and good for writing; its file loads."""
    config = check(ROOT / "exporter" / "streamgauge.yml", {})
    (token,) = config.web.tokens
    text = (ROOT / "exporter" / "demo-token").read_text(encoding="ascii").strip()
    assert hashlib.sha256(text.encode()).hexdigest() == token.sha256.get_secret_value()
    assert "write" in token.scopes
    assert config.alertmanager.url == "http://alertmanager:9093"
    assert SERVICES["traffic"]["environment"] == {"STREAMGAUGE_TOKEN_FILE": "/run/secrets/token"}


def test_the_exporter_watches_any_kafka() -> None:
    """It takes its Kafka from the environment and needs none of this stack's."""
    exporter = SERVICES["exporter"]
    assert "depends_on" not in exporter
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    assert "STREAMGAUGE_KAFKA: ${STREAMGAUGE_KAFKA}" in text
    assert exporter["environment"]["STREAMGAUGE_KAFKA"] == "kafka:9092"
    assert exporter["environment"]["STREAMGAUGE_LISTEN"] == ":9308"
    assert exporter["healthcheck"]["test"] == ["CMD", "streamgauge", "healthcheck"]


def test_grafana_is_closed() -> None:
    """Nobody is let in without a password, and nobody can make themselves an account; it asks nobody outside."""
    environment = SERVICES["grafana"]["environment"]
    assert environment["GF_AUTH_ANONYMOUS_ENABLED"] == "false"
    assert environment["GF_USERS_ALLOW_SIGN_UP"] == "false"
    assert environment["GF_ANALYTICS_REPORTING_ENABLED"] == "false"
    assert environment["GF_PLUGINS_PREINSTALL_DISABLED"] == "true"


def test_grafana_offers_a_refresh_every_second() -> None:
    """And the page that it opens with is one that ships."""
    environment = SERVICES["grafana"]["environment"]
    assert environment["GF_DASHBOARDS_MIN_REFRESH_INTERVAL"] == "1s"
    home = PurePosixPath(environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert (ROOT / "grafana" / "dashboards" / home.name).is_file()
    targets = {target: source for source, target, _ in _binds(SERVICES["grafana"])}
    assert targets[str(home.parent)] == "./grafana/dashboards"
    (provider,) = _yaml("grafana/provisioning/dashboards/streamgauge.yml")["providers"]
    assert provider["options"]["path"] in targets


def test_prometheus_keeps_what_the_rules_look_at() -> None:
    """Four weeks and a day at least, and not more than the disk can take."""
    arguments = SERVICES["prometheus"]["command"]
    (days,) = (argument.split("=")[1] for argument in arguments if "retention.time" in argument)
    assert int(days.removesuffix("d")) > 29
    assert any("retention.size=" in argument for argument in arguments)


def test_one_interval_for_all() -> None:
    """The exporter's reading, the scrape, the rules and Grafana's rates all go by one variable."""
    interval = variables()["SCRAPE_INTERVAL"]
    assert SERVICES["exporter"]["environment"]["STREAMGAUGE_INTERVAL"] == interval
    assert SERVICES["prometheus"]["environment"]["SCRAPE_INTERVAL"] == interval
    assert SERVICES["grafana"]["environment"]["SCRAPE_INTERVAL"] == interval
    (datasource,) = _yaml("grafana/provisioning/datasources/prometheus.yml")["datasources"]
    assert datasource["jsonData"]["timeInterval"] == "${SCRAPE_INTERVAL}"


def test_links_in_alerts_lead_to_what_is_published() -> None:
    """Prometheus' external labels are given, and every address is a port of this machine."""
    labels = _yaml("prometheus/prometheus.yml")["global"]["external_labels"]
    environment = SERVICES["prometheus"]["environment"]
    assert {label: value.strip("${}") for label, value in labels.items()} == {
        "runbooks_url": "RUNBOOKS_URL",
        "grafana_url": "GRAFANA_URL",
    }
    published = {port.split(":")[1] for service in SERVICES.values() for port in service.get("ports", [])}
    for address in (
        environment["RUNBOOKS_URL"],
        environment["GRAFANA_URL"],
        variables()["PROMETHEUS_URL"],
        variables()["ALERTMANAGER_URL"],
    ):
        assert re.fullmatch(r"http://localhost:(\d+)(/runbooks)?", address)
        assert address.split(":")[2].split("/")[0] in published


def test_every_host_that_a_file_names_is_a_service() -> None:
    """Prometheus' targets, Alertmanager's address and Grafana's datasource, at the port that it listens on."""
    ports = {name: service["ports"][0].split(":")[2] for name, service in SERVICES.items() if "ports" in service}
    aliases = SERVICES["exporter"]["networks"]["default"]["aliases"]
    ports |= dict.fromkeys(aliases, ports["exporter"])
    config = _yaml("prometheus/prometheus.yml")
    targets = [target for job in config["scrape_configs"] for target in _targets(job)]
    targets += [target for manager in config["alerting"]["alertmanagers"] for target in _targets(manager)]
    (datasource,) = _yaml("grafana/provisioning/datasources/prometheus.yml")["datasources"]
    targets.append(datasource["url"].removeprefix("http://"))
    for target in targets:
        host, port = target.split(":")
        assert port == (ports["prometheus"] if host == "localhost" else ports[host]), target


def _targets(holder: dict[str, Any]) -> list[str]:
    return [target for static in holder["static_configs"] for target in static["targets"]]


def _yaml(path: str) -> Any:
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))
