from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from dossier import faults


def test_nothing_by_default():
    """Without settings every point does nothing."""
    assert faults.from_environment({}) is faults._nothing
    for name in faults.POINTS:
        faults.point(name)


@pytest.mark.parametrize("count", [1, 3])
def test_kills_at_the_nth_passing(monkeypatch, count):
    """The n-th passing of the named point kills, no other one."""
    killed = []
    monkeypatch.setattr(os, "kill", lambda pid, number: killed.append((pid, number)))
    fault = faults.from_environment({faults.POINT: f"writer.after-lock:{count}"})
    for passing in range(1, 5):
        fault("writer.before-lock")
        fault("writer.after-lock")
        assert len(killed) == (passing >= count)
    assert killed == [(os.getpid(), signal.SIGKILL)]


def test_kills_another_process():
    """With the process id of a database it is that process which dies."""
    victim = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    faults.from_environment({faults.POINT: "x", faults.DATABASE: str(victim.pid)})("x")
    assert victim.wait(10) == -signal.SIGKILL


def test_ordered_by_file(tmp_path, monkeypatch):
    """An order that appears later is carried out once, at the passing that it names."""
    killed = []
    monkeypatch.setattr(os, "kill", lambda pid, _number: killed.append(pid))
    order = tmp_path / "order"
    fault = faults.from_environment({faults.FILE: str(order)})
    fault("writer.after-lock")
    order.write_text("writer.after-lock:2 4194305\n")
    for _ in range(4):
        fault("writer.after-lock")
    assert killed == [4194305]
    assert not order.exists()
