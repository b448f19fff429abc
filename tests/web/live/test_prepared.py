"""A message made once, as frames that any client reads."""

import pytest
from websockets.client import ClientProtocol
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Frame
from websockets.protocol import State
from websockets.uri import parse_uri

from streamgauge.web.live.prepared import Prepared, prepare


def read(data: bytes) -> str:
    """What a client of the library, which keeps a context, makes of frames."""
    client = ClientProtocol(parse_uri("ws://localhost/"), state=State.OPEN)
    client.extensions = [PerMessageDeflate(False, False, 15, 15)]  # noqa: FBT003 - the library's signature
    client.receive_data(data)
    frames = [event for event in client.events_received() if isinstance(event, Frame)]
    return "|".join(bytes(frame.data).decode() for frame in frames)


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 1_000_000])
def test_both_frames_carry_the_text(size: int) -> None:
    """Of any size; a message before or after does not matter to the compressed one."""
    message = prepare("x" * size)
    other = prepare("y" * 2000)

    assert read(message.plain) == "x" * size
    both = [other.frame(deflated=True), message.frame(deflated=True), other.frame(deflated=False)]
    assert read(b"".join(both)) == f"{other.text}|{message.text}|{other.text}"


def test_a_small_message_is_not_compressed() -> None:
    """It would take longer and become no smaller."""
    assert prepare("{}") == Prepared("{}", b"\x81\x02{}", None)
    large = prepare("x" * 100_000)
    assert len(large.frame(deflated=True)) < 1000 < len(large.frame(deflated=False))
