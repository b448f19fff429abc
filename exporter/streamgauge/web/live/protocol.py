"""The messages of the WebSocket, in (checked) and out (as JSON text)."""

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from streamgauge.web.live.versions import Difference, encode

SHORTEST_INTERVAL = 0.5
LONGEST_INTERVAL = 60.0
MOST_TOPICS = 10

_LONGEST_ID = 200
_LONGEST_DETAIL = 300

TopicNames = Annotated[list[Annotated[str, Field(max_length=100)]], Field(min_length=1, max_length=MOST_TOPICS)]
Id = Annotated[str, Field(max_length=_LONGEST_ID)] | int | Annotated[float, Field(allow_inf_nan=False)] | None


class MessageError(ValueError):
    """A message that is not one of ours; its text says what would be right."""


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Resume(_Message):
    """Where a client was before its connection broke."""

    epoch: Annotated[str, Field(max_length=100)]
    sequences: dict[str, int] = Field(max_length=MOST_TOPICS)


class Subscribe(_Message):
    """Send these topics from now on."""

    type: Literal["subscribe"]
    topics: TopicNames
    interval: float = Field(1.0, ge=SHORTEST_INTERVAL, le=LONGEST_INTERVAL, allow_inf_nan=False)
    resume: Resume | None = None


class Unsubscribe(_Message):
    """Send these topics no more."""

    type: Literal["unsubscribe"]
    topics: TopicNames


class Ping(_Message):
    """Is anybody there?"""

    type: Literal["ping"]
    id: Id = None


class Request(_Message):
    """Send one snapshot now."""

    type: Literal["request"]
    topic: Annotated[str, Field(max_length=100)]
    id: Id = None


Incoming = Subscribe | Unsubscribe | Ping | Request

_INCOMING: TypeAdapter[Incoming] = TypeAdapter(Annotated[Incoming, Field(discriminator="type")])


def read(text: str) -> Incoming:
    """Read a client's message.

    Raises:
        MessageError: it is none; the reason is for the client.
    """
    try:
        return _INCOMING.validate_json(text)
    except ValidationError as error:
        reasons = "; ".join(_reasons(error))
        raise MessageError(reasons if len(reasons) <= _LONGEST_DETAIL else f"{reasons[:_LONGEST_DETAIL]}...") from None


def _reasons(error: ValidationError) -> Iterable[str]:
    for each in error.errors(include_url=False, include_context=False, include_input=False):
        where = ".".join(str(step) for step in each["loc"])
        yield f"{where}: {each['msg']}" if where else each["msg"]


def hello(*, epoch: str, version: str, topics: Iterable[str], heartbeat_seconds: float) -> str:
    """The first message."""
    return encode(
        {
            "type": "hello",
            "epoch": epoch,
            "version": version,
            "topics": list(topics),
            "heartbeat_seconds": heartbeat_seconds,
        }
    )


def pong(identity: Id, time: float) -> str:
    """The answer to a ping."""
    return encode({"type": "pong", "id": identity, "time": time})


def heartbeat(time: float) -> str:
    """There was nothing to say for a while."""
    return encode({"type": "heartbeat", "time": time})


def error(detail: str, identity: Id = None) -> str:
    """Something is wrong with what the client sent, or with a topic; the connection stays."""
    about = {} if identity is None else {"id": identity}
    return encode({"type": "error", "detail": detail, **about})


def update(topic: str, sequence: int, time: float, difference: Difference) -> str:
    """A snapshot or a change."""
    about = f'"topic":{encode(topic)},"sequence":{sequence},"time":{encode(time)}'
    items = ",".join(difference.changed)
    if difference.whole:
        return f'{{"type":"snapshot",{about},"items":{{{items}}}}}'
    removed = encode(difference.removed)
    return f'{{"type":"change",{about},"changed":{{{items}}},"removed":{removed}}}'


def requested(snapshot: str, identity: Id) -> str:
    """A snapshot with the id of the request that it answers."""
    return snapshot if identity is None else f'{snapshot[:-1]},"id":{encode(identity)}}}'
