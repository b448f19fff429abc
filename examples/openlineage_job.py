"""A job that is told by OpenLineage: a run with two steps, as Airflow and others tell theirs.

    OPENLINEAGE_URL=http://localhost:9308 python examples/openlineage_job.py [--fail]

It needs openlineage-python alone, and nothing in it knows Streamgauge. OPENLINEAGE_API_KEY is a token with the scope
`write`, where the exporter wants one.
"""

import argparse
import time
import traceback
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import RunFacet, error_message_run, output_statistics_output_dataset, parent_run

NAMESPACE = "examples"
JOB = "openlineage_job"


class Lineage:
    """Tells of runs.

    Args:
        client: where to.
    """

    def __init__(self, client: OpenLineageClient) -> None:
        self._client = client

    @contextmanager
    def run(
        self, name: str, parent: tuple[str, str] | None = None, outputs: list[OutputDataset] | None = None
    ) -> Iterator[str]:
        """Tell of a run: that it starts, and how it ends.

        Args:
            name: the job's.
            parent: the run and the job that it is a part of.
            outputs: what it writes.
        """
        run = str(uuid.uuid4())
        facets: dict[str, RunFacet] = {}
        if parent is not None:
            facets["parent"] = parent_run.ParentRunFacet(
                run=parent_run.Run(runId=parent[0]), job=parent_run.Job(namespace=NAMESPACE, name=parent[1])
            )
        self._tell(RunState.START, run, name, facets, [])
        try:
            yield run
        except Exception as error:
            # The error is told once, by the step in which it arose.
            if parent is not None:
                facets["errorMessage"] = error_message_run.ErrorMessageRunFacet(
                    message=str(error), programmingLanguage="PYTHON", stackTrace=traceback.format_exc()
                )
            self._tell(RunState.FAIL, run, name, facets, [])
            raise
        self._tell(RunState.COMPLETE, run, name, facets, outputs or [])

    def _tell(
        self, state: RunState, run: str, name: str, facets: dict[str, RunFacet], outputs: list[OutputDataset]
    ) -> None:
        self._client.emit(
            RunEvent(
                eventType=state,
                eventTime=datetime.now(UTC).isoformat(),
                run=Run(runId=run, facets=facets),
                job=Job(namespace=NAMESPACE, name=name),
                inputs=[InputDataset(namespace="s3://pages", name="2026-11-21")],
                outputs=outputs,
                producer="https://example.org/openlineage_job",
            )
        )


def main() -> None:
    """Run two steps."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fail", action="store_true", help="fail in the second step")
    fail = parser.parse_args().fail
    lineage = Lineage(OpenLineageClient())
    statistics = output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(rowCount=500, size=104857600)
    plan = OutputDataset(namespace="s3://plans", name="plan.parquet", outputFacets={"outputStatistics": statistics})
    with lineage.run(JOB) as top:
        with lineage.run(f"{JOB}.assemble", (top, JOB)):
            time.sleep(0.2)
        with lineage.run(f"{JOB}.write", (top, JOB), [plan]):
            time.sleep(0.1)
            if fail:
                raise ValueError("the plan has a hole")
    print(f"run {top} of {JOB} was told")


if __name__ == "__main__":
    main()
