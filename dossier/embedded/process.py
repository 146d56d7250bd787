"""What the operating system knows of a PostgreSQL server: its pid file, its processes, its socket."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

_READY_LINE = 7
"""postmaster.pid holds the server's state in its eighth line; pg_ctl waits for the same word."""


@dataclass(frozen=True)
class PidFile:
    """The two facts used of postmaster.pid."""

    pid: int
    ready: bool


def read_pid_file(cluster: Path) -> PidFile | None:
    """The pid file of a cluster, None if there is none or it is being written."""
    try:
        lines = (cluster / "postmaster.pid").read_text("ascii", "replace").splitlines()
        return PidFile(int(lines[0]), len(lines) > _READY_LINE and lines[_READY_LINE].strip() == "ready")
    except (FileNotFoundError, ValueError, IndexError):
        return None


def is_server(pid: int, cluster: Path) -> bool:
    """Whether this pid is a living PostgreSQL of this cluster. A zombie or a re-used pid is not."""
    if not Path("/proc/self/stat").exists():
        return _is_server_by_ps(pid, cluster)
    try:
        state = Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()[0]
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError, IndexError):
        return False
    return state not in "ZX" and words[0].endswith(b"postgres") and os.fsencode(cluster) in words


def _is_server_by_ps(pid: int, cluster: Path) -> bool:
    told = subprocess.run(  # noqa: S603 - fixed program and a number
        ["/bin/ps", "-o", "stat=,command=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.strip()
    return bool(told) and told[0] != "Z" and "postgres" in told and str(cluster) in told


def has_leftovers(cluster: Path) -> bool:
    """Whether processes of a server that was killed still sit in the cluster: they may still write to it."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "cwd").readlink() == cluster:
                return True
        except OSError:  # gone, or somebody else's: the server's own processes can always be read by who runs it
            continue
    return False


def drop_stale_pid_file(cluster: Path) -> None:
    """Remove a pid file whose pid now is a zombie or another program; PostgreSQL would take it for a rival.

    Safe because it is done under the data directory's lock, for no living server, and not while a process of the
    killed server is left: PostgreSQL's own guard against those (the shared memory id) stands in the same file.
    """
    known = read_pid_file(cluster)
    if known is not None and not is_server(known.pid, cluster) and not has_leftovers(cluster):
        (cluster / "postmaster.pid").unlink(missing_ok=True)


def answers(path: Path) -> bool:
    """Whether something accepts connections on the unix socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(2)
        try:
            probe.connect(os.fspath(path))
        except OSError:
            return False
    return True


def stop_server(pid: int, cluster: Path, patience: float) -> bool:
    """Ask a server for a fast shutdown, later an immediate one; True once it is gone. Both keep committed data."""
    if not is_server(pid, cluster):
        return True
    for wanted in (signal.SIGINT, signal.SIGQUIT):
        try:
            os.kill(pid, wanted)
        except ProcessLookupError:
            return True
        until = time.monotonic() + patience
        while time.monotonic() < until:
            if not is_server(pid, cluster):
                return True
            time.sleep(0.02)
    return False
