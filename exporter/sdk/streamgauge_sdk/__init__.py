"""Tells Streamgauge what a job does: its phases, progress and resources, and what an application acts on.

>>> import streamgauge_sdk as gauge
>>> with gauge.job("daily-plan") as job:
...     with job.phase("P00", "Document assembly", items=500) as phase:
...         phase.progress(120)

Nothing here raises into the program or blocks it, save `configure` with a wrong setting. docs/sdk.md tells all of it.
"""

from streamgauge_sdk._application import Action
from streamgauge_sdk._client import configure, flush, stats
from streamgauge_sdk._current import (
    ThreadPoolExecutor,
    advance,
    artifact,
    carry,
    error,
    job,
    metric,
    phase,
    progress,
    sub_phase,
    warning,
)
from streamgauge_sdk._handle import Handle
from streamgauge_sdk._jobs import Job, Phase, SubPhase, current
from streamgauge_sdk._program import (
    action,
    application,
    collector,
    current_action,
    exposition,
    queue_depth,
    record_action,
    record_event,
    serve_metrics,
)
from streamgauge_sdk._scope import Scope
from streamgauge_sdk._stats import Stats

__version__ = "0.1.0"

__all__ = [
    "Action",
    "Handle",
    "Job",
    "Phase",
    "Scope",
    "Stats",
    "SubPhase",
    "ThreadPoolExecutor",
    "action",
    "advance",
    "application",
    "artifact",
    "carry",
    "collector",
    "configure",
    "current",
    "current_action",
    "error",
    "exposition",
    "flush",
    "job",
    "metric",
    "phase",
    "progress",
    "queue_depth",
    "record_action",
    "record_event",
    "serve_metrics",
    "stats",
    "sub_phase",
    "warning",
]
