"""The routes of `/`, `/docs` and the files that they load."""

import time
from functools import cache, partial

from fastapi import APIRouter, Request, Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from streamgauge.web.answer import answer
from streamgauge.web.pages import wording
from streamgauge.web.pages.assets import own_assets, swagger_ui_assets
from streamgauge.web.pages.jobs_view import ReadJobs
from streamgauge.web.pages.plotly_script import installed_plotly
from streamgauge.web.pages.state import LIMITS, read_state
from streamgauge.web.pages.view import page_view
from streamgauge.web.readings import Readings
from streamgauge.web.workers import Workers

_HTML = "text/html; charset=utf-8"
_LEAST_REFRESH_SECONDS = 1.0

# Swagger UI writes style attributes, and draws with images that are in its own code.
_DOCS_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def create_router(
    store: Readings, workers: Workers, *, version: str, refresh_seconds: float, jobs: ReadJobs | None = None
) -> APIRouter:
    """The routes of the pages.

    Args:
        store: what is known of clusters.
        workers: the threads that make pages.
        version: Streamgauge's version.
        refresh_seconds: how often the page asks for news where it cannot be told them.
        jobs: gives what is known of jobs; None: this exporter knows none.
    """
    router = APIRouter(include_in_schema=False)
    assets = own_assets()
    swagger_ui = cache(swagger_ui_assets)
    templates = _templates(version, assets.digest)
    plotly = installed_plotly()
    refresh = max(refresh_seconds, _LEAST_REFRESH_SECONDS)

    def render_page(request: Request) -> Response:
        state = read_state(request.query_params)
        view = page_view(store.views(), state, time.time(), jobs)
        page = templates.get_template("page.html")
        text = page.render(
            view=view,
            state=state,
            refresh=refresh,
            limits=LIMITS,
            plotly=plotly.address,
            own=str(request.base_url),
        )
        return answer(request, text.encode(errors="replace"), _HTML)

    @router.get("/")
    async def page(request: Request) -> Response:
        """Sources and their health, clusters, groups and topics."""
        return await workers.run(partial(render_page, request))

    @router.get("/static/{digest}/{name}")
    async def static(request: Request, digest: str, name: str) -> Response:
        """A file of the page."""
        return assets.reply(request, name, digest)

    @router.get("/static/plotly/{digest}/plotly.min.js")
    async def plotly_script(request: Request, digest: str) -> Response:
        """What draws the charts; large, so it is packed in a thread."""
        return await workers.run(lambda: plotly.reply(request, digest))

    @router.get("/favicon.svg")
    async def favicon(request: Request) -> Response:
        """The icon."""
        return assets.reply(request, "favicon.svg")

    @router.get("/docs")
    async def docs(request: Request) -> Response:
        """The API's documentation, by Swagger UI."""
        text = templates.get_template("docs.html").render()
        return answer(request, text.encode(), _HTML, {"Content-Security-Policy": _DOCS_POLICY})

    @router.get("/docs/assets/{name}")
    async def docs_asset(request: Request, name: str) -> Response:
        """A file of Swagger UI; the large one is compressed in a thread."""
        return await workers.run(lambda: swagger_ui().reply(request, name))

    return router


def _templates(version: str, digest: str) -> Environment:
    environment = Environment(
        loader=PackageLoader("streamgauge.web.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(version=version, assets=f"static/{digest}", ago=wording.ago, count=wording.count)
    return environment
