"""Secrets are used, and never shown."""

import json
import logging
import traceback
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from streamgauge.config import Config, Overrides, check, load
from streamgauge.config.secrets import Secret
from streamgauge.config.structure import fields_of, sections, value_type
from streamgauge.errors import ConfigError

SECRET = "correct horse battery staple"
SASL = {"security.protocol": "sasl_ssl", "sasl.mechanism": "PLAIN", "sasl.username": "reader"}


def file_with(directory: Path, client: object, cluster: Mapping[str, object] | None = None) -> Path:
    """Write a file with one cluster."""
    path = directory / "streamgauge.yml"
    data = {"clusters": [{"bootstrap_servers": "kafka", **(cluster or {}), "client": client}]}
    path.write_text(yaml.safe_dump(data), encoding="utf-8")
    return path


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Load a configuration that holds the secret in every way."""
    (tmp_path / "password").write_text(f"{SECRET}\n", encoding="utf-8")
    (tmp_path / "cert.pem").touch()
    client = SASL | {
        "sasl.password_file": "password",
        "ssl.certificate.location": "cert.pem",
        "ssl.key.password": "${SECRET}",
    }
    return check(file_with(tmp_path, client), {"SECRET": SECRET})


@pytest.mark.parametrize("form", ["sasl.oauthbearer.client.secret", "sasl.oauthbearer.client.secret_file"])
def test_the_secret_for_a_token_endpoint(tmp_path: Path, form: str) -> None:
    """The secret that buys tokens is used, and masked, in both of its forms."""
    (tmp_path / "secret").write_text(f"{SECRET}\n", encoding="utf-8")
    client = {
        "security.protocol": "sasl_ssl",
        "sasl.mechanism": "OAUTHBEARER",
        "sasl.oauthbearer.method": "oidc",
        "sasl.oauthbearer.client.id": "gauge",
        "sasl.oauthbearer.token.endpoint.url": "https://login.example.org/token",
        form: "secret" if form.endswith("_file") else SECRET,
    }
    config = check(file_with(tmp_path, client), {})
    secret = config.clusters[0].client.client_secret
    assert secret is not None
    assert secret.get_secret_value() == SECRET
    views = [repr(config), str(config), yaml.safe_dump(config.masked()), config.model_dump_json()]
    assert all(SECRET not in view for view in views)


def test_secrets_can_be_used(config: Config) -> None:
    """A secret is there for the code that connects, however it was given."""
    client = config.clusters[0].client
    assert client.password is not None
    assert client.key_password is not None
    assert client.password.get_secret_value() == client.key_password.get_secret_value() == SECRET


def test_secrets_are_never_shown(config: Config, caplog: pytest.LogCaptureFixture) -> None:
    """No way of showing the configuration shows a secret."""
    caplog.set_level(logging.DEBUG)
    logging.getLogger(__name__).info("%s %r", config, config.clusters[0].client)
    views = [
        repr(config),
        str(config),
        f"{config.clusters[0].client}",
        caplog.text,
        yaml.safe_dump(config.masked()),
        json.dumps(config.masked()),
        config.model_dump_json(),
        str(config.model_dump()),
    ]
    assert all(SECRET not in view for view in views)
    assert config.masked()["clusters"][0]["client"]["ssl.key.password"] == "<secret>"


def test_every_secret_has_a_file_form() -> None:
    """Each secret of the schema can be kept in a file."""
    client = next(model for path, model in sections() if path.endswith(".client"))
    keys = fields_of(client)
    secrets = {key for key, field in keys.items() if isinstance(value_type(field), Secret)}
    assert secrets == {"sasl.password", "ssl.key.password", "sasl.oauthbearer.client.secret"}
    assert {f"{secret}_file" for secret in secrets} <= keys.keys()


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_one_newline_does_not_count(tmp_path: Path, ending: str) -> None:
    """The newline that editors put at a file's end is no part of the secret."""
    (tmp_path / "password").write_bytes(f" {SECRET} {ending}".encode())
    client = check(file_with(tmp_path, SASL | {"sasl.password_file": "password"}), {}).clusters[0].client
    assert client.password is not None
    assert client.password.get_secret_value() == f" {SECRET} "


KEYS = sorted({key for _, model in sections() for key in fields_of(model)} | {"unknown", "passwrod", "sasl.pasword"})


def refusal(file: Path) -> ConfigError | None:
    """Check a file, which may be right or wrong."""
    try:
        check(file, {})
    except ConfigError as error:
        return error
    return None


@given(
    places=st.dictionaries(st.sampled_from(KEYS), st.sampled_from([SECRET, [SECRET], {"a": SECRET}]), max_size=4),
    client=st.dictionaries(st.sampled_from(KEYS), st.sampled_from([SECRET, [SECRET], {"a": SECRET}]), max_size=4),
)
def test_misplaced_secrets_are_not_told(
    tmp_path_factory: pytest.TempPathFactory, places: dict[str, object], client: dict[str, object]
) -> None:
    """Wherever a document's secret is put by mistake as well, no error repeats it."""
    directory = tmp_path_factory.mktemp("misplaced")
    file = file_with(directory, SASL | client | {"sasl.password": SECRET}, places)
    error = refusal(file)
    shown = "".join(traceback.format_exception(error)) + repr(error) if error else ""
    assert "staple" not in shown
    assert error is None or error.__context__ is None


def test_secret_by_variable_is_not_told(tmp_path: Path) -> None:
    """A variable's content is not shown, for it may be a secret; the variable's name is."""
    file = file_with(tmp_path, {}, {"interval": "${PASSWORD}"})
    with pytest.raises(ConfigError) as raised:
        check(file, {"PASSWORD": SECRET})
    assert "the value of ${PASSWORD} is refused" in str(raised.value)
    assert SECRET not in str(raised.value)


def test_secret_as_the_path_of_its_file(tmp_path: Path) -> None:
    """Somebody who writes the secret where its file's path belongs does not see it in the error."""
    with pytest.raises(ConfigError) as raised:
        check(file_with(tmp_path, SASL | {"sasl.password_file": SECRET}), {})
    assert "sasl.password_file: the file does not exist" in str(raised.value)
    assert SECRET not in str(raised.value)


def test_credentials_in_a_flag_are_not_told() -> None:
    """A user and password in front of a broker's address are not repeated."""
    with pytest.raises(ConfigError) as raised:
        load(None, Overrides(kafka=f"reader:{SECRET}@kafka:9092"), {})
    assert str(raised.value).startswith("--kafka: the value holds an '@'")
    assert SECRET not in str(raised.value)


def test_pydantics_own_errors_hide_values() -> None:
    """Even where the models are used directly, their errors show no values."""
    with pytest.raises(ValidationError) as raised:
        Config.model_validate({"clusters": [{"client": {"sasl.password": [SECRET], "sasl.user": SECRET}}]})
    assert SECRET not in str(raised.value)
