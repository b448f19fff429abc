"""Every exception that Streamgauge raises on purpose.

::

    StreamgaugeError
    ├── ConfigError          the configuration is wrong; the message says what, where, and what is allowed
    ├── AddressInUseError    the listen address is taken
    ├── AlertmanagerError    Alertmanager could not be asked, or its answer was not what it should be
    │   ├── AlertmanagerTimeoutError    it did not answer in time
    │   └── NoAlertmanagerError         none is configured
    ├── UnknownAlertError    no alert has the fingerprint
    ├── ForeignSilenceError  an alert is silenced, but not through us; carries whose silences those are
    ├── SourceError          a source could not be read; carries the stage and the outside's own error code
    └── StoreError           the store of runs takes or gives nothing now; carries when to try again
        ├── StoreBusyError          too much waits to be written
        └── StoreUnavailableError   the database is away, or the exporter ends
"""

from collections.abc import Sequence


class StreamgaugeError(Exception):
    """The base of all: its message is written for the person who runs the program."""


class ConfigError(StreamgaugeError):
    """The configuration is wrong."""


class AddressInUseError(StreamgaugeError):
    """The listen address is taken by another program."""


class SourceError(StreamgaugeError):
    """A source could not be read as a whole.

    Args:
        stage: which part of the reading failed, for example ``connect`` or ``metadata``.
        code: the outside's own name of the error, for example ``SASL_AUTHENTICATION_FAILED``.
        message: what happened, for the log.
    """

    def __init__(self, stage: str, code: str, message: str) -> None:
        super().__init__(message)
        self.stage = stage
        self.code = code


class AlertmanagerError(StreamgaugeError):
    """Alertmanager could not be asked, or its answer was not what it should be; the message holds no secret."""


class AlertmanagerTimeoutError(AlertmanagerError):
    """Alertmanager did not answer in time."""


class NoAlertmanagerError(AlertmanagerError):
    """No Alertmanager is configured."""


class UnknownAlertError(StreamgaugeError):
    """No alert that Alertmanager has now has the fingerprint."""


class ForeignSilenceError(StreamgaugeError):
    """An alert is silenced, but not through us.

    Args:
        authors: who silenced it.
        silence_ids: by which silences.
    """

    def __init__(self, authors: Sequence[str], silence_ids: Sequence[str]) -> None:
        super().__init__(
            f"the alert is silenced by {', '.join(authors)}, not through the API; end that silence in Alertmanager"
        )
        self.authors = tuple(authors)
        self.silence_ids = tuple(silence_ids)


class StoreError(StreamgaugeError):
    """The store of runs takes or gives nothing now.

    Args:
        message: what is wrong, and what to do.
        retry_after: seconds after which it is worth trying again.
    """

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class StoreBusyError(StoreError):
    """Too much waits to be written; keep the events and send them again."""


class StoreUnavailableError(StoreError):
    """The database is away, or the exporter ends; keep the events and send them again."""
