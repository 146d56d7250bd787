from __future__ import annotations

import asyncio
import os
import signal
import tempfile
from pathlib import Path

import pytest

from audit import logstore
from audit.control import encode_identity
from audit.errors import UnavailableError
from audit.files import LogFolder
from audit.sequencer import Sequencer
from audit.store import CONNECTION_ERRORS
from audit.verify import verify_log
from dossier import database
from dossier.embedded import Cluster
from dossier.embedded.process import read_pid_file
from tests.audit.small_log import IDENTITY, LOG, LOG_KEY, ORIGIN
from tests.audit.test_sequencer import Folder
from tests.audit.town import open_stream, read, running


@pytest.fixture(scope="module")
async def victim():
    """A server of this module's own, to be killed."""
    with tempfile.TemporaryDirectory(prefix="eigendossier-test-") as folder:
        server = Cluster(Path(folder))
        await asyncio.to_thread(server.start)
        try:
            urls = await database.prepare_embedded(server)
            await database.migrate(urls.owner)
            yield server, urls.service, Path(folder) / "log"
        finally:
            server.ensure_running()
            server.destroy()


class Kill:
    """Kill every process of the database at one point, once."""

    def __init__(self, server, name):
        self.server, self.name = server, name

    def __call__(self, name):
        if name == self.name:
            self.name = None
            known = read_pid_file(self.server.cluster_dir)
            assert known is not None
            # Its children are killed with it, as a power cut would.
            children = Path(f"/proc/{known.pid}/task/{known.pid}/children").read_text().split()
            for pid in [known.pid, *map(int, children)]:
                os.kill(pid, signal.SIGKILL)


POINTS = [
    "writer.after-lock",
    "writer.before-commit",
    "writer.after-commit",
    "sequencer.before-commit",
    "sequencer.after-commit",
    "sequencer.before-publish",
]


@pytest.mark.parametrize("point", POINTS)
async def test_database_killed(victim, point):
    """PostgreSQL killed with -9 at a point: nothing acknowledged is lost, the service recovers by itself (P3, P10)."""
    server, url, log = victim
    pool = await database.open_pool(url, smallest=1, largest=6)
    async with pool.acquire() as connection:
        if not await logstore.control_leaves(connection):
            await logstore.add_control(connection, 1, encode_identity(IDENTITY))
    kill = Kill(server, point)
    acknowledged, refused = [], 0
    sequencer = Sequencer(pool, LogFolder(log), ORIGIN, LOG_KEY, on_point=kill)
    kill.name, wanted = None, kill.name
    async with running(pool, on_point=kill) as writer:
        stream = await open_stream(writer)
        await sequencer.step()
        kill.name = wanted
        for _ in range(60):
            try:
                acknowledged.append((await writer.submit(read(stream))).seq)
            except UnavailableError:
                refused += 1
            try:
                await sequencer.step()
            except CONNECTION_ERRORS:
                await asyncio.to_thread(server.ensure_running)
            if kill.name is None and len(acknowledged) > 5:
                break
            if refused:
                await asyncio.to_thread(server.ensure_running)
                await asyncio.sleep(0.05)
    assert kill.name is None
    assert len(acknowledged) > 5
    rows = [
        row["seq"] for row in await pool.fetch("SELECT seq FROM audit.event WHERE stream = $1 ORDER BY seq", stream)
    ]
    assert rows == list(range(1, len(rows) + 1))
    assert set(acknowledged) <= set(rows)
    assert len(set(acknowledged)) == len(acknowledged)
    while await sequencer.step():
        pass
    report = verify_log(Folder(log), LOG)
    assert report.ok, [str(finding) for finding in report.findings]
    logged = await pool.fetch("SELECT seq FROM audit.log_leaf WHERE stream = $1 ORDER BY log_index", stream)
    assert [row["seq"] for row in logged] == rows
    pool.terminate()
