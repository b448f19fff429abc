"""Every error answer is a problem document (RFC 9457): what went wrong, and what would be right."""

import json
import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from streamgauge.errors import StoreError
from streamgauge.web.tokens import without_tokens

MEDIA_TYPE = "application/problem+json"


class Problem(BaseModel):
    """A problem document; further members depend on the problem."""

    type: str = Field("about:blank", description="Always `about:blank`: the status says the kind of problem.")
    title: str = Field(description="The status in words.", examples=["Not Found"])
    status: int = Field(description="The HTTP status.", examples=[404])
    detail: str = Field(description="What went wrong and what would be right.", examples=["no cluster is named 'x'"])


class ProblemError(Exception):
    """Ends a request with a problem document.

    Args:
        status: the HTTP status.
        detail: what went wrong and what would be right.
        members: further members of the document.
    """

    def __init__(self, status: HTTPStatus, detail: str, **members: object) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.members = members


def problem_response(
    status: HTTPStatus,
    detail: str,
    members: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A problem document as a response."""
    document = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail}
    body = json.dumps({**document, **(members or {})}, ensure_ascii=False, default=str).encode(errors="replace")
    never_kept = {"Cache-Control": "no-store"}
    return Response(body, status.value, media_type=MEDIA_TYPE, headers={**never_kept, **(headers or {})})


def described(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """How OpenAPI describes these error answers of an endpoint."""
    return {status: _described(HTTPStatus(status)) for status in statuses}


def _described(status: HTTPStatus) -> dict[str, Any]:
    example = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": "what went wrong"}
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": status.phrase, "content": {MEDIA_TYPE: {"schema": schema, "example": example}}}


def install(application: FastAPI) -> None:
    """Make every error of the application a problem document."""
    application.add_exception_handler(ProblemError, _on_problem)
    application.add_exception_handler(StoreError, _on_store_error)
    application.add_exception_handler(HTTPException, _on_http_exception)
    application.add_exception_handler(RequestValidationError, _on_invalid_request)
    application.add_exception_handler(Exception, _on_bug)


def _on_problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)  # noqa: S101 - Starlette's handlers are typed by the base class
    return problem_response(error.status, error.detail, error.members)


def _on_store_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, StoreError)  # noqa: S101 - as above
    again = {"Retry-After": str(max(1, math.ceil(error.retry_after)))}
    return problem_response(HTTPStatus.SERVICE_UNAVAILABLE, str(error), headers=again)


def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - as above
    status = HTTPStatus(error.status_code)
    detail = error.detail
    path = without_tokens(request.url.path)
    if status is HTTPStatus.NOT_FOUND:
        detail = f"nothing is served at {path}; /docs lists what is"
    elif status is HTTPStatus.METHOD_NOT_ALLOWED:
        detail = f"{path} does not take {request.method}"
    return problem_response(status, detail, headers=error.headers)


def _on_invalid_request(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - as above
    errors = [
        {"parameter": ".".join(str(step) for step in each["loc"][1:]) or "body", "message": each["msg"]}
        for each in error.errors()
    ]
    detail = "; ".join(f"{each['parameter']}: {each['message']}" for each in errors)
    return problem_response(HTTPStatus.UNPROCESSABLE_ENTITY, detail, {"errors": errors})


def _on_bug(_: Request, __: Exception) -> Response:
    return problem_response(HTTPStatus.INTERNAL_SERVER_ERROR, "a fault of ours; the log has the details")
