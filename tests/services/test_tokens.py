"""Tokens of a running exporter: they are rotated without a restart, and never told."""

from pathlib import Path
from typing import Any

import pytest
import requests

from streamgauge.web.tokens import create
from tests.services.exporter import CALL_DEADLINE, Exporter

REFUSED = "streamgauge_web_refused_requests_total"


@pytest.mark.fault("token rotated while the exporter runs", of="jobs")
def test_tokens_are_rotated_without_a_restart(tmp_path: Path) -> None:
    """The new one is good beside the old one, then alone; a wrong configuration changes nothing; no log has either."""
    old, new = create(), create()
    with Exporter(tmp_path, config=_config(old)) as exporter:
        assert _write(exporter, old[0]) == 404
        assert _write(exporter, new[0]) == 401
        exporter.reload(_config(old, new))
        assert (_write(exporter, old[0]), _write(exporter, new[0])) == (404, 404)
        exporter.reload(_config(new))
        assert (_write(exporter, old[0]), _write(exporter, new[0])) == (401, 404)

        exporter.configure(_config(("", old[0])))  # somebody writes the token where its hash belongs
        exporter.hang_up()
        exporter.eventually("streamgauge_config_last_reload_successful", 0)
        page = exporter.scrape()
        assert (_write(exporter, old[0]), _write(exporter, new[0])) == (401, 404)

        assert page.value(REFUSED, reason="unauthorized") == 2
        assert page.value(REFUSED, reason="timeout") == 0
        assert "logger=streamgauge.web.audit" in exporter.log
        assert [secret for secret in (*old, *new) if secret in exporter.log] == []


def _config(*tokens: tuple[str, str]) -> dict[str, Any]:
    entries = [
        {"name": f"token-{number}", "sha256": digest, "scopes": ["write"]} for number, (_, digest) in enumerate(tokens)
    ]
    return {"web": {"tokens": entries}, "log": {"level": "debug"}}


def _write(exporter: Exporter, token: str) -> int:
    """Write where nothing takes it: 404 for who may."""
    headers = {"Authorization": f"Bearer {token}"}
    answer = requests.post(f"{exporter.url}api/v1/nowhere?token={token}", headers=headers, timeout=CALL_DEADLINE)
    assert token not in answer.text
    return answer.status_code
