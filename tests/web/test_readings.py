from __future__ import annotations

import json
import time
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import AsyncMock

import httpx2
import pytest
from litestar.datastructures import State

from dossier.errors import TooManyError
from web.api.readings import LIMIT_SECONDS, SLOWED_SECONDS, ReadingRoute, _slow_down
from web.signin.limits import Limit, Limiter
from web.slowing import Slowed

PATH = "/v1/items/" + "ab" * 16 + "/readings"
KEY = {"idempotency-key": "cd" * 16}
ORIGIN = "http://localhost:8000"


async def call(app, method, path, **more):
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=ORIGIN) as client:
        return await client.request(method, path, **more)


@pytest.mark.parametrize("headers", [{}, KEY, {**KEY, "authorization": "Bearer nobody"}])
async def test_bare_and_described_answer_alike(app, headers):
    """The bare handler answers what the described operation of the router answers: status, code and type."""
    bare = await call(app, "POST", PATH, json={"request": "x"}, headers=headers)
    described = await call(app, "POST", PATH + "/", json={"request": "x"}, headers=headers)
    assert bare.status_code == described.status_code == 401
    assert bare.json() == described.json()
    assert bare.headers["content-type"] == described.headers["content-type"]
    assert bare.headers["www-authenticate"] == described.headers["www-authenticate"]


async def test_other_methods_and_paths_go_on(app):
    """Only POST of exactly this path is taken out of the router's hands."""
    assert (await call(app, "GET", PATH)).status_code == 405
    assert (await call(app, "POST", PATH + "/more", json={})).status_code == 404


async def test_every_absence_waits_for_its_tick(app):
    """Whatever the route, a 404 leaves no sooner than 50 ms after it came in (N52)."""
    begun = time.perf_counter()
    answer = await call(app, "POST", PATH + "/more", json={})
    assert answer.status_code == 404
    assert time.perf_counter() - begun >= 0.05


async def test_described_in_openapi(app):
    """The operation stands in the API description, with its problems."""
    described = json.loads((await call(app, "GET", "/v1/openapi.json")).content)
    paths = [path for path in described["paths"] if path.endswith("}/readings")]
    assert len(paths) == 1, sorted(described["paths"])
    operation = described["paths"][paths[0]]["post"]
    assert operation["operationId"] == "openReading"
    assert {"201", "400", "401", "403", "404", "409", "503"} <= operation["responses"].keys()


async def test_own_mistakes_say_nothing():
    """An error that nobody foresaw is 500 without a word of what happened."""

    class Broken:
        def __getattr__(self, name):
            raise RuntimeError("secret")

    answer = await call(ReadingRoute(AsyncMock(), State({"service": Broken()})), "POST", PATH, json={"request": "x"})
    assert answer.status_code == 500
    assert "secret" not in answer.text


async def test_many_readings_are_slowed_not_refused(monkeypatch):
    """Beyond the limit of five minutes a reading waits, and goes on (N60)."""
    waited = []

    async def sleep(seconds):
        waited.append(seconds)

    monkeypatch.setattr("web.slowing.asyncio.sleep", sleep)
    limiter = Limiter(lambda: 1_000)
    running = cast(
        "Any",
        SimpleNamespace(
            settings=SimpleNamespace(reading_limit=3), sign_in=SimpleNamespace(limiter=limiter), slowed=Slowed()
        ),
    )
    for _ in range(5):
        await _slow_down(running, b"a" * 16)
    assert waited == [SLOWED_SECONDS] * 2
    with pytest.raises(TooManyError):
        limiter.count(Limit("reading", 3, LIMIT_SECONDS), b"a" * 16)
