"""Alerts for many readers at the cost of one request: keeps what Alertmanager said last, and acknowledges for people.

One thread at a time talks to Alertmanager. Readers share an answer, or a failure, for a second; those that must never
wait (``recent``) get the last answer while a thread of its own fetches the next one.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

from streamgauge.config import AlertmanagerConfig
from streamgauge.errors import (
    AlertmanagerError,
    AlertmanagerTimeoutError,
    ForeignSilenceError,
    NoAlertmanagerError,
    UnknownAlertError,
)
from streamgauge.model.alerts import (
    Acknowledgement,
    Alert,
    AlertmanagerStatus,
    AlertReading,
    Silence,
    is_ours,
    listed,
    silence_for,
    silences_of,
)
from streamgauge.sources.alertmanager import AlertmanagerClient

LOG = logging.getLogger("streamgauge.alerts")

_KEPT_SECONDS: Final = 1.0
_REFRESH_SECONDS: Final = 5.0
# While somebody reads, an answer is replaced long before this; one that is older was kept while nobody did.
_OLDEST_SECONDS: Final = 3 * _REFRESH_SECONDS
_FIRST_SECONDS: Final = 0.5


@dataclass(frozen=True)
class _Kept:
    """The last answer, or why there is none; an ``outdated`` one was made before we changed something."""

    at: float
    found: AlertReading | AlertmanagerError
    outdated: bool = False

    def open(self) -> AlertReading:
        """The answer."""
        if isinstance(self.found, AlertmanagerError):
            raise type(self.found)(str(self.found))  # a new one: several threads may raise it
        return self.found


class AlertDesk:
    """The alerts of the configured Alertmanager, if there is one. Safe to use from any thread.

    Args:
        settings: which Alertmanager.
        clock: monotonic seconds.
        wall_clock: seconds since the epoch.
    """

    def __init__(
        self,
        settings: AlertmanagerConfig,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._clock = clock
        self._wall_clock = wall_clock
        self._talking = threading.Lock()  # held while Alertmanager is asked, for seconds perhaps
        self._state = threading.Lock()  # held for moments
        self._client: AlertmanagerClient | None = None
        self._settings = settings
        self._kept: _Kept | None = None
        self._refreshing = False
        self._requests: Counter[str] = Counter()
        self._failed: Counter[str] = Counter()
        self._up: bool | None = None
        self.follow(settings)

    def follow(self, settings: AlertmanagerConfig) -> None:
        """Ask this Alertmanager from now on; its secrets and certificates are read anew."""
        client = None if settings.url is None else AlertmanagerClient(settings, self._note, clock=self._clock)
        with self._state:
            if settings.url != self._settings.url:
                self._up = self._kept = None
            self._settings, self._client = settings, client

    def status(self) -> AlertmanagerStatus | None:
        """How asking goes; None where no Alertmanager is configured. Never waits."""
        with self._state:
            if self._client is None:
                return None
            return AlertmanagerStatus(self._up, dict(self._requests), dict(self._failed))

    def read(self) -> AlertReading:
        """The alerts, at most a second old.

        Raises:
            AlertmanagerError: nobody knows.
        """
        asked_at = self._clock()
        with self._turn() as client:
            kept = self._kept
            if kept is None or kept.outdated or kept.at < asked_at - _KEPT_SECONDS:
                kept = self._fetch(client)
        return kept.open()

    def recent(self) -> AlertReading:
        """The last answer; a newer one is fetched in the background, every few seconds at most.

        The first reader waits for half a second at most, the others never.

        Raises:
            AlertmanagerError: nobody knows, or not yet.
        """
        now = self._clock()
        with self._state:
            if self._client is None:
                raise _none_configured()
            kept = self._kept
            due = kept is None or kept.outdated or now - kept.at >= _REFRESH_SECONDS
            start = due and not self._refreshing
            self._refreshing = self._refreshing or start
        if start:
            thread = threading.Thread(target=self._refresh, name="alerts", daemon=True)
            thread.start()
            if kept is None or now - kept.at > _OLDEST_SECONDS:
                thread.join(_FIRST_SECONDS)
                kept = self._kept
        if kept is None or now - kept.at > _OLDEST_SECONDS:
            raise AlertmanagerError("Alertmanager is being asked; its alerts are not known yet")
        return kept.open()

    def acknowledge(self, fingerprint: str, said: Acknowledgement) -> Silence:
        """Silence an alert; the silence that was made so before is changed, not doubled.

        Returns:
            The silence, with its id.

        Raises:
            UnknownAlertError: no alert has the fingerprint.
            AlertmanagerError: it could not be asked, or refused.
        """
        with self._turn() as client, self._changing():
            alert, silences = _look_up(client, fingerprint)
            ours = [each for each in silences if is_ours(each, alert)]
            wanted = silence_for(alert, said, self._wall_clock(), ours[0] if ours else None)
            made = replace(wanted, silence_id=client.set_silence(wanted))
        LOG.info(
            "alert acknowledged",
            extra={"fingerprint": fingerprint, "author": said.author, "silence": made.silence_id},
        )
        return made

    def clear(self, fingerprint: str) -> tuple[str, ...]:
        """End the silences of an alert that were made through us.

        Returns:
            Their ids; none where nobody silences the alert.

        Raises:
            UnknownAlertError: no alert has the fingerprint.
            ForeignSilenceError: others alone silence it.
            AlertmanagerError: it could not be asked, or refused.
        """
        with self._turn() as client, self._changing():
            alert, silences = _look_up(client, fingerprint)
            ours = [each.silence_id for each in silences if is_ours(each, alert)]
            if silences and not ours:
                authors = dict.fromkeys(each.author for each in silences)
                raise ForeignSilenceError(list(authors), [each.silence_id for each in silences])
            for silence_id in ours:
                client.expire_silence(silence_id)
        LOG.info("alert cleared", extra={"fingerprint": fingerprint, "silence": ",".join(ours) or None})
        return tuple(ours)

    def _fetch(self, client: AlertmanagerClient) -> _Kept:
        found: AlertReading | AlertmanagerError
        try:
            alerts = client.alerts()
            found = AlertReading(self._wall_clock(), listed(alerts, client.silences()))
        except AlertmanagerError as error:
            found = error
        kept = _Kept(self._clock(), found)
        with self._state:
            if client is self._client:  # a reload may have changed it meanwhile
                self._kept = kept
        return kept

    def _refresh(self) -> None:
        try:
            with self._turn() as client:
                self._fetch(client)
        except AlertmanagerError as error:
            LOG.debug("alerts were not fetched: %s", error)
        finally:
            with self._state:
                self._refreshing = False

    @contextmanager
    def _turn(self) -> Iterator[AlertmanagerClient]:
        """Wait for the threads that talk to Alertmanager already, but not for ever."""
        with self._state:
            client, patience = self._client, 2 * self._settings.timeout
        if client is None:
            raise _none_configured()
        if not self._talking.acquire(timeout=patience):
            raise AlertmanagerTimeoutError("Alertmanager has not answered earlier requests yet")
        try:
            yield client
        finally:
            self._talking.release()

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Whatever comes of a change, what was kept tells of the time before it."""
        try:
            yield
        finally:
            with self._state:
                self._kept = None if self._kept is None else replace(self._kept, outdated=True)

    def _note(self, operation: str, answered: bool) -> None:  # noqa: FBT001 - the client's own words
        with self._state:
            self._requests[operation] += 1
            self._failed[operation] += not answered
            before, self._up = self._up, answered
        if before is not False and not answered:
            LOG.warning("Alertmanager does not answer as it should", extra={"operation": operation})
        elif before is False and answered:
            LOG.info("Alertmanager answers again")


def _look_up(client: AlertmanagerClient, fingerprint: str) -> tuple[Alert, list[Silence]]:
    alert = next((each for each in client.alerts() if each.fingerprint == fingerprint), None)
    if alert is None:
        raise UnknownAlertError(f"Alertmanager has no alert with the fingerprint {fingerprint!r} now")
    return alert, silences_of(alert, client.silences())


def _none_configured() -> NoAlertmanagerError:
    return NoAlertmanagerError(
        "no Alertmanager is configured; write its address under alertmanager.url in the configuration file"
    )
