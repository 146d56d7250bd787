from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from audit import logstore
from audit.control import encode_identity
from audit.errors import AuditError, IncompleteError, SplitViewError
from audit.event import make_event
from audit.files import LogFolder
from audit.logstore import CONTROL_STREAM
from audit.merkle import EMPTY_ROOT, leaf_hash, verify_inclusion
from audit.sequencer import Sequencer, SequencerLimits
from audit.stream import event_leaf
from audit.tiles import Bundle, Tile
from audit.verify import verify_log
from crypto.encoding import new_id
from dossier import faults
from dossier.monthkeys import FileMonthKeys
from tests.audit.small_log import IDENTITY, LOG, LOG_KEY, ORIGIN
from tests.audit.town import open_stream, read, running

EVENT = make_event("decision/v1", {"actor": "ab" * 16, "time": 1_700_000_000})
SEQUENCER_POINTS = [name for name in faults.POINTS if name.startswith("sequencer.")]
LOG_POINTS = [name for name in faults.POINTS if name.startswith(("writer.", "sequencer."))]
LIMITS = SequencerLimits(batch=500)


class Folder:
    """The published files, as a verifier reads them."""

    def __init__(self, path):
        self.path = path

    def read(self, name):
        path = self.path / name
        return path.read_bytes() if path.exists() else None

    def checkpoint(self):
        return self.read("checkpoint")

    def tile(self, tile: Tile):
        return self.read(tile.path)

    def entries(self, bundle: Bundle):
        return self.read(bundle.path)


class PowerCutError(AuditError):
    """What a test raises at a point."""


class Fault:
    """Fail at one point, once."""

    def __init__(self, name):
        self.name = name

    def __call__(self, name):
        if name == self.name:
            self.name = None
            raise PowerCutError(name)


@pytest.fixture
async def log(pool, owner_pool, tmp_path):
    """An empty log: its folder, and control leaf 0 waiting."""
    await owner_pool.execute(
        "TRUNCATE audit.pending, audit.log_leaf, audit.tile, audit.checkpoint, audit.control, audit.event;"
    )
    await owner_pool.execute("UPDATE audit.log_state SET size = 0, root = sha256('')")
    async with pool.acquire() as connection:
        await logstore.add_control(connection, 1, encode_identity(IDENTITY))
    return tmp_path / "log"


def sequencer(pool, log, on_point=lambda _name: None, limits=LIMITS):
    return Sequencer(pool, LogFolder(log), ORIGIN, LOG_KEY, limits=limits, on_point=on_point)


async def wait_leaves(owner_pool, count, stream=None, first=1):
    """Let leaves of one stream wait, as the writer would have left them."""
    stream = stream or new_id()
    seqs = range(first, first + count)
    leaves = [event_leaf(stream * 2, seq, bytes(32), os.urandom(32), EVENT) for seq in seqs]
    await owner_pool.execute(
        """INSERT INTO audit.pending (bucket, stream, seq, leaf, at)
           SELECT 0, $1, s, l, audit.now_ms() FROM unnest($2::bigint[], $3::bytea[]) AS x (s, l)""",
        stream,
        list(seqs),
        leaves,
    )
    return stream


def check(log, size):
    """Verify the whole published log."""
    report = verify_log(Folder(log), LOG)
    assert report.ok, [str(finding) for finding in report.findings]
    assert report.size == size


async def test_empty(pool, owner_pool, log):
    """A log with nothing to sequence signs and publishes nothing."""
    await owner_pool.execute("TRUNCATE audit.pending")
    await sequencer(pool, log).step()
    assert Folder(log).checkpoint() is None
    async with pool.acquire() as connection:
        assert await logstore.state(connection) == logstore.LogState(0, EMPTY_ROOT, None)


@pytest.mark.parametrize("sizes", [(1, 254, 1, 1), (300, 300), (1, 1, 1), (368, 256, 255)])
async def test_grows(pool, owner_pool, log, sizes):
    """Every published size verifies whole from the files alone: tiles, bundles, root, signature (P5)."""
    grower, total = sequencer(pool, log), 1
    for count in sizes:
        await wait_leaves(owner_pool, count)
        total += count
        while await grower.step():
            check(log, (await pool.fetchval("SELECT size FROM audit.log_state")))
        check(log, total)
    assert await pool.fetchval("SELECT count(*) FROM audit.pending") == 0
    assert [bytes(path.read_bytes()) for path in log.rglob("*.tmp")] == []


async def test_writer_to_log(pool, log):
    """What the writer appended is in the log, each leaf once, in the order of its stream, and can be proved (S1)."""
    async with running(pool) as writer:
        stream = await open_stream(writer)
        receipts = await asyncio.gather(*(writer.submit(read(stream)) for _ in range(300)))
    await sequencer(pool, log).step()
    check(log, 302)
    rows = await pool.fetch("SELECT seq FROM audit.log_leaf WHERE stream = $1 ORDER BY log_index", stream)
    assert [row["seq"] for row in rows] == list(range(1, 302))
    async with pool.acquire() as connection:
        for receipt in (receipts[0], receipts[150], receipts[-1]):
            index = await logstore.find_leaf(connection, stream, receipt.seq)
            assert index is not None
            now = await logstore.state(connection)
            path = await logstore.prove(connection, index, now.size)
            verify_inclusion(receipt.leaf_hash, index, now.size, path, now.root)
        assert await logstore.find_leaf(connection, stream, 999) is None


async def test_control_leaf_first(pool, log):
    """Leaf 0 is the log's identity, and control leaves are numbered without a gap."""
    await sequencer(pool, log).step()
    assert encode_identity(IDENTITY) in (log / "tile/entries/000.p/1").read_bytes()
    async with pool.acquire() as connection:
        for wrong in (1, 3):
            with pytest.raises(Exception, match="control"):
                await logstore.add_control(connection, wrong, b"\x02x")
        await logstore.add_control(connection, 2, b"\x02{}\n")
        assert len(await logstore.control_leaves(connection)) == 2


@pytest.mark.parametrize("point", SEQUENCER_POINTS)
async def test_fault_at_each_point(pool, owner_pool, log, point):
    """After a failure at any step the state is loaded anew, and the log has every leaf once and is published (P10, S4)."""
    await sequencer(pool, log).step()
    stream = await wait_leaves(owner_pool, 300)
    grower = sequencer(pool, log, Fault(point))
    with pytest.raises(PowerCutError):
        await grower.step()
    grew = point not in ("sequencer.before-insert", "sequencer.before-commit")
    assert await pool.fetchval("SELECT size FROM audit.log_state") == (301 if grew else 1)
    check(log, 1)
    await grower.step()
    check(log, 301)
    rows = await pool.fetch("SELECT seq FROM audit.log_leaf WHERE stream = $1 ORDER BY log_index", stream)
    assert [row["seq"] for row in rows] == list(range(1, 301))
    assert await pool.fetchval("SELECT count(*) FROM audit.pending") == 0


class LyingPool:
    """A pool whose connections lose the answer to one statement: it is done, or not, and the caller cannot know."""

    def __init__(self, pool, text, done):
        self.pool, self.text, self.done = pool, text, done

    def acquire(self):
        return _Lying(self)


class _Lying:
    def __init__(self, lying):
        self.lying = lying

    async def __aenter__(self):
        self.manager = self.lying.pool.acquire()
        self.connection = await self.manager.__aenter__()
        return self

    async def __aexit__(self, *error):
        await self.manager.__aexit__(*error)

    def __getattr__(self, name):
        return getattr(self.connection, name)

    async def execute(self, statement, *args):
        lying = self.lying
        if lying.text and lying.text in statement:
            lying.text = None
            if lying.done:
                await self.connection.execute(statement, *args)
            elif statement == "COMMIT":
                await self.connection.execute("ROLLBACK")
            raise ConnectionResetError
        return await self.connection.execute(statement, *args)


@pytest.mark.parametrize("done", [False, True])
@pytest.mark.parametrize("write", ["log_extend", "COMMIT", "forget_pending", "sweep_tiles"])
async def test_fault_of_each_write(pool, owner_pool, log, write, done):
    """A write that fails, or is stored while its answer is lost: the log comes out the same (P10, S2)."""
    await sequencer(pool, log).step()
    await wait_leaves(owner_pool, 256)
    grower = sequencer(LyingPool(pool, write, done), log)
    with pytest.raises(ConnectionResetError):
        await grower.step()
    assert grower.halted is None
    size = await pool.fetchval("SELECT size FROM audit.log_state")
    kept = write in ("forget_pending", "sweep_tiles") or (write == "COMMIT" and done)
    assert size == (257 if kept else 1)
    await grower.step()
    await grower.step()
    check(log, 257)
    assert await pool.fetchval("SELECT count(*) FROM audit.log_leaf") == 257
    assert await pool.fetchval("SELECT count(*) FROM audit.pending") == 0


async def test_unforeseen_error(pool, owner_pool, log, monkeypatch, caplog):
    """An error that nobody foresaw is trouble at once, with its name in the log; it is tried again, and then heals (S4)."""
    grower = sequencer(pool, log, limits=SequencerLimits(batch=500, interval=5, most_pause=20))
    inner, tries, tried, mended = grower._next, [], asyncio.Event(), asyncio.Event()

    async def failing(rows):
        if len(tries) < 4:
            tries.append(grower.trouble)
            raise KeyError("a defect")
        tried.set()
        await mended.wait()
        return await inner(rows)

    monkeypatch.setattr(grower, "_next", failing)
    await wait_leaves(owner_pool, 3)
    await grower.start()
    try:
        await tried.wait()
        assert tries == [None, "KeyError", "KeyError", "KeyError"]
        assert (grower.trouble, grower.halted) == ("KeyError", None)
        assert "the log cannot go on: KeyError" in caplog.text
    finally:
        await grower.stop()
    mended.set()
    await grower.step()
    assert grower.fault is None
    check(log, 4)


async def test_a_sequencer_that_ended_is_trouble(pool, log):
    """Whatever ended the task, it is seen: nobody waits for a log that nobody writes."""
    grower = sequencer(pool, log)
    assert grower.trouble is None
    await grower.start()
    await grower.stop()
    assert grower.trouble == "ended"


@pytest.mark.parametrize("method", ["put", "put_checkpoint"])
@pytest.mark.parametrize("done", [False, True])
async def test_fault_of_each_file(pool, owner_pool, log, method, done, monkeypatch):
    """A disk that fails while publishing leaves the old checkpoint or the whole new one, and the next step heals (S3)."""
    await sequencer(pool, log).step()
    await wait_leaves(owner_pool, 300)
    grower = sequencer(pool, log)
    inner = getattr(grower._folder, method)

    def failing(*args):
        monkeypatch.setattr(grower._folder, method, inner)
        if done:
            inner(*args)
        raise OSError("no space")

    monkeypatch.setattr(grower._folder, method, failing)
    with pytest.raises(OSError, match="no space"):
        await grower.step()
    check(log, 301 if done and method == "put_checkpoint" else 1)
    await grower.step()
    check(log, 301)


async def test_two_sequencers(pool, owner_pool, log):
    """Two sequencers at once: no leaf twice, no gap, one chain of checkpoints; the published size never falls (S1)."""
    one, two = sequencer(pool, log), sequencer(pool, log)
    streams = []
    for _ in range(6):
        streams.append(await wait_leaves(owner_pool, 40))
        results = await asyncio.gather(one.step(), two.step(), return_exceptions=True)
        assert not any(isinstance(result, SplitViewError) for result in results)
    for grower in (one, two, one):
        with_error = await asyncio.gather(grower.step(), return_exceptions=True)
        assert not isinstance(with_error[0], SplitViewError)
    await two.step()
    check(log, 241)
    rows = await pool.fetch("SELECT stream, seq FROM audit.log_leaf ORDER BY log_index")
    for stream in streams:
        assert [row["seq"] for row in rows if row["stream"] == stream] == list(range(1, 41))
    assert await pool.fetchval("SELECT count(*) FROM audit.log_leaf") == 241


async def test_left_behind_pending_rows(pool, owner_pool, log):
    """Rows that are in the log already are dropped, and a row whose predecessor is missing waits."""
    grower = sequencer(pool, log)
    stream = await wait_leaves(owner_pool, 3)
    await grower.step()
    await owner_pool.execute(
        "INSERT INTO audit.pending (bucket, stream, seq, leaf, at) SELECT 0, stream, seq, leaf, 0 FROM audit.log_leaf"
    )
    await wait_leaves(owner_pool, 1, stream, first=5)
    await grower.step()
    check(log, 4)
    assert await pool.fetchval("SELECT array_agg(seq) FROM audit.pending") == [5]
    await wait_leaves(owner_pool, 1, stream, first=4)
    await grower.step()
    await grower.step()
    check(log, 6)
    assert grower.lag_ms < 60_000


async def test_restored_database_halts(pool, owner_pool, log):
    """A database older than what was published signs nothing any more (S2)."""
    grower = sequencer(pool, log)
    await wait_leaves(owner_pool, 5)
    await grower.step()
    await owner_pool.execute("TRUNCATE audit.log_leaf, audit.tile, audit.checkpoint")
    await owner_pool.execute("UPDATE audit.log_state SET size = 0, root = sha256('')")
    fresh = sequencer(pool, log)
    for _ in range(2):
        with pytest.raises(SplitViewError):
            await fresh.step()
    assert fresh.halted
    check(log, 6)


async def test_changed_tile_halts(pool, owner_pool, log):
    """A stored tile that is not the signed one stops the log before it signs again (S2)."""
    await wait_leaves(owner_pool, 5)
    await sequencer(pool, log).step()
    await owner_pool.execute("UPDATE audit.tile SET bytes = set_byte(bytes, 0, get_byte(bytes, 0) # 1) WHERE level = 0")
    with pytest.raises(SplitViewError):
        await sequencer(pool, log).step()


async def test_partial_tiles_go(pool, owner_pool, log):
    """Partial files go once the full file was published, one publication later; no others do."""
    grower = sequencer(pool, log)
    for count in (9, 240, 50, 1):
        await wait_leaves(owner_pool, count)
        await grower.step()
    kept = sorted(str(path.relative_to(log)) for path in log.rglob("*.p"))
    assert kept == ["tile/0/001.p", "tile/1/000.p", "tile/entries/001.p"]
    assert sorted(path.name for path in (log / "tile/0/001.p").iterdir()) == ["44", "45"]
    rows = await pool.fetch("SELECT level, n, width FROM audit.tile WHERE width < 256 ORDER BY level")
    assert [tuple(row) for row in rows] == [(-1, 1, 45), (0, 1, 45), (1, 0, 1)]
    check(log, 301)


async def test_folder_lost(pool, owner_pool, log):
    """A lost folder is published again, whole."""
    await wait_leaves(owner_pool, 700)
    first = sequencer(pool, log)
    while await first.step():
        pass
    again = sequencer(pool, log.with_name("other"))
    await again.step()
    check(log.with_name("other"), 701)


async def test_loop(pool, owner_pool, log):
    """Started, it sequences by itself; stopped, it leaves a whole log; lag falls to nothing."""
    grower = sequencer(pool, log, limits=SequencerLimits(interval=5))
    await grower.start()
    await wait_leaves(owner_pool, 20)
    for _ in range(400):
        await asyncio.sleep(0.01)
        if Folder(log).checkpoint() and verify_log(Folder(log), LOG).size == 21:
            break
    await grower.stop()
    check(log, 21)


async def test_proof_of_a_passed_size(pool, owner_pool, log):
    """A proof for a size whose tiles are gone says so."""
    grower = sequencer(pool, log)
    for _ in range(3):
        await wait_leaves(owner_pool, 10)
        await grower.step()
    async with pool.acquire() as connection:
        with pytest.raises(IncompleteError):
            await logstore.prove(connection, 3, 11)
        rows = await connection.fetch("SELECT leaf FROM audit.log_leaf ORDER BY log_index")
        now = await logstore.state(connection)
        for index in (0, 17, 30):
            path = await logstore.prove(connection, index, now.size)
            verify_inclusion(leaf_hash(rows[index]["leaf"]), index, now.size, path, now.root)


async def killed(url, folder, point, count):
    """Run the child until it is killed at a point; return its stream and the numbers that it acknowledged."""
    environment = {**os.environ, faults.POINT: f"{point}:{count}"}
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.audit.child",
        url,
        str(folder),
        env=environment,
        cwd=Path(__file__).parents[2],
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await child.communicate()
    assert child.returncode == -signal.SIGKILL, point
    lines = output.decode().split("\n")[:-1]
    return [int(line) for line in lines if line.isdecimal()]


@pytest.mark.parametrize("point", LOG_POINTS)
async def test_killed(pool, log, database_url, tmp_path, point):
    """Killed at any point: nothing acknowledged is lost, and all is whole after a restart (P10, S4)."""
    acknowledged = await killed(database_url, tmp_path, point, 2)
    rows = await pool.fetch("SELECT stream, seq FROM audit.event ORDER BY stream, seq")
    assert {row["seq"] for row in rows} >= set(acknowledged)
    assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))
    orphans = await pool.fetchval(
        "SELECT count(*) FROM audit.event e FULL JOIN audit.payload p USING (bucket, stream, seq)"
        " WHERE (p.stream IS NULL OR e.stream IS NULL) AND coalesce(e.stream, p.stream) = $1",
        rows[0]["stream"],
    )
    assert orphans == 0
    async with running(pool, keys=FileMonthKeys(tmp_path / "keys")) as writer:
        receipt = await writer.submit(read(rows[0]["stream"]))
    assert receipt.seq == len(rows) + 1
    grower = sequencer(pool, log)
    while await grower.step():
        pass
    check(log, 1 + receipt.seq)
    logged = await pool.fetch("SELECT seq FROM audit.log_leaf WHERE stream <> $1 ORDER BY log_index", CONTROL_STREAM)
    assert [row["seq"] for row in logged] == list(range(1, receipt.seq + 1))
