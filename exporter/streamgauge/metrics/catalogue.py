"""Every metric family of ours, in the order of the page: the one list that documents and tests are made from."""

from streamgauge.metrics import exporter, jobs, kafka
from streamgauge.metrics.family import Family

READ_FAMILIES: tuple[Family, ...] = (*kafka.FAMILIES, *jobs.FAMILIES)
"""Rendered when a reading changes."""

FAMILIES: tuple[Family, ...] = (*READ_FAMILIES, *exporter.FAMILIES)
"""All of them."""
