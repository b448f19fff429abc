"""Where a setting comes from: flag, environment, file, default; and what does not go together."""

import os
from pathlib import Path

import pytest

from streamgauge.config import Config, Overrides, check, listen_address, load
from streamgauge.errors import ConfigError

TWO_CLUSTERS = """\
web: {listen_address: "127.0.0.1:1111"}
log: {level: error}
clusters:
  - {name: east, bootstrap_servers: east:9092, interval: 30s, groups: {include: a.*, exclude: ab.*}}
  - {name: west, bootstrap_servers: west:9092}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Make a file with two clusters."""
    path = tmp_path / "streamgauge.yml"
    path.write_text(TWO_CLUSTERS, encoding="utf-8")
    return path


def refusal(file: Path | None, overrides: Overrides, environ: dict[str, str]) -> str:
    """Load what cannot be loaded."""
    with pytest.raises(ConfigError) as raised:
        load(file, overrides, environ)
    return str(raised.value)


def test_no_file() -> None:
    """One cluster needs no file."""
    overrides = Overrides(
        kafka="a,b:1",
        cluster="east",
        interval="1m",
        groups="g.*",
        topics="t.*",
        listen=":80",
        state_dir="/var/lib/gauge",
        log_format="json",
        log_level="debug",
    )
    config = load(None, overrides, {})
    cluster = config.clusters[0]
    assert (cluster.name, cluster.bootstrap_servers, cluster.interval) == ("east", ("a:9092", "b:1"), 60.0)
    assert (cluster.groups.include.pattern, cluster.topics.include.pattern) == ("g.*", "t.*")
    assert (config.web.listen_address, config.log.format, config.log.level) == (":80", "json", "debug")
    assert config.state.dir == "/var/lib/gauge"


def test_environment() -> None:
    """Every flag has an environment variable."""
    environ = {
        "STREAMGAUGE_KAFKA": "a",
        "STREAMGAUGE_CLUSTER": "east",
        "STREAMGAUGE_INTERVAL": "1m",
        "STREAMGAUGE_GROUPS": "g.*",
        "STREAMGAUGE_TOPICS": "t.*",
        "STREAMGAUGE_LISTEN": ":80",
        "STREAMGAUGE_STATE_DIR": "gauge",
        "STREAMGAUGE_LOG_FORMAT": "json",
        "STREAMGAUGE_LOG_LEVEL": "debug",
    }
    flags = {name.removeprefix("STREAMGAUGE_").lower(): value for name, value in environ.items()}
    assert load(None, Overrides(), environ) == load(None, Overrides(**flags), {})


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({"HOME": "/home/a"}, "/home/a/.local/state/streamgauge"),
        ({"HOME": "/home/a", "XDG_STATE_HOME": "/state"}, "/state/streamgauge"),
        ({"HOME": "/home/a", "STREAMGAUGE_STATE_DIR": "/gauge"}, "/gauge"),
        ({"XDG_STATE_HOME": "not/absolute"}, ""),
        ({}, ""),
    ],
)
def test_default_state_directory(environ: dict[str, str], folder: str) -> None:
    """State is kept where the machine's users keep it, and nowhere if there is no such place."""
    assert load(None, Overrides(kafka="a"), environ).state.dir == folder


def test_state_can_be_turned_off(tmp_path: Path) -> None:
    """An empty directory is none, by flag and in the file; a relative one starts where the file or the user is."""
    file = tmp_path / "a.yml"
    file.write_text('clusters: [{bootstrap_servers: a}]\nstate: {dir: ""}\n', encoding="utf-8")
    assert load(file, Overrides(), {"HOME": "/home/a"}).state.dir == ""
    assert load(None, Overrides(kafka="a", state_dir=""), {"HOME": "/home/a"}).state.dir == ""
    assert load(None, Overrides(kafka="a", state_dir="here"), {}).state.dir == str(Path("here").absolute())
    file.write_text("clusters: [{bootstrap_servers: a}]\nstate: {dir: there}\n", encoding="utf-8")
    assert load(file, Overrides(), {}).state.dir == str(tmp_path / "there")


@pytest.mark.parametrize(
    ("flag", "variable", "level"),
    [("debug", "info", "debug"), (None, "info", "info"), (None, "", "error"), (None, None, "error")],
)
def test_precedence(file: Path, flag: str | None, variable: str | None, level: str) -> None:
    """A flag comes before the environment, that before the file; an empty variable counts as not given."""
    environ = {} if variable is None else {"STREAMGAUGE_LOG_LEVEL": variable}
    assert load(file, Overrides(log_level=flag), environ).log.level == level


def test_config_file_variable(file: Path, tmp_path: Path) -> None:
    """The file may be named in the environment; the flag comes before it."""
    environ = {"STREAMGAUGE_CONFIG_FILE": str(file)}
    assert len(load(None, Overrides(), environ).clusters) == 2
    other = tmp_path / "other.yml"
    other.write_text("clusters: [{bootstrap_servers: other}]", encoding="utf-8")
    assert load(other, Overrides(), environ).clusters[0].bootstrap_servers == ("other:9092",)


def test_settings_of_every_cluster(file: Path) -> None:
    """Interval, groups and topics given outside the file hold for each of its clusters, and leave the rest alone."""
    config = load(file, Overrides(interval="5s", groups="g", topics="t"), {})
    assert [cluster.interval for cluster in config.clusters] == [5.0, 5.0]
    assert [cluster.stale_after for cluster in config.clusters] == [15.0, 15.0]
    assert [cluster.groups.include.pattern for cluster in config.clusters] == ["g", "g"]
    assert [cluster.topics.include.pattern for cluster in config.clusters] == ["t", "t"]
    assert config.clusters[0].groups.exclude.pattern == "ab.*"


def test_one_cluster_of_the_file(file: Path) -> None:
    """With a file, --cluster picks one of its clusters."""
    assert [cluster.name for cluster in load(file, Overrides(cluster="west"), {}).clusters] == ["west"]


def test_no_such_cluster(file: Path) -> None:
    """A cluster that the file does not have is refused with those that it has, the nearest first."""
    message = refusal(file, Overrides(cluster="wst"), {})
    assert message == "--cluster: no cluster is called 'wst'; the file has 'west', 'east'"


def test_kafka_beside_a_file_with_clusters(file: Path) -> None:
    """Brokers by flag and clusters by file do not go together."""
    message = refusal(file, Overrides(), {"STREAMGAUGE_KAFKA": "a"})
    assert message == (
        f"STREAMGAUGE_KAFKA: {file} has clusters already; use one or the other"
        " (--cluster NAME watches one of the file's clusters)"
    )


def test_kafka_beside_a_file_without_clusters(tmp_path: Path) -> None:
    """A file that has no clusters of its own goes with --kafka."""
    file = tmp_path / "streamgauge.yml"
    file.write_text("log: {level: error}\n", encoding="utf-8")
    config = load(file, Overrides(kafka="a", cluster="b"), {})
    assert (config.log.level, config.clusters[0].name) == ("error", "b")


@pytest.mark.parametrize(("file_text", "clusters"), [(None, ()), ("log: {level: info}\n", ()), ("clusters: []\n", ())])
def test_no_cluster_is_jobs_alone(file: Path, file_text: str | None, clusters: tuple[()]) -> None:
    """A configuration without a cluster is one: jobs report to it."""
    if file_text is not None:
        file.write_text(file_text, encoding="utf-8")

    assert load(file if file_text else None, Overrides(listen=":9400"), {}).clusters == clusters


def test_a_flag_about_clusters_without_any() -> None:
    """Who says something about clusters and names none has forgotten it; the message says how to give one."""
    expected = (
        "--cluster: no cluster is given: use --kafka host:9092 (or STREAMGAUGE_KAFKA), or --config.file with a file"
        " that has clusters:"
    )
    assert refusal(None, Overrides(cluster="east", interval="5s"), {}) == expected
    assert refusal(None, Overrides(), {"STREAMGAUGE_INTERVAL": "5s"}).startswith("STREAMGAUGE_INTERVAL: no cluster")


def test_a_flag_about_clusters_with_a_file_that_has_none(file: Path) -> None:
    """A file without clusters is named."""
    file.write_text("log: {level: info}\n", encoding="utf-8")

    assert refusal(file, Overrides(groups="a.*"), {}) == (
        f"--groups: {file} has no clusters; write - bootstrap_servers: host:9092 under clusters:, or use --kafka"
    )


def test_problems_name_the_flag_or_the_variable(file: Path) -> None:
    """What is wrong with a flag or a variable is said of it, once, beside what is wrong with the file."""
    file.write_text(TWO_CLUSTERS + "colour: blue\n", encoding="utf-8")
    lines = refusal(file, Overrides(interval="5"), {"STREAMGAUGE_LISTEN": "here", "STREAMGAUGE_GROUPS": "["})
    assert [line.partition(" ")[0] for line in lines.splitlines()] == [
        "STREAMGAUGE_LISTEN:",
        "--interval:",
        "STREAMGAUGE_GROUPS:",
        f"{file}:",
    ]


def test_flags_over_a_file_of_the_wrong_shape(tmp_path: Path) -> None:
    """A flag on a section that is none leaves the section's own problem to be told."""
    file = tmp_path / "wrong.yml"
    file.write_text("web: text\nclusters: [text, {bootstrap_servers: a, groups: text}]\n", encoding="utf-8")
    lines = refusal(file, Overrides(listen=":1", interval="5s", groups="g"), {}).splitlines()
    assert [line.removeprefix(f"{file}: ").partition(" is given")[0] for line in lines] == [
        "web: text",
        "clusters[0]: text",
        "clusters[1].groups: text",
    ]


def test_check_takes_the_file_alone(file: Path) -> None:
    """Checking a file is not swayed by flags' environment variables, but fills in the file's own."""
    file.write_text(TWO_CLUSTERS.replace("east:9092", "'${HOST}'"), encoding="utf-8")
    config = check(file, {"HOST": "filled", "STREAMGAUGE_KAFKA": "a", "STREAMGAUGE_INTERVAL": "nonsense"})
    assert config.clusters[0].bootstrap_servers == ("filled:9092",)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("${A}", "a"),
        ("x-${A}-${B}", "x-a-b"),
        ("${C:-c}", "c"),
        ("${EMPTY:-e}", "e"),
        ("${A:-unused}", "a"),
        ("$${A}", "${A}"),
        ("$A", "$A"),
        ("$", "$"),
        ("${INJECTION}", "x, interval: 1s # ${A}"),
    ],
)
def test_variables(tmp_path: Path, written: str, name: str) -> None:
    """Variables are filled in after parsing, once; a default counts for what is empty or not set."""
    environ = {"A": "a", "B": "b", "EMPTY": "", "INJECTION": "x, interval: 1s # ${A}"}
    file = tmp_path / "streamgauge.yml"
    file.write_text(f"clusters: [{{bootstrap_servers: a, name: '{written}'}}]", encoding="utf-8")
    assert check(file, environ).clusters[0].name == name


def test_numbers_by_variable(tmp_path: Path) -> None:
    """What a variable fills in is text, and a number is read out of it where one is needed."""
    file = tmp_path / "streamgauge.yml"
    file.write_text("series_budget: ${BUDGET}\nclusters: [{bootstrap_servers: a}]", encoding="utf-8")
    assert check(file, {"BUDGET": "1000"}).series_budget == 1000


@pytest.mark.parametrize(
    ("written", "name"),
    [("yes", "yes"), ("012", "012"), ("1:30", "1:30"), ("2026-01-01", "2026-01-01"), ("1e3", "1e3")],
)
def test_plain_text(tmp_path: Path, written: str, name: str) -> None:
    """What YAML 1.1 would turn into something else stays text."""
    file = tmp_path / "streamgauge.yml"
    file.write_text(f"clusters: [{{bootstrap_servers: a, name: {written}}}]", encoding="utf-8")
    assert check(file, {}).clusters[0].name == name


def test_byte_order_mark(tmp_path: Path) -> None:
    """A byte order mark at the start of a file is no fault."""
    file = tmp_path / "streamgauge.yml"
    file.write_bytes(b"\xef\xbb\xbfclusters: [{bootstrap_servers: a}]")
    assert check(file, {}).clusters


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    """A missing file and a directory are told apart."""
    assert refusal(tmp_path / "none.yml", Overrides(), {}) == f"{tmp_path / 'none.yml'}: there is no such file"
    assert refusal(tmp_path, Overrides(), {}) == f"{tmp_path}: is a directory; name the file in it"


def test_relative_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path in the file starts at the file's directory, one in a flag at the working directory."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "web.yml").touch()
    (tmp_path / "here.yml").touch()
    file = tmp_path / "etc" / "streamgauge.yml"
    file.write_text("web: {config_file: web.yml}\nclusters: [{bootstrap_servers: a}]", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    relative = Path("etc/streamgauge.yml")
    assert load(relative, Overrides(), {}).web.config_file == Path("etc/web.yml")
    assert load(relative, Overrides(web_config_file="here.yml"), {}).web.config_file == tmp_path / "here.yml"
    assert refusal(relative, Overrides(web_config_file="none.yml"), {}).startswith("--web.config.file: ")


def test_listen_address_alone() -> None:
    """A command that needs no cluster reads the listen address alone."""
    assert listen_address(Overrides(), {"STREAMGAUGE_INTERVAL": "nonsense"}) == "127.0.0.1:9308"
    assert listen_address(Overrides(listen=":1"), {"STREAMGAUGE_LISTEN": ":2"}) == ":1"
    with pytest.raises(ConfigError, match="STREAMGAUGE_LISTEN: 'x' has no port"):
        listen_address(Overrides(), {"STREAMGAUGE_LISTEN": "x"})


def test_unreadable_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that this process may not read is refused with the system's reason."""

    def denied(path: Path) -> bytes:
        raise PermissionError(13, os.strerror(13))

    monkeypatch.setattr(Path, "read_bytes", denied)
    assert refusal(tmp_path / "a.yml", Overrides(), {}) == f"{tmp_path / 'a.yml'}: cannot be read: Permission denied"


def test_gssapi_needs_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """GSSAPI is refused where its Python package is missing, and accepted where it is there."""
    client = {"security.protocol": "sasl_ssl", "sasl.mechanism": "GSSAPI"}
    data = {"clusters": [{"bootstrap_servers": "a", "client": client}]}
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ValueError, match="GSSAPI needs the Python package 'gssapi'"):
        Config.model_validate(data)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: object())
    assert Config.model_validate(data).clusters[0].client.sasl_mechanism == "GSSAPI"


def test_aws_needs_its_package_and_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS_MSK_IAM is refused where botocore is missing, and without TLS."""
    client = {"security.protocol": "sasl_plaintext", "sasl.mechanism": "AWS_MSK_IAM"}
    data = {"clusters": [{"bootstrap_servers": "a", "client": client}]}
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(
        ValueError, match=r"needs the Python package 'botocore'; install 'streamgauge\[aws\]'"
    ) as refused:
        Config.model_validate(data)
    assert "security.protocol: is to be sasl_ssl with AWS_MSK_IAM" in str(refused.value)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: object())
    client["security.protocol"] = "sasl_ssl"
    assert Config.model_validate(data).clusters[0].client.sasl_mechanism == "AWS_MSK_IAM"
