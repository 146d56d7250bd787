"""One service and one small world for all fault tests; each test leaves it running and sound."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dossier.client import session as client_session
from tests.faults.service import Service
from tests.faults.world import World, settle


@pytest.fixture(scope="package")
def service() -> Iterator[Service]:
    """A service on a new data directory, with its own PostgreSQL."""
    with tempfile.TemporaryDirectory(prefix="eigendossier-fault-") as folder:
        Path(folder).chmod(0o711)
        running = Service(Path(folder) / "data", Path(folder) / "output")
        try:
            running.start()
            yield running
        finally:
            running.destroy()


@pytest.fixture(scope="package")
def world(service: Service) -> Iterator[World]:
    """The parties of that service."""
    made = settle(service)
    yield made
    for each in (made.owner.session, made.agency.session, made.reader.session):
        each.close()


@pytest.fixture(autouse=True)
def _asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client asks once only: whether and when to ask again is what these tests are about."""
    monkeypatch.setattr(client_session, "TRIES", 1)
