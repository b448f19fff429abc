"""The rules, their tests and the configuration, by Prometheus' own checks."""

from pathlib import Path

import pytest
import yaml

from tests.prometheus.promtool import promtool
from tests.prometheus.shipped import CONFIG, RULE_FILES, TEST_FILES


def test_there_is_something_to_check() -> None:
    """The tests below look at every file of rules and tests that is shipped."""
    assert len(RULE_FILES) >= 10
    assert len(TEST_FILES) >= 8


def test_rules_are_valid() -> None:
    """Every rule file is taken by promtool with every lint, each of them fatal."""
    checked = promtool("check", "rules", "--lint=all", "--lint-fatal", *RULE_FILES)

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert checked.stdout.count("SUCCESS") == len(RULE_FILES)


@pytest.mark.service  # weeks of samples take promtool a minute
@pytest.mark.parametrize("path", TEST_FILES, ids=lambda path: path.stem)
def test_rules_do_what_their_tests_say(path: Path) -> None:
    """Every test of promtool holds."""
    tested = promtool("test", "rules", path)

    assert tested.returncode == 0, tested.stdout + tested.stderr


def test_every_rule_file_is_tested() -> None:
    """Each rule file is loaded by some test."""
    loaded = {
        Path(name).name
        for path in TEST_FILES
        for name in yaml.safe_load(path.read_text(encoding="utf-8"))["rule_files"]
    }

    assert loaded == {path.name for path in RULE_FILES}


def test_the_configuration_is_valid() -> None:
    """prometheus.yml is taken by promtool and finds every rule file beside it."""
    checked = promtool("check", "config", CONFIG)

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"{len(RULE_FILES)} rule files found" in checked.stdout
