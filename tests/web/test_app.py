"""Facts of web/app.py, web/edge.py and web/health.py, through the application."""

from __future__ import annotations

import subprocess
import sys

from web.app import create_app
from web.edge import CONTENT_SECURITY_POLICY, Edge
from web.settings import Settings


async def test_live(client):
    """A process that turns is alive."""
    answer = await client.get("/health/live")
    assert (answer.status_code, answer.json()["status"]) == (200, "alive")


async def test_ready(client):
    """With a database that answers, the service is ready and says which checks held."""
    answer = await client.get("/health/ready")
    assert answer.status_code == 200
    assert answer.json()["checks"]["database"] is True


async def test_not_ready(client):
    """One check that fails makes the service not ready."""
    checks = client.app.state.checks

    async def fails():
        return False

    checks["broken"] = fails
    answer = await client.get("/health/ready")
    del checks["broken"]
    assert answer.status_code == 503
    assert answer.json()["checks"]["broken"] is False


async def test_headers_on_every_answer(client):
    """All answers, the router's own 404 and 405 too, carry the security headers, version and id (N47, N83)."""
    answers = [await client.get("/health/live"), await client.get("/nowhere"), await client.post("/health/live")]
    assert [answer.status_code for answer in answers] == [200, 404, 405]
    for answer in answers:
        assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["api-version"] == "1.0.0"
        assert len(answer.headers["request-id"]) == 16
    assert len({answer.headers["request-id"] for answer in answers}) == 3


async def test_problems(client):
    """A refusal is a problem document that does not quote the path."""
    answer = await client.get("/nowhere/mevrouw-de-wit")
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["code"] == "not-found"
    assert "wit" not in answer.text


async def test_hsts_only_with_https(client):
    """A service without https does not ask browsers for it; one with https does."""
    assert "strict-transport-security" not in (await client.get("/health/live")).headers
    secure = create_app(Settings(origin="https://dossier.example")).asgi_handler
    assert isinstance(secure, Edge)
    assert b"strict-transport-security" in dict(secure._headers)


async def test_metrics_name_templates(client):
    """Metrics count by route template; a path that was tried does not appear."""
    await client.get("/nowhere/mevrouw-de-wit")
    text = (await client.get("/metrics")).text
    assert 'route="/health/live"' in text
    assert 'route="unknown",status="404"' in text
    assert "wit" not in text


def test_building_starts_nothing():
    """An application can be built without a database."""
    app = create_app(Settings(database_url="postgresql://nobody@127.0.0.1:1/none"))
    assert app.state.failure is None


def test_the_application_loads_no_pydantic():
    """What comes along with a library for tables and is never used takes no memory of the service."""
    code = (
        "import sys; from web.app import create_app; from web.settings import load_settings; "
        "create_app(load_settings({})); print('pydantic' in sys.modules)"
    )
    run = subprocess.run((sys.executable, "-c", code), capture_output=True, check=True, text=True)
    assert run.stdout.strip() == "False"
