"""Serves the runbooks: what each alert means and what to do, where its link leads.

They ship with the program, so that they fit the alerts that ship with it, and can be read when all else is down.
"""

import re
from collections.abc import Iterator
from functools import cache
from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from streamgauge.bundle import files
from streamgauge.web.answer import answer
from streamgauge.web.pages.assets import own_assets
from streamgauge.web.problem import ProblemError

_HTML = "text/html; charset=utf-8"
_RUNBOOK = re.compile(r"(?:\./)?([A-Za-z]+)\.md(#.*)?")


def create_router(*, version: str) -> APIRouter:
    """The routes of `/runbooks` and `/runbooks/{alert}`."""
    router = APIRouter(include_in_schema=False)
    known = files.runbooks()
    template = _template(version)

    @cache
    def page(alert: str | None) -> bytes:
        if alert is None:
            text = template.render(root="", title="Runbooks", names=list(known), body=None)
        else:
            body = Markup(to_html(known[alert].read_text(encoding="utf-8")))  # noqa: S704 - HTML in it is escaped
            text = template.render(root="../", title=alert, names=[], body=body)
        return text.encode()

    @router.get("/runbooks")
    def index(request: Request) -> Response:
        """The list of them."""
        return answer(request, page(None), _HTML)

    @router.get("/runbooks/{alert}")
    def runbook(request: Request, alert: str) -> Response:
        """One of them."""
        if alert not in known:
            names = ", ".join(known) or "none are installed"
            detail = f"there is no runbook for {alert!r}; those that there are: {names}"
            raise ProblemError(HTTPStatus.NOT_FOUND, detail, known_runbooks=list(known))
        return answer(request, page(alert), _HTML)

    return router


def to_html(markdown: str) -> str:
    """Markdown as HTML: HTML in it is shown as text, scripts in links are refused, links lead to what is served."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse(markdown)
    for token in tokens:
        if token.children:
            token.children = list(_served_links(token.children))
    rendered: str = parser.renderer.render(tokens, parser.options, {})
    return rendered


def _template(version: str) -> Template:
    environment = Environment(
        loader=PackageLoader("streamgauge.web.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(version=version, assets=f"static/{own_assets().digest}")
    return environment.get_template("runbook.html")


def _served_links(tokens: list[Token]) -> Iterator[Token]:
    """Links from runbook to runbook as they are served; links to other files of the repository become plain text."""
    dropping = False
    for token in tokens:
        if token.type == "link_open":
            href = str(token.attrs["href"])
            found = _RUNBOOK.fullmatch(href)
            if found:
                token.attrs["href"] = f"{found[1]}{found[2] or ''}"
            dropping = not found and not re.match(r"https?:|#", href)
        if not (dropping and token.type in {"link_open", "link_close"}):
            yield token
        if token.type == "link_close":
            dropping = False
