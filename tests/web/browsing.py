"""People who use the application as a browser does, by form, cookie and redirect; and the application, running."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
from litestar import Litestar

from dossier.client.carrier import Answer, Carrier, Request

ORIGIN = "http://localhost:8000"


@asynccontextmanager
async def running(app: Litestar) -> AsyncIterator[Litestar]:
    """The application with its lifespan, which is left by the task that entered it (fixtures end in another)."""
    ready, stop = asyncio.Event(), asyncio.Event()

    async def live() -> None:
        async with app.lifespan():
            ready.set()
            await stop.wait()

    alive = asyncio.create_task(live())
    waiting = asyncio.create_task(ready.wait())
    await asyncio.wait({alive, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if alive.done():
        await alive
    yield app
    stop.set()
    await alive


@dataclass
class Browser:
    """A browser as far as sign-in needs one: it keeps cookies and follows nothing by itself."""

    app: Any
    cookies: dict[str, str] = field(default_factory=dict)
    set_cookies: list[str] = field(default_factory=list)
    csrf: str = ""

    async def request(self, method: str, url: str, **more: Any) -> httpx2.Response:
        headers = {**more.pop("headers", {})}
        if self.cookies:
            headers["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if self.csrf and method not in {"GET", "HEAD"}:
            headers.setdefault("x-csrf-token", self.csrf)
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=self.app), base_url=ORIGIN) as client:
            answer = await client.request(method, url, headers=headers, **more)
        for line in answer.headers.get_list("set-cookie"):
            self.set_cookies.append(line)
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies.pop(name, None)
            if value.strip('"'):
                self.cookies[name] = value
        return answer

    async def sign_in(self, persona: Any, start: str = "/signin") -> httpx2.Response:
        """Go through the whole code flow by plain form posts; return the last answer."""
        begun = await self.request("GET", start)
        assert begun.status_code == 303, begun.text
        return await self.request("GET", await self.consent(begun.headers["location"], persona))

    async def consent(self, url: str, persona: Any, secret: str | None = None) -> str:
        """Answer the provider's page; return the address that it sends the browser back to."""
        fields = dict(parse_qsl(urlsplit(url).query))
        form = {**fields, "subject": persona.subject, "secret": persona.secret if secret is None else secret}
        answer = await self.request("POST", "/development/authorize", data=form)
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"])

    async def learn_csrf(self) -> None:
        self.csrf = (await self.request("GET", "/v1/session")).json()["csrfToken"]


class LoopTransport(Carrier):
    """Lets the synchronous client, in a thread of its own, talk to the application in the loop of the tests."""

    def __init__(self, app: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._inner = httpx2.ASGITransport(app=app)
        self._loop = loop

    def send(self, request: Request) -> Answer:
        return asyncio.run_coroutine_threadsafe(self._send(request), self._loop).result(30)

    def close(self) -> None:
        pass

    async def _send(self, request: Request) -> Answer:
        again = httpx2.Request(
            request.method, request.url, headers=dict(request.headers), content=request.content or None
        )
        answer = await self._inner.handle_async_request(again)
        return Answer(answer.status_code, tuple(answer.headers.multi_items()), await answer.aread())
