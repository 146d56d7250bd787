"""`dossier demo --once` as a person runs it: a fresh service in another process, the story over HTTP, the exit code."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

STEPS = ["deliver", "grant", "read", "withdraw", "refused read", "verify", "replay"]
CAUGHT = {
    "flipped-tile": "verify",
    "dropped-event": "verify",
    "bad-signature": "read",
    "late-withdrawal": "refused read",
}
"""The step at which each sabotage is found out."""

PATIENCE = 240


@pytest.fixture(scope="module")
def runs():
    """All runs at once: most of their time is waiting."""
    command = [sys.executable, "-P", "-m", "web.cli", "demo", "--once", "--json"]
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    started = {"": subprocess.Popen(command, **options)}
    for name in CAUGHT:
        started[name] = subprocess.Popen([*command, "--sabotage", name], **options)
    yield started
    for process in started.values():
        if process.poll() is None:
            process.terminate()
        process.communicate()


def played(process):
    """What a run printed, and its exit code."""
    out, err = process.communicate(timeout=PATIENCE)
    assert out, err
    return json.loads(out), process.returncode


@pytest.mark.timeout(300)
def test_every_step_holds(runs):
    """Deliver, grant, read, withdraw, refused read, verify and replay all hold, and the exit code says so (P1 to P10)."""
    story, code = played(runs[""])
    assert (story["ok"], story["failed"], story["error"]) == (True, "", "")
    assert [step["name"] for step in story["steps"]] == STEPS
    assert all(step["ok"] and step["lines"] for step in story["steps"])
    assert code == 0


@pytest.mark.timeout(300)
@pytest.mark.parametrize("sabotage", sorted(CAUGHT))
def test_each_sabotage_is_named(runs, sabotage):
    """A service that cheats is found out at the step where it cheats, and the exit code is 1 (P1, P5, P7)."""
    story, code = played(runs[sabotage])
    assert (story["ok"], story["failed"], code) == (False, CAUGHT[sabotage], 1)
    assert story["error"]
    names = [step["name"] for step in story["steps"]]
    assert names == STEPS[: len(names)]
    assert [step["ok"] for step in story["steps"]] == [True] * (len(names) - 1) + [False]
