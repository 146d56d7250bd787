"""The disk is full: a service whose whole data directory lies on a small file system of its own."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.service import Service
from tests.faults.world import World, eventually, refusal, settle

SIZE = "200m"
MOUNT = 'mount -t tmpfs -o size={size},mode=0711 tmpfs "$0" && exec {again} "$@"'
PIECE = 64 * 1024
DONE, UNAVAILABLE = (200, ""), (503, "unavailable")


def prefix(folder: Path) -> list[str]:
    """The command that mounts a small file system there, for itself and its children alone, and runs what follows.

    Root takes a mount namespace. Anybody else is root in a user namespace for the mount, and then who they were again.
    """
    if os.geteuid() == 0:
        return ["unshare", "-m", "sh", "-c", MOUNT.format(size=SIZE, again=""), str(folder)]
    who = f"unshare -U --map-user={os.geteuid()} --map-group={os.getegid()}"
    return ["unshare", "-Urm", "sh", "-c", MOUNT.format(size=SIZE, again=who), str(folder)]


@pytest.fixture(scope="module")
def small() -> Iterator[World]:
    """A world on 200 MB of disk."""
    with tempfile.TemporaryDirectory(prefix="eigendossier-disk-") as folder:
        Path(folder).chmod(0o711)
        data = Path(folder) / "data"
        data.mkdir()
        command = prefix(data)
        if (
            shutil.which("unshare") is None
            or subprocess.run([*command, "true"], check=False, capture_output=True).returncode
        ):
            pytest.skip("the kernel or the machine allows no mount namespaces")
        service = Service(data, Path(folder) / "output", command)
        try:
            service.start()
            assert service.process is not None
            # Seen from outside through the process that lives in there.
            service.data = Path(f"/proc/{service.process.pid}/root{data}")
            world = settle(service)
            yield world
            for each in (world.owner.session, world.agency.session, world.reader.session):
                each.close()
        finally:
            service.stop()


def fill(path: Path) -> None:
    """Write a file until there is no room."""
    with path.open("wb", buffering=0) as file:
        while True:
            try:
                file.write(bytes(PIECE))
            except OSError as error:
                if error.errno == errno.ENOSPC:
                    return
                raise


def test_disk_full(small):
    """A full disk: what cannot be written is 503 and not released; with room again all goes on by itself (P3; F06, F07)."""
    small.ensure_consent()
    small.ledger.note("reading", small.read())
    filler = small.service.data / "filler"
    fill(filler)
    found = set()
    try:
        for _ in range(400):
            fill(filler.with_name("filler2"))
            found |= {_read(small), refusal(small.deliver, bytes(300_000))}
            if UNAVAILABLE in found and _read(small) == UNAVAILABLE:
                break
        assert _read(small) == UNAVAILABLE
        found |= {refusal(small.deliver, b"brief"), refusal(small.deliver, bytes(60_000)), refusal(small.grant)}
    finally:
        filler.unlink()
        filler.with_name("filler2").unlink()
    assert found <= {DONE, UNAVAILABLE}
    small.service.wait_ready()
    small.ledger.note("reading", eventually(small.read))
    small.ledger.note("delivery", eventually(lambda: small.deliver(bytes(300_000))))
    small.wait_sequenced(20)
    small.check()
    assert small.verify_log() == []
    drafts = [path.name for path in (small.service.data / "log").rglob(".*") if path.name != ".lock"]
    assert drafts == []  # nothing half written is left


def _read(world: World) -> tuple[int, str]:
    def read() -> None:
        world.ledger.note("reading", world.read())

    return refusal(read)
