"""Facts of dossier/embedded/cluster.py, on real servers."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dossier.embedded import Cluster, ClusterError, ForeignClusterError, process
from dossier.embedded.cluster import SERVER_SETTINGS

LEAVE_RUNNING = """
import os, sys
from pathlib import Path
from dossier.embedded import Cluster
Cluster(Path(sys.argv[1])).start()
os.kill(os.getpid(), 9)
"""


def pid_of(cluster):
    known = process.read_pid_file(cluster.cluster_dir)
    assert known is not None
    return known.pid


def wait_until(fact):
    until = time.monotonic() + 20
    while not fact():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_answers(server):
    """A started cluster accepts connections on its socket."""
    assert process.answers(Path(server.host) / f".s.PGSQL.{server.port}")


def test_socket_path_fits(server):
    """The socket's path is short enough for every system."""
    assert len(os.fsencode(f"{server.host}/.s.PGSQL.65535")) <= 100


def test_does_not_run_as_root(server):
    """The server's processes belong to an ordinary account, whoever started them."""
    assert Path(f"/proc/{pid_of(server)}").stat().st_uid != 0


def test_folders_keep_owner_and_mode(server, folder):
    """A folder that was there before keeps its owner and its mode, also where the server cannot pass it."""
    status = folder.stat()
    assert (status.st_uid, stat.S_IMODE(status.st_mode)) == (os.geteuid(), 0o700)


def test_data_are_private(server):
    """Nobody but the server's account can look into the cluster or reach its socket."""
    for place in (server.cluster_dir, Path(server.host)):
        assert stat.S_IMODE(place.stat().st_mode) == 0o700


def test_passwords_are_private(server, folder):
    """The passwords stand in a file of mode 0600, differ from each other, and are not shown."""
    path = folder / "postgres" / "passwords.json"
    known = json.loads(path.read_text("utf-8"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(set(known.values())) == 4
    assert not any(secret in repr(server.passwords) for secret in known.values())


def test_log_settings_keep_content_out():
    """P1: statements, parameters and row details never reach the server's log."""
    quiet = ("log_statement", "log_min_error_statement", "log_error_verbosity", "log_parameter_max_length_on_error")
    assert [SERVER_SETTINGS[name] for name in quiet] == ["none", "panic", "terse", "0"]


def test_second_user_adopts_and_leaves(server, folder):
    """A second user of the same directory gets the same server, and its leaving does not stop it."""
    before = pid_of(server)
    second = Cluster(folder)
    second.start()
    assert pid_of(second) == before
    assert second.stop() is False
    assert process.is_server(before, server.cluster_dir)


def test_destroy_refuses_while_used(server, folder):
    """A cluster that another process uses cannot be removed."""
    second = Cluster(folder)
    second.start()
    with pytest.raises(ClusterError, match="in use"):
        second.destroy()
    assert server.cluster_dir.exists()


def test_comes_back_after_kill(server):
    """P10: a server killed with SIGKILL is started again by the next look."""
    killed = pid_of(server)
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: not process.is_server(killed, server.cluster_dir) or server.ensure_running())
    server.ensure_running()
    assert process.is_server(pid_of(server), server.cluster_dir)
    assert pid_of(server) != killed


def test_looking_at_a_living_server_does_nothing(server):
    """While the server lives, nothing is started."""
    before = pid_of(server)
    assert server.ensure_running() is False
    assert pid_of(server) == before


def test_adopts_what_a_killed_process_left(server, folder):
    """A server left by a process that was killed is adopted, and stopped by the one who adopted it."""
    server.stop()
    left = subprocess.run(
        [sys.executable, "-c", LEAVE_RUNNING, str(folder)], check=False, env={"PYTHONPATH": str(Path.cwd())}
    )
    assert left.returncode == -signal.SIGKILL
    orphan = pid_of(server)
    server.start()
    assert pid_of(server) == orphan
    assert server.stop() is True
    wait_until(lambda: not process.is_server(orphan, server.cluster_dir))
    server.start()


def test_stale_pid_file_of_another_program(server):
    """A pid file whose pid now belongs to another program does not keep the server from starting."""
    server.stop()
    (server.cluster_dir / "postmaster.pid").write_text(f"{os.getpid()}\n{server.cluster_dir}\n", "ascii")
    server.start()
    assert pid_of(server) != os.getpid()


def test_refuses_another_major(server, folder):
    """A directory made by another major version is refused, and left as it is."""
    record = folder / "postgres" / "cluster.json"
    kept = record.read_text("utf-8")
    record.write_text(json.dumps(json.loads(kept) | {"major": 12}), "utf-8")
    with pytest.raises(ForeignClusterError, match="postgresql 12"):
        Cluster(folder).start()
    record.write_text(kept, "utf-8")


@pytest.mark.parametrize("says, told", [("12\n", "made by postgresql 12"), ("", "without a version")])
def test_the_cluster_s_own_version_counts(server, folder, says, told):
    """What the server wrote of its version is believed, whatever our record says: no other server touches its files."""
    version = server.cluster_dir / "PG_VERSION"
    kept = version.read_bytes()
    version.write_text(says, "ascii")
    with pytest.raises(ForeignClusterError, match=told):
        Cluster(folder).start()
    version.write_bytes(kept)


def test_refuses_a_foreign_record(server, folder):
    """A record that is not ours is one error of ours, not a crash."""
    record = folder / "postgres" / "cluster.json"
    kept = record.read_text("utf-8")
    record.write_text('{"some": "thing"}', "utf-8")
    with pytest.raises(ForeignClusterError):
        Cluster(folder).start()
    record.write_text(kept, "utf-8")


def test_first_start_cut_short(tmp_path, monkeypatch):
    """A first start that was killed while the cluster was made is made good by the next, in the same place."""

    def killed(*_):
        raise KeyboardInterrupt

    cluster = Cluster(tmp_path)
    monkeypatch.setattr(Path, "rename", killed)
    with pytest.raises(KeyboardInterrupt):
        cluster.start()
    monkeypatch.undo()
    planned = json.loads((tmp_path / "postgres" / "cluster.json").read_text("utf-8"))
    cluster.start()
    assert process.is_server(pid_of(cluster), cluster.cluster_dir)
    assert str(cluster.cluster_dir) == planned["cluster"]
    cluster.destroy()
    assert not cluster_left(planned)


def cluster_left(planned):
    return Path(planned["cluster"]).exists() or Path(planned["sockets"]).exists()


def test_lost_cluster_is_not_replaced(tmp_path):
    """P10: where the data were lost, the service refuses to start on an empty cluster."""
    cluster = Cluster(tmp_path)
    cluster.start()
    cluster.stop()
    aside = cluster.cluster_dir.with_name("aside")
    cluster.cluster_dir.rename(aside)
    with pytest.raises(ForeignClusterError, match="not there"):
        cluster.start()
    aside.rename(cluster.cluster_dir)
    cluster.start()
    cluster.destroy()
    assert not aside.parent.exists()
