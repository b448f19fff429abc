"""How a request is refused before it gets to a route: a problem document, and a count of the reason."""

from dataclasses import dataclass
from http import HTTPStatus

from starlette.types import Receive, Scope, Send

from streamgauge.model.refusals import Reason, Refusals
from streamgauge.web.problem import problem_response

_POLICY_VIOLATION = 1008
_DENIAL = "websocket.http.response"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request goes no further.

    Attributes:
        reason: what it is counted as.
        status: the HTTP status.
        detail: what went wrong and what would be right; nothing that the client has sent.
        headers: further header lines; a name may come twice.
    """

    reason: Reason
    status: HTTPStatus
    detail: str
    headers: tuple[tuple[str, str], ...] = ()


async def refuse(refusal: Refusal, refusals: Refusals, scope: Scope, receive: Receive, send: Send) -> None:
    """Count a refusal and answer with it; a WebSocket's upgrade is answered before it is accepted."""
    refusals.count(refusal.reason)
    if scope["type"] == "websocket" and _DENIAL not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
        return
    response = problem_response(refusal.status, refusal.detail)
    for name, value in refusal.headers:
        response.headers.append(name, value)
    await response(scope, receive, send)
