"""One message of text as WebSocket frames, made and compressed once for all who get it.

permessage-deflate (RFC 7692) compresses each message for its connection, which for two hundred clients would cost more
than everything else. We negotiate that no context is kept between our messages: then the same bytes do for everybody.
"""

from dataclasses import dataclass

from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Frame, Opcode

WINDOW_BITS = 15
PREPARED = "streamgauge.prepared"
"""The key under which a `websocket.send` carries a prepared message beside its text."""

_LEVEL = 3  # higher levels save a tenth of the bytes for twice the time
_WORTH_COMPRESSING = 512  # bytes


@dataclass(frozen=True, slots=True)
class Prepared:
    """A message.

    Attributes:
        text: its text.
        plain: its frame.
        deflated: its frame, compressed; None where that is not worth it.
    """

    text: str
    plain: bytes
    deflated: bytes | None

    def frame(self, *, deflated: bool) -> bytes:
        """The frame for a client that takes compressed ones, or does not."""
        return self.deflated if deflated and self.deflated is not None else self.plain


def prepare(text: str) -> Prepared:
    """Make a message's frames; for a large one this is slow, so not on the event loop."""
    data = text.encode()
    plain = Frame(Opcode.TEXT, data).serialize(mask=False)
    if len(data) < _WORTH_COMPRESSING:
        return Prepared(text, plain, None)
    # An extension each: it holds its compressor while it works, and several threads prepare messages.
    deflate = PerMessageDeflate(
        remote_no_context_takeover=True,
        local_no_context_takeover=True,
        remote_max_window_bits=WINDOW_BITS,
        local_max_window_bits=WINDOW_BITS,
        compress_settings={"level": _LEVEL},
    )
    return Prepared(text, plain, Frame(Opcode.TEXT, data).serialize(mask=False, extensions=[deflate]))
