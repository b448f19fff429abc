"""Applications in the database: what a transaction changes of them, and how they are read."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from sqlalchemy import Connection, delete, insert, select, update

from streamgauge.jobs.intake import FUTURE_SECONDS, Refused, upsert
from streamgauge.jobs.known_applications import Heard, KnownApplication, KnownApplications
from streamgauge.jobs.plausibility import implausible_snapshot
from streamgauge.jobs.receipt import Code
from streamgauge.jobs.rules import StoreRules
from streamgauge.jobs.state_json import snapshot_from_json, snapshot_to_json, totals_from_json, totals_to_json
from streamgauge.jobs.tables import APPLICATIONS, PROCESSES
from streamgauge.model.jobs.applications import ProcessSnapshot


class ApplicationIntake:
    """Takes snapshots into applications, then writes what has changed. It changes nothing but the database.

    Args:
        applications: what is known.
        rules: what they are held to.
        now: by the exporter's clock.
    """

    def __init__(self, applications: KnownApplications, rules: StoreRules, now: float) -> None:
        self._known = applications
        self._rules = rules
        self._now = now
        self._drafts: dict[str, KnownApplication] = {}

    def take(self, snapshot: ProcessSnapshot) -> Refused | bool:
        """Take a snapshot: true where it says something new, or why it is refused."""
        refused = self._refused(snapshot)
        if refused is not None:
            return refused
        name = snapshot.application
        known = self._drafts.get(name) or self._known.get(name)
        if known is None:
            new = sum(draft.id is None for draft in self._drafts.values())
            if len(self._known) + new >= self._rules.applications:
                most = f"{self._rules.applications} applications, the most that are kept (jobs.limits.applications)"
                return Refused(Code.TOO_MANY_APPLICATIONS, f"there are {most}")
            known = KnownApplication(None, name)
        if known.has_added_up(snapshot):
            return Refused(
                Code.FORGOTTEN, "the process was silent for so long that its counters were added up for good"
            )
        if not known.has_room(snapshot):
            known = known.without(known.silent(self._now))
        if not known.has_room(snapshot):
            return Refused(Code.TOO_MANY_APPLICATIONS, f"{len(known.processes)} processes of it live already")
        taken = known.taking(snapshot, self._now)
        if taken is not None:
            self._drafts[name] = taken
        return taken is not None

    def write(self, connection: Connection) -> tuple[KnownApplication, ...]:
        """Write what has changed, and say what it is now."""
        return tuple([write(connection, self._known.get(name), draft) for name, draft in self._drafts.items()])

    def _refused(self, snapshot: ProcessSnapshot) -> Refused | None:
        wrong = implausible_snapshot(snapshot)
        if wrong is not None:
            return Refused(Code.IMPLAUSIBLE, wrong)
        if snapshot.time > self._now + FUTURE_SECONDS:
            return Refused(Code.IN_THE_FUTURE, "it is more than a day ahead of the exporter's clock")
        if snapshot.time < self._now - self._rules.retention_age:
            return Refused(Code.TOO_OLD, "it is older than applications are kept (jobs.retention.age)")
        return None


def write(connection: Connection, before: KnownApplication | None, after: KnownApplication) -> KnownApplication:
    """Write an application's rows; what it is now, with its row's id."""
    values = {"last_heard": after.last_heard, "totals": totals_to_json(after.folded)}
    if after.id is None:
        made = insert(APPLICATIONS).values(name=after.name, **values).returning(APPLICATIONS.c.id)
        after = replace(after, id=connection.execute(made).scalar_one())
    else:
        connection.execute(update(APPLICATIONS).where(APPLICATIONS.c.id == after.id).values(**values))
    old = {} if before is None else before.processes
    gone = old.keys() - after.processes.keys()
    for name in gone:
        mine = PROCESSES.c.application_id == after.id
        connection.execute(delete(PROCESSES).where(mine, PROCESSES.c.process == name))
    changed = ((name, heard) for name, heard in after.processes.items() if old.get(name) is not heard)
    rows = [
        {
            "application_id": after.id,
            "process": name,
            "heard": heard.at,
            "snapshot": snapshot_to_json(heard.snapshot),
        }
        for name, heard in changed
    ]
    if rows:
        upsert(connection, PROCESSES, rows)
    return after


def remove(connection: Connection, application: KnownApplication) -> None:
    """Give an application up."""
    connection.execute(delete(PROCESSES).where(PROCESSES.c.application_id == application.id))
    connection.execute(delete(APPLICATIONS).where(APPLICATIONS.c.id == application.id))


def read_applications(connection: Connection) -> Iterator[KnownApplication]:
    """Every application as the database has it."""
    for row in connection.execute(select(APPLICATIONS)).all():
        those = select(PROCESSES).where(PROCESSES.c.application_id == row.id)
        processes = {each.process: each for each in connection.execute(those)}
        heard = {
            name: Heard(snapshot_from_json(row.name, name, each.snapshot), each.heard)
            for name, each in processes.items()
        }
        yield KnownApplication(row.id, row.name, totals_from_json(row.totals), heard, row.last_heard)


def stale(applications: Iterable[KnownApplication], now: float, age: float) -> Iterator[KnownApplication]:
    """Those that were not heard of for so long that they are given up."""
    return (application for application in applications if now - application.last_heard > age)
