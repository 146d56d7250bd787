"""The web application: routes, error answers and the layers around them. Building it starts nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from litestar import Litestar
from litestar.datastructures import State
from litestar.types import ControllerRouterHandler

from web import description
from web.api import (
    audit,
    cases,
    consents,
    delivery,
    dossiers,
    items,
    log,
    organisations,
    parties,
    persons,
    readings,
    registers,
    requests,
    start,
)
from web.application import Application
from web.edge import Edge
from web.heads import Heads
from web.health import show_live, show_ready
from web.hosts import OwnHost, own_hosts
from web.metrics import Metrics, show_metrics
from web.problems import answer_problem
from web.settings import Settings
from web.signin import routes as sign_in
from web.strict import check_request
from web.wiring import run_service

ROUTES: Sequence[ControllerRouterHandler] = (
    show_live,
    show_ready,
    show_metrics,
    *start.ROUTES,
    *sign_in.ROUTES,
    *parties.ROUTES,
    *organisations.ROUTES,
    *persons.ROUTES,
    *dossiers.ROUTES,
    *registers.ROUTES,
    *delivery.ROUTES,
    *items.ROUTES,
    *consents.ROUTES,
    *readings.ROUTES,
    *requests.ROUTES,
    *cases.ROUTES,
    *log.ROUTES,
    *audit.ROUTES,
    *description.ROUTES,
)
MAX_BODY = 8 * 1024 * 1024
"""Bytes of an ordinary request body. Uploads go in pieces and read their stream themselves."""


def create_app(settings: Settings) -> Litestar:
    """The ASGI application for these settings. Database and writer start with its lifespan and end with it."""
    metrics = Metrics()
    app = Application(
        route_handlers=ROUTES,
        lifespan=[_lifespan(settings, metrics)],
        state=State({"metrics": metrics, "checks": {}, "failure": None}),
        before_request=check_request,
        exception_handlers={Exception: answer_problem},
        openapi_config=None,  # the kept description is served (web/description)
        logging_config=None,
        request_max_body_size=MAX_BODY,
    )
    # Around the whole router, not as a middleware: Litestar runs middleware only for routes that exist.
    handler = Heads(readings.ReadingRoute(app.asgi_handler, app.state))
    app.asgi_handler = Edge(
        OwnHost(handler, own_hosts(settings)), metrics, https=settings.public_origin.startswith("https://")
    )
    return app


def _lifespan(settings: Settings, metrics: Metrics) -> Callable[[Litestar], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def run(app: Litestar) -> AsyncIterator[None]:
        try:
            async with run_service(settings, metrics) as service:
                app.state.service = service
                app.state.checks = service.checks
                yield
        except BaseException as error:
            app.state.failure = error  # the server reports only that the start failed; the command tells why
            raise

    return run
