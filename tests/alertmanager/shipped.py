"""The alerts of the bundle, by name, and the shipped Alertmanager files: what several tests look at."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "alertmanager" / "alertmanager.yml"
TEMPLATES = ROOT / "alertmanager" / "templates"

SEVERITIES = {
    "JobDeadlineWillBeMissed": "critical",
    "JobDidNotStart": "critical",
    "JobEventsRejected": "warning",
    "JobFailed": "critical",
    "JobMemoryHigh": "warning",
    "JobPhaseFailed": "warning",
    "JobPhaseSlow": "warning",
    "JobPhaseSlowerThanUsual": "warning",
    "JobRegression": "info",
    "JobRunLost": "critical",
    "JobSeriesDropped": "warning",
    "JobStoreDown": "critical",
    "JobTooManyErrors": "warning",
    "KafkaBrokerDiskFullSoon": "warning",
    "KafkaConsumerGroupDataLossAhead": "critical",
    "KafkaConsumerGroupDataLost": "critical",
    "KafkaConsumerGroupLagBurnFast": "critical",
    "KafkaConsumerGroupLagBurnSlow": "warning",
    "KafkaConsumerGroupLagOverLimit": "warning",
    "KafkaConsumerGroupLagUnknown": "warning",
    "KafkaConsumerGroupRewound": "warning",
    "KafkaConsumerGroupStalled": "critical",
    "KafkaConsumerGroupStopped": "critical",
    "KafkaPartitionsOffline": "critical",
    "KafkaPartitionsUnderMinIsr": "critical",
    "KafkaPartitionsUnderReplicated": "warning",
    "KafkaTopicSilent": "warning",
    "KafkaTopicThroughputDropped": "warning",
    "KafkaTransactionHanging": "warning",
    "StreamgaugeConfigReloadFailed": "warning",
    "StreamgaugeDown": "critical",
    "StreamgaugeEstimatesUnknown": "info",
    "StreamgaugeSeriesDropped": "warning",
    "StreamgaugeSnapshotTooOld": "warning",
    "StreamgaugeSourceDown": "critical",
    "StreamgaugeStateNotSaved": "warning",
    "Watchdog": "none",
}
"""Every alert and its severity."""


def amtool(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run amtool; where it is missing the test is skipped, or fails with `CI=true`."""
    program = shutil.which("amtool")
    if program is None:
        reason = "amtool is not on PATH; run `make services`"
        if os.environ.get("CI") == "true":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    return subprocess.run([program, *arguments], capture_output=True, text=True, timeout=30, check=False)
