"""Pages of runs, samples, notes and histories, read from the database by any thread."""

from collections.abc import Collection

from streamgauge.jobs.records import Found, Note, NoteKind, Sample, StepRecord
from streamgauge.model.jobs.events import Status, StepKey
from streamgauge.model.jobs.runs import Run


class JobQueries:
    """The reading side of the store. Every call raises ``StoreUnavailableError`` while the database is away."""

    def runs(  # noqa: PLR0913 - what can be asked for
        self,
        *,
        job: str | None = None,
        statuses: Collection[Status] = (),
        environment: str | None = None,
        since: float | None = None,
        until: float | None = None,
        search: str | None = None,
        offset: int = 0,
        limit: int = 50,
    ) -> Found[Run]:
        """Runs, the one that started last first.

        Args:
            job: of this job alone.
            statuses: in one of these; none: in any.
            environment: in this environment alone.
            since: started then or later.
            until: started before then.
            search: has this in its id, title or job's name, in upper or lower case.
            offset: how many to pass over.
            limit: how many at most.
        """
        raise NotImplementedError

    def run(self, job: str, run: str) -> Run | None:
        """One run; None: there is none."""
        raise NotImplementedError

    def samples(
        self, job: str, run: str, *, step: StepKey | None = None, since: float | None = None, limit: int = 1000
    ) -> tuple[Sample, ...]:
        """The newest samples of a run, in time's order.

        Args:
            job: the job's name.
            run: the run's id.
            step: of this part alone; None: of all.
            since: later than that.
            limit: how many at most.
        """
        raise NotImplementedError

    def notes(  # noqa: PLR0913 - what can be asked for
        self,
        job: str,
        run: str | None = None,
        *,
        kinds: Collection[NoteKind] = (),
        step: StepKey | None = None,
        offset: int = 0,
        limit: int = 50,
    ) -> Found[Note]:
        """Artifacts, warnings and errors, the newest first.

        Args:
            job: the job's name.
            run: the run's id; None: of all of its runs.
            kinds: of these kinds; none: of any.
            step: of this part alone; None: of all.
            offset: how many to pass over.
            limit: how many at most.
        """
        raise NotImplementedError

    def history(
        self,
        job: str,
        step: StepKey,
        *,
        last: int,
        status: Status | None = Status.COMPLETED,
        before: str | None = None,
    ) -> tuple[StepRecord, ...]:
        """A step in the last runs, oldest first; for ``RUN`` the runs themselves.

        Args:
            job: the job's name.
            step: which part.
            last: how many at most.
            status: in this status alone; None: in any.
            before: only runs that started before this one.
        """
        raise NotImplementedError
