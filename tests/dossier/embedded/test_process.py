"""Facts of dossier/embedded/process.py that need no server."""

from __future__ import annotations

import os
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dossier.embedded import process


def test_other_program_is_no_server(tmp_path):
    """A living pid that is not PostgreSQL is not taken for one."""
    assert not process.is_server(os.getpid(), tmp_path)


def test_server_of_another_cluster(server, tmp_path):
    """A PostgreSQL of another data directory is not ours."""
    known = process.read_pid_file(server.cluster_dir)
    assert known is not None
    assert process.is_server(known.pid, server.cluster_dir)
    assert not process.is_server(known.pid, tmp_path)


def test_zombie_is_no_server(tmp_path):
    """A process that ended and was not waited for is not taken for a server."""
    child = subprocess.Popen(["/bin/true"])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not process.is_server(child.pid, tmp_path)
    child.wait()


def test_processes_inside_are_seen(tmp_path):
    """A process that sits in a cluster's folder is noticed, and its leaving too."""
    child = subprocess.Popen(["/bin/sleep", "60"], cwd=tmp_path)
    assert process.has_leftovers(tmp_path)
    child.kill()
    child.wait()
    assert not process.has_leftovers(tmp_path)


def test_pid_file_stays_while_a_process_is_left(tmp_path):
    """PostgreSQL's own guard is not removed while a killed server's process may still write."""
    (tmp_path / "postmaster.pid").write_text("1\n", "ascii")
    child = subprocess.Popen(["/bin/sleep", "60"], cwd=tmp_path)
    process.drop_stale_pid_file(tmp_path)
    assert (tmp_path / "postmaster.pid").exists()
    child.kill()
    child.wait()
    process.drop_stale_pid_file(tmp_path)
    assert not (tmp_path / "postmaster.pid").exists()


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("cluster")


@given(content=st.binary(max_size=200))
def test_any_pid_file(place, content):
    """Whatever stands in a pid file, reading it gives a value or none and never fails."""
    (place / "postmaster.pid").write_bytes(content)
    known = process.read_pid_file(place)
    assert known is None or isinstance(known.pid, int)
