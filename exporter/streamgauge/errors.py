"""Every exception that Streamgauge raises on purpose.

::

    StreamgaugeError
    ├── ConfigError          the configuration is wrong; the message says what, where, and what is allowed
    ├── AddressInUseError    the listen address is taken
    └── SourceError          a source could not be read; carries the stage and the outside's own error code
"""


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
