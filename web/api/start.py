"""The first page and what it is dressed with: style sheet and icon."""

from __future__ import annotations

from litestar import MediaType, Response, get

from dossier.errors import UnauthenticatedError
from web.api.act import Http, actor_of, service
from web.demo.record import FILE, read_demo
from web.demo.showing import Playing, demonstration
from web.pages.frame import ICON, ICON_PATH, STYLE, STYLE_PATH
from web.pages.language import choose
from web.pages.start import Visitor, start_page
from web.signin.actor import SESSION_COOKIE
from web.signin.credentials import csrf_token

_KEPT = {"cache-control": "public, max-age=3600"}


@get("/", include_in_schema=False, media_type=MediaType.HTML)
async def show_start(request: Http) -> Response[str]:
    """Show the first page."""
    language = choose(request.query_params.get("lang", ""), request.headers.get("accept-language", ""))
    playing = _playing(request)
    shown = demonstration(playing, language) if playing else ""
    page = start_page(language, shown, await _visitor(request))
    return Response(page.html, media_type=MediaType.HTML, headers=page.headers)


@get(STYLE_PATH, include_in_schema=False, sync_to_thread=False)
def show_style() -> Response[bytes]:
    """Give the style sheet of all pages."""
    return Response(STYLE, media_type="text/css", headers=_KEPT)


@get(ICON_PATH, include_in_schema=False, sync_to_thread=False)
def show_icon() -> Response[bytes]:
    """Give the icon of all pages."""
    return Response(ICON, media_type="image/svg+xml", headers=_KEPT)


def _playing(request: Http) -> Playing | None:
    """The demonstration that runs here, if one does."""
    running = service(request)
    if running.settings.mode != "development":
        return None
    path = running.settings.data_dir / FILE
    demo = read_demo(path)
    return None if demo is None else Playing(demo, path, str(running.keys.log_verifier))


async def _visitor(request: Http) -> Visitor | None:
    """Who has signed in with this browser; whoever has not, or no longer, is simply nobody."""
    cookie = request.cookies.get(SESSION_COOKIE, "")
    if not cookie:
        return None
    try:
        actor = await actor_of(request)
    except UnauthenticatedError:
        return None
    me = await service(request).parties.me(actor)
    return Visitor(me.name, csrf_token(cookie))


ROUTES = (show_start, show_style, show_icon)
