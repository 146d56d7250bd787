"""Facts of web/server.py and web/wiring.py: a real service in a process of its own, killed and stopped."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from dossier.embedded import Cluster, process

ROOT = Path(__file__).parents[2]
PATIENCE = 60


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(folder, port, command="serve"):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    words = [sys.executable, "-P", "-m", "web.cli", command, "--port", str(port), "--data-dir", str(folder)]
    return subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def status(port, path="/health/ready"):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status
    except urllib.error.HTTPError as refused:
        refused.close()
        return refused.code
    except OSError:
        return None


def wait_for(port, wanted, running):
    until = time.monotonic() + PATIENCE
    while status(port) != wanted:
        assert time.monotonic() < until, "the service did not get there in time"
        assert running.poll() is None, running.stdout.read()
        time.sleep(0.05)


@pytest.fixture
def folder():
    """A data directory below one that only its owner may enter; what was made outside it is removed."""
    with tempfile.TemporaryDirectory(prefix="eigendossier-test-") as made:
        yield Path(made)
        cluster = Cluster(Path(made))
        cluster.start()
        cluster.destroy()


def test_life_of_a_service(folder):
    """P10: a service survives kill -9 of its database and of itself, and stops in good order."""
    port = free_port()
    service = start(folder, port)
    wait_for(port, 200, service)

    cluster = Cluster(folder)
    cluster.start()
    known = process.read_pid_file(cluster.cluster_dir)
    assert known is not None
    os.kill(known.pid, signal.SIGKILL)
    wait_for(port, 200, service)
    cluster.stop()

    service.kill()
    service.communicate()
    service = start(folder, port)
    wait_for(port, 200, service)

    service.send_signal(signal.SIGTERM)
    told, _ = service.communicate(timeout=PATIENCE)
    assert service.returncode == 0, told
    assert process.read_pid_file(cluster.cluster_dir) is None


def test_taken_port(folder):
    """A second service on a taken port says so and ends, instead of taking half of the requests."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        service = start(folder, port)
        told, _ = service.communicate(timeout=PATIENCE)
    assert service.returncode == 1
    assert f"port {port} on 127.0.0.1 is taken" in told


def test_start_that_fails(folder):
    """A service that cannot have its database ends with 1 and says why."""
    (folder / "postgres").mkdir()
    (folder / "postgres" / "cluster.json").write_text("[]", "utf-8")
    service = start(folder, free_port())
    told, _ = service.communicate(timeout=PATIENCE)
    (folder / "postgres" / "cluster.json").unlink()
    assert service.returncode == 1
    assert "is not a cluster record of ours" in told
