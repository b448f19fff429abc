"""A token endpoint on the loopback interface, as an identity provider has one: it hands out unsigned tokens."""

import base64
import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs


@dataclass(frozen=True)
class Asked:
    """One request for a token."""

    authorization: str
    content_type: str
    form: Mapping[str, list[str]]


@dataclass(frozen=True)
class Answer:
    """What the endpoint says: a status, a body and headers."""

    status: int
    body: bytes
    headers: Mapping[str, str]


def unsigned_token(subject: str, lifetime: float = 3600.0) -> str:
    """A JWT without a signature, which only brokers of tests believe."""
    now = time.time()
    claims = {"sub": subject, "iat": now, "exp": now + lifetime}
    return f"{_encoded({'alg': 'none'})}.{_encoded(claims)}."


class IdentityProvider:
    """Hands a token for `subject` to whoever asks; use it in a `with` statement.

    Attributes:
        lifetime: how many seconds its tokens are good.
        answer: what it says instead of a token, if anything.
        hangs: whether it takes requests and never answers.
        asked: every request that came.
    """

    def __init__(self, subject: str = "exporter") -> None:
        self.lifetime = 3600.0
        self.answer: Answer | None = None
        self.hangs = False
        self.asked: list[Asked] = []
        self._subject = subject
        self._closing = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Where tokens are asked for."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/token"

    def says(self, status: int, body: Mapping[str, Any] | bytes = b"", **headers: str) -> None:
        """Answer so from now on."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.answer = Answer(status, content, headers)

    def _next(self, asked: Asked) -> Answer | None:
        self.asked.append(asked)
        if self.hangs:
            self._closing.wait()
            return None
        if self.answer is not None:
            return self.answer
        token = unsigned_token(self._subject, self.lifetime)
        told = {"access_token": token, "token_type": "Bearer", "expires_in": self.lifetime}
        return Answer(200, json.dumps(told).encode(), {"Content-Type": "application/json"})

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                asked = Asked(
                    self.headers.get("Authorization", ""), self.headers.get("Content-Type", ""), parse_qs(body)
                )
                answer = provider._next(asked)
                if answer is None:
                    return
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        return Handler


def _encoded(part: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
