"""OpenLineage's events, as far as they mean something here; facets and fields beside them are passed over."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from streamgauge.model.jobs.events import Fault
from streamgauge.model.jobs.lineage import Dataset, Engine, LineageEvent, LineageRun
from streamgauge.web.api.jobs_writing.values import NAME_LENGTH

_CONTROLS: Final = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0)), " ")
_MOST_BYTES: Final = 2**63 - 1


def _seconds(value: object) -> float:
    """A time; one without a zone, which some clients send, is in UTC."""
    if not isinstance(value, str):
        raise PydanticCustomError("time", "should be a text: date, time and zone")
    try:
        time = datetime.fromisoformat(value.upper())
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError) as error:
        raise PydanticCustomError("time", "should be date, time and zone as of RFC 3339") from error


def _plain(value: object) -> object:
    """A name; control characters in it are blanks."""
    return value.translate(_CONTROLS) if isinstance(value, str) else value


def _without_nul(value: object) -> object:
    return value.replace("\0", "\N{REPLACEMENT CHARACTER}") if isinstance(value, str) else value


def _amount(value: object) -> object:
    """A number of rows or bytes; one that is not known is written as -1 by some clients."""
    return None if isinstance(value, int) and not 0 <= value <= _MOST_BYTES else value


_Time = Annotated[float, BeforeValidator(_seconds)]
_Name = Annotated[str, Field(min_length=1), BeforeValidator(_plain)]
_RunId = Annotated[str, Field(min_length=1, max_length=NAME_LENGTH), BeforeValidator(_plain)]
_Text = Annotated[str, BeforeValidator(_without_nul)]
_Amount = Annotated[int | None, BeforeValidator(_amount)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Job(_Part):
    """Which job, and of whom."""

    namespace: _Name
    name: _Name


class RunOnly(_Part):
    """Which run, without its facets."""

    runId: _RunId  # noqa: N815 - OpenLineage's name, as are those below


class Root(_Part):
    """The run at the top."""

    run: RunOnly
    job: Job

    def known(self) -> LineageRun:
        """As the model has it."""
        return LineageRun(self.job.namespace, self.job.name, self.run.runId)


class Parent(Root):
    """The run that started another."""

    root: Root | None = None


class ErrorMessage(_Part):
    """What went wrong."""

    message: _Text
    programmingLanguage: _Text | None = None  # noqa: N815
    stackTrace: _Text | None = None  # noqa: N815


class ProcessingEngine(_Part):
    """What ran it."""

    version: _Name
    name: _Name | None = None


class NominalTime(_Part):
    """The time that a run is for."""

    nominalStartTime: _Name  # noqa: N815


class RunFacets(_Part):
    """Facets of a run that mean something here."""

    parent: Parent | None = None
    errorMessage: ErrorMessage | None = None  # noqa: N815
    processing_engine: ProcessingEngine | None = None
    nominalTime: NominalTime | None = None  # noqa: N815


class Run(RunOnly):
    """Which run, with its facets."""

    facets: RunFacets | None = None


class Statistics(_Part):
    """How much was read or written."""

    rowCount: _Amount = None  # noqa: N815
    size: _Amount = None


class InputFacets(_Part):
    """Facets of what was read."""

    inputStatistics: Statistics | None = None  # noqa: N815


class OutputFacets(_Part):
    """Facets of what was written."""

    outputStatistics: Statistics | None = None  # noqa: N815


class InputDataset(_Part):
    """What was read."""

    namespace: _Name
    name: _Name
    inputFacets: InputFacets | None = None  # noqa: N815

    def known(self) -> Dataset:
        """As the model has it."""
        told = self.inputFacets.inputStatistics if self.inputFacets else None
        return _dataset("input", self, told)


class OutputDataset(_Part):
    """What was written."""

    namespace: _Name
    name: _Name
    outputFacets: OutputFacets | None = None  # noqa: N815

    def known(self) -> Dataset:
        """As the model has it."""
        told = self.outputFacets.outputStatistics if self.outputFacets else None
        return _dataset("output", self, told)


class RunEvent(_Part):
    """Something happened to a run."""

    eventTime: _Time  # noqa: N815
    eventType: Literal["START", "RUNNING", "COMPLETE", "FAIL", "ABORT", "OTHER"] | None = None  # noqa: N815
    run: Run
    job: Job
    inputs: list[InputDataset] | None = None
    outputs: list[OutputDataset] | None = None

    def known(self, digest: str) -> LineageEvent:
        """As the model has it.

        Args:
            digest: of all that was sent.
        """
        facets = self.run.facets or RunFacets()
        parent, error, engine = facets.parent, facets.errorMessage, facets.processing_engine
        return LineageEvent(
            digest=digest,
            type=self.eventType or "OTHER",
            time=self.eventTime,
            own=LineageRun(self.job.namespace, self.job.name, self.run.runId),
            parent=parent.known() if parent else None,
            root=parent.root.known() if parent and parent.root else None,
            error=Fault(error.message, error.programmingLanguage, error.stackTrace) if error else None,
            engine=Engine(engine.name, engine.version) if engine else None,
            nominal_start=facets.nominalTime.nominalStartTime if facets.nominalTime else None,
            datasets=tuple(each.known() for each in [*(self.inputs or ()), *(self.outputs or ())]),
        )


def _dataset(kind: str, named: InputDataset | OutputDataset, told: Statistics | None) -> Dataset:
    rows, size = (told.rowCount, told.size) if told else (None, None)
    return Dataset(kind, named.namespace, named.name, rows, size)


def is_static(said: Any) -> bool:
    """Whether this is a DatasetEvent or JobEvent: about no run, so that it means nothing here."""
    return isinstance(said, dict) and "run" not in said and ("dataset" in said or "job" in said)
