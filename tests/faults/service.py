"""The real service in a process of its own, on a data directory with the embedded PostgreSQL, to be killed at will."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import httpx2

from dossier.embedded.process import read_pid_file

PATIENCE = 40.0
ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    """A port nobody listens on; it stays the service's own over restarts, people are known by it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(**more: str) -> dict[str, str]:
    """Our environment without any setting of the service, and these."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("DOSSIER_")}
    return {**ours, "PYTHONPATH": str(ROOT), **more}


class Service:
    """One service and its data directory. `prefix` is a command that runs it, as in a namespace of its own."""

    def __init__(self, data: Path, output: Path, prefix: Sequence[str] = (), **settings: str) -> None:
        self.data, self.output, self.prefix = data, output, tuple(prefix)
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self.order = output.with_name("order")
        self.settings = {"DOSSIER_LOG_LEVEL": "warning", "DOSSIER_FAULT_FILE": str(self.order), **settings}
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def cluster(self) -> Path:
        """The data directory of PostgreSQL."""
        record = json.loads((self.data / "postgres" / "cluster.json").read_text())
        return Path(record["cluster"])

    @property
    def postmaster(self) -> int:
        """The process id of PostgreSQL."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            with suppress(FileNotFoundError):
                known = read_pid_file(self.cluster)
                if known is not None and known.ready:
                    return known.pid
            time.sleep(0.05)
        raise AssertionError(f"the database did not come; see {self.output}")

    def command(self, *words: str) -> list[str]:
        """A `dossier` command line."""
        return [*self.prefix, sys.executable, "-m", "web.cli", *words]

    def start(self) -> None:
        """Start, and wait until it is ready."""
        words = self.command("serve", "--port", str(self.port), "--data-dir", str(self.data))
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                words, stdout=output, stderr=output, env=environment(**self.settings), cwd=ROOT, start_new_session=True
            )
        self.wait_ready()

    def ready(self) -> bool:
        """Whether it says that it is."""
        with suppress(httpx2.TransportError):
            return httpx2.get(f"{self.url}/health/ready", timeout=5, trust_env=False).status_code == httpx2.codes.OK
        return False

    def wait_ready(self, patience: float = PATIENCE) -> None:
        """Wait until it is ready."""
        until = time.monotonic() + patience
        while not self.ready():
            assert time.monotonic() < until, f"not ready in time: {self.tail()}"
            assert self.process is None or self.process.poll() is None, f"stopped by itself: {self.tail()}"
            time.sleep(0.05)

    def tail(self) -> str:
        """The last it said."""
        return self.output.read_text("utf-8", "replace")[-2000:]

    def wait_dead(self, patience: float = 10.0) -> bool:
        """Whether the process ends within this time."""
        assert self.process is not None
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(patience)
        return self.process.poll() is not None

    def kill(self) -> None:
        """Kill the process as a crash would; the database lives on."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """End in order."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            if not self.wait_dead(20):
                self.kill()

    def destroy(self) -> None:
        """End and leave nothing behind."""
        self.stop()
        words = [*self.prefix, sys.executable, "-m", "dossier.embedded", str(self.data)]
        subprocess.run(words, env=environment(), cwd=ROOT, check=True, timeout=60)

    def replay(self) -> dict[str, object]:
        """What `dossier log replay` finds."""
        words = self.command("log", "replay", "--json", "--data-dir", str(self.data))
        done = subprocess.run(words, env=environment(), cwd=ROOT, capture_output=True, check=False, timeout=90)
        assert done.stdout, done.stderr
        found: dict[str, object] = json.loads(done.stdout)
        return found
