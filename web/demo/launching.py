"""A fresh service in a process of its own, for a story that is played once."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from dossier.client.carrier import HttpCarrier, Request
from dossier.client.errors import UnreachableError
from dossier.embedded import Cluster, ClusterError

START_SECONDS = 90.0
STOP_SECONDS = 30.0
LOG = "service.log"


@dataclass(frozen=True)
class Launched:
    """A running service: where it answers, and its data directory."""

    server: str
    data_dir: Path


@contextmanager
def launched(data_dir: Path, port: int, *, keep: bool) -> Iterator[Launched]:
    """Start the service on an empty data directory and stop it afterwards; unless kept, nothing is left of it.

    Raise UnreachableError if it does not become ready; its own words are in `service.log` of the directory.
    """
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    server = f"http://localhost:{port}"
    process = _start(data_dir, port)
    try:
        _wait(process, server)
        yield Launched(server, data_dir)
    finally:
        _stop(process)
        if not keep:
            _remove(data_dir)


def free_port() -> int:
    """A port on this machine that nobody listens on now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def command(*words: str) -> list[str]:
    """The command line of this program in a process of its own."""
    return [sys.executable, "-P", "-m", "web.cli", *words]


def environment() -> dict[str, str]:
    """The environment without settings of ours: a fresh service takes none over."""
    return {name: value for name, value in os.environ.items() if not name.startswith("DOSSIER_")}


def _start(data_dir: Path, port: int) -> subprocess.Popen[bytes]:
    words = command("serve", "--data-dir", str(data_dir), "--port", str(port))
    with (data_dir / LOG).open("ab") as log:
        return subprocess.Popen(words, stdout=log, stderr=log, env=environment())  # noqa: S603 - our own program


def _wait(process: subprocess.Popen[bytes], server: str) -> None:
    until = time.monotonic() + START_SECONDS
    with closing(HttpCarrier(timeout=5.0)) as http:
        while time.monotonic() < until and process.poll() is None:
            with suppress(UnreachableError):
                if http.send(Request("GET", f"{server}/health/ready")).status == HTTPStatus.OK:
                    return
            time.sleep(0.1)
    raise UnreachableError("the service did not become ready")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _remove(data_dir: Path) -> None:
    """Remove the data directory, and what the embedded database keeps elsewhere."""
    with suppress(ClusterError):
        cluster = Cluster(data_dir)
        cluster.start()
        cluster.destroy()
    shutil.rmtree(data_dir, ignore_errors=True)
