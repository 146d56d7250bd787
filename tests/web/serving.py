"""A real service in a process of its own with a small world in it: everybody who may knock, and what is there."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2

from crypto.keys import SigningKey
from dossier.client.carrier import Answer, HttpCarrier, Request
from dossier.client.cases import CaseClient, Wish
from dossier.client.organisation import add_member, enter_organisation
from dossier.client.reading import request_reading
from dossier.client.session import Session
from tests.scenarios import story
from web.demo.founding import register_signers
from web.signin.personas import PersonaFile

ROOT = Path(__file__).parents[2]
PATIENCE = 60
USERS = ("nobody", "citizen", "professional", "system", "administrator", "auditor")


@contextmanager
def served(urls: Any, data_dir: Path) -> Iterator[str]:
    """Serve on a database and a folder; yield the origin."""
    with started(urls, data_dir) as (origin, _process):
        yield origin


@contextmanager
def started(urls: Any, data_dir: Path, program: Sequence[str] = ("tests.patience",)) -> Iterator[tuple[str, int]]:
    """Serve on a database and a folder, by this module with these arguments; yield the origin and the process's id."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {
        "DOSSIER_PORT": str(port),
        "DOSSIER_DATA_DIR": str(data_dir),
        "DOSSIER_DATABASE_URL": urls.service,
        "DOSSIER_DATABASE_OWNER_URL": urls.owner,
        "DOSSIER_DATABASE_ERASER_URL": urls.eraser,
        "DOSSIER_LOG_ORIGIN": "localhost/test",
        "DOSSIER_LOG_LEVEL": "error",
        "DOSSIER_READING_LIMIT": "100000",
        "DOSSIER_LOOK_LIMIT": "100000",
        "PYTHONPATH": str(ROOT),
    }
    told = (data_dir / "told").open("wb")
    words = [sys.executable, "-P", "-m", *program, "serve"]
    service = subprocess.Popen(words, env={**os.environ, **settings}, stdout=told, stderr=told)
    try:
        until = time.monotonic() + PATIENCE
        while not _ready(port):
            assert service.poll() is None, (data_dir / "told").read_text()
            assert time.monotonic() < until, "the service did not get there in time"
            time.sleep(0.05)
        yield f"http://localhost:{port}", service.pid
    finally:
        service.terminate()
        service.wait(PATIENCE)
        told.close()


def _ready(port: int) -> bool:
    with suppress(OSError), urllib.request.urlopen(f"http://localhost:{port}/health/ready", timeout=5):
        return True
    return False


@dataclass
class Exchange:
    """One request that a client made, and its answer; `key` and `bearer` are its headers, empty without."""

    method: str
    path: str
    request: bytes
    response: httpx2.Response
    key: str = ""
    bearer: str = ""


class Recorder(HttpCarrier):
    """Plain HTTP that keeps what went over it."""

    def __init__(self, kept: list[Exchange]) -> None:
        super().__init__()
        self._kept = kept

    def send(self, request: Request) -> Answer:
        answer = super().send(request)
        asked = httpx2.Request(request.method, request.url, headers=dict(request.headers), content=request.content)
        kept = httpx2.Response(answer.status, headers=answer.headers, content=answer.content, request=asked)
        kept.elapsed = timedelta(0)  # nobody measures here
        named = [asked.headers.get(name, "") for name in ("idempotency-key", "authorization")]
        self._kept.append(Exchange(request.method, request.path, request.content, kept, *named))
        return answer


class ServedCast(story.Cast):
    """The people of the story, before a service in another process."""

    def connect(self):
        return Session(self.app, transport=Recorder(self.loop))


@dataclass
class World:
    """A served world: origin, process id, the headers of each kind of user, ids of what exists, all exchanges so far."""

    origin: str
    process: int
    headers: dict[str, dict[str, str]]
    ids: dict[str, str]
    exchanges: list[Exchange] = field(repr=False)
    cast: Any = field(repr=False)


@contextmanager
def world(urls: Any, data_dir: Path, program: Sequence[str] = ("tests.patience",)) -> Iterator[World]:
    """Serve, and settle the story's people with something of every kind that has an id."""
    with started(urls, data_dir, program) as (origin, process):
        personas = {each.subject: each for each in PersonaFile(data_dir / "personas.json").load()}
        exchanges: list[Exchange] = []
        cast = ServedCast(origin, personas, exchanges, SimpleNamespace(data_dir=data_dir))
        story.settle(cast)
        ids = _fill(cast, data_dir)
        sessions = {
            "citizen": cast.owner.session,
            "professional": cast.reader.session,
            "system": cast.agency.session,
            "administrator": cast.session("farida-amrani"),
            "auditor": cast.session("mei-lin-chen"),
        }
        headers = {name: {"authorization": f"Bearer {each._bearer.access}"} for name, each in sessions.items()}
        yield World(origin, process, {"nobody": {}, **headers}, ids, exchanges, cast)
        for session in cast.sessions:
            session.close()


def _fill(cast: Any, data_dir: Path) -> dict[str, str]:
    """One of everything that a path can name."""
    owner, reader = cast.owner, cast.reader
    _consent, given = story.grant(cast)
    _request, read = request_reading(
        reader.session, reader.identity, cast.item, story.replace(story.ASKED, role="debt-counsellor")
    )
    list(reader.items(cast.dossier, story.ASKED))
    upload = owner.session.post(f"/v1/dossiers/{cast.dossier.hex()}/uploads", {"length": 10, "hash": "ab" * 32})
    work = CaseClient(reader.session, reader.identity, "debt-counsellor")
    case = work.open("debt-help", [cast.bsn])
    held = owner.hold(cast.dossier)
    request = work.ask(held.chain, Wish("debt-help", owner.session.now() + 3_600, sections=["income"]))
    _supervise(cast, data_dir)
    admission = next(each.payload["admission"] for each in held.statements if each.kind == "source-admission")
    return {
        "dossier": cast.dossier.hex(),
        "item": cast.item.hex(),
        "consent": given["consent"],
        "reading": read["reading"],
        "upload": upload["upload"],
        "case": case.hex(),
        "request_id": request,
        "event": read["promise"]["event"],
        "organisation": cast.organisation.hex(),
        "person": owner.identity.person.hex(),
        "system": cast.agency.system.hex(),
        "stream": cast.dossier.hex(),
        "admission": admission,
    }


def _supervise(cast: Any, data_dir: Path) -> None:
    """A supervisor with an auditor."""
    with cast.session("registrar") as registrar:
        supervisor = enter_organisation(
            registrar,
            "Toezicht",
            SigningKey.generate(),
            register_signers(data_dir),
            administrator=("wim-scholten", "Wim Scholten"),
            kind="supervisor",
        )
    with cast.session("wim-scholten") as clerk:
        add_member(clerk, supervisor, "mei-lin-chen", "Mei-Lin Chen", ["auditor"])


def get_json(url: str) -> Any:
    """What a GET gives."""
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)
