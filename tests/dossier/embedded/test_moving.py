"""Facts of dossier/embedded/moving.py: folders that are moved or copied, on real servers."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

import pytest

from dossier.embedded import Cluster, ForeignClusterError, process
from dossier.embedded.layout import open_home, plan, write_record
from dossier.embedded.moving import OWNER, at_home
from dossier.embedded.places import SHARED


class Reaching:
    """An account that may go anywhere, or nowhere below a folder of ours: the shared place is used then."""

    uid = 0

    def __init__(self, *, anywhere):
        self._anywhere = anywhere

    def give(self, _path):
        return

    def can_write_in(self, _folder):
        return self._anywhere


@pytest.fixture
def open_folder():
    """A folder with a short path that every account may pass."""
    with tempfile.TemporaryDirectory(prefix="ed-", dir=SHARED) as made:
        Path(made).chmod(0o711)
        yield Path(made)


@pytest.fixture
def shared_place(open_folder, monkeypatch):
    """A shared place of the test's own."""
    for module in ("layout", "moving"):
        monkeypatch.setattr(f"dossier.embedded.{module}.SHARED", open_folder)
    return open_folder


@pytest.fixture
def planned(tmp_path, shared_place):
    """A folder whose cluster is in the shared place."""
    home = open_home(tmp_path / "first")
    record = plan(home, Reaching(anywhere=False), 18, Path("/usr"))
    write_record(home, record)
    return home, record


def test_a_copy_has_no_claim_on_a_shared_cluster(planned, tmp_path, shared_place):
    """A cluster in the shared place stays that of the folder that had it first, as long as that is there."""
    home, record = planned
    account = Reaching(anywhere=False)
    assert at_home(home, record, account) == record
    shutil.copytree(tmp_path / "first", tmp_path / "second")
    copy = open_home(tmp_path / "second")
    with pytest.raises(ForeignClusterError, match="the data directory is a copy"):
        at_home(copy, record, account)
    assert at_home(home, record, account) == record
    shutil.rmtree(tmp_path / "first")
    assert at_home(copy, record, account) == record
    (owner,) = shared_place.glob(f"*/{OWNER}")
    assert owner.read_text() == str(copy.path)


def test_another_cluster_in_the_old_place_is_no_claim(planned, tmp_path):
    """A folder made anew where the moved one was does not get its cluster back."""
    home, record = planned
    account = Reaching(anywhere=False)
    at_home(home, record, account)
    (tmp_path / "first").rename(tmp_path / "moved")
    write_record(open_home(tmp_path / "first"), plan(open_home(tmp_path / "first"), account, 18, Path("/usr")))
    moved = open_home(tmp_path / "moved")
    assert at_home(moved, record, account) == record


@pytest.fixture
def reachable(open_folder):
    """A data directory with a cluster inside it that has been stopped."""
    cluster = Cluster(open_folder / "first")
    cluster.start()
    assert open_folder in cluster.cluster_dir.parents
    cluster.stop()
    yield open_folder / "first"
    cluster.start()
    cluster.destroy()


def test_a_copied_folder_has_a_server_of_its_own(reachable, open_folder):
    """A copy starts on its own files and sockets, beside the first; none is moved away under its server."""
    tmp_path = open_folder
    shutil.copytree(reachable, tmp_path / "second", symlinks=True)
    for source in (reachable, *reachable.rglob("*")):
        status, target = source.stat(), tmp_path / "second" / source.relative_to(reachable)
        shutil.chown(target, status.st_uid, status.st_gid)
    first, second = Cluster(reachable), Cluster(tmp_path / "second")
    first.start()
    second.start()
    try:
        assert second.cluster_dir == tmp_path / "second" / "postgres" / "server" / "cluster"
        assert first.host != second.host
        pids = {process.read_pid_file(each.cluster_dir).pid for each in (first, second)}
        assert len(pids) == 2
        (tmp_path / "second").rename(tmp_path / "third")
        with pytest.raises(ForeignClusterError, match="moved while its server runs"):
            Cluster(tmp_path / "third").start()
        (tmp_path / "third").rename(tmp_path / "second")
    finally:
        first.stop()
        second.destroy()
    record = json.loads((reachable / "postgres" / "cluster.json").read_text())
    assert record["cluster"] == str(reachable / "postgres" / "server" / "cluster")
