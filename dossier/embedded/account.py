"""The account that PostgreSQL runs under: PostgreSQL refuses to run as root, so root hands it to another user."""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dossier.embedded.errors import ClusterError

CANDIDATES = ("postgres", "nobody")
"""Accounts tried in this order when root names none. initdb wants an account with a passwd entry."""


@dataclass(frozen=True)
class Account:
    """Who runs the server. `drop` says whether we are root and become this user for each child process."""

    name: str
    uid: int
    gid: int
    drop: bool

    def run(self, argv: Sequence[str | Path], *, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """Run a program to its end as this account and return its output; a failing exit code does not raise."""
        return subprocess.run(  # noqa: S603 - programs of our own choosing, no shell
            [str(part) for part in argv],
            cwd="/",
            env=child_environment(),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
            stdin=subprocess.DEVNULL,
            user=self.uid if self.drop else None,
            group=self.gid if self.drop else None,
            extra_groups=[] if self.drop else None,
        )

    def spawn(self, argv: Sequence[str | Path], log: int) -> subprocess.Popen[bytes]:
        """Start a program as this account in a session of its own, so that a Ctrl-C meant for us passes it by."""
        return subprocess.Popen(  # noqa: S603 - programs of our own choosing, no shell
            [str(part) for part in argv],
            cwd="/",
            env=child_environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            user=self.uid if self.drop else None,
            group=self.gid if self.drop else None,
            extra_groups=[] if self.drop else None,
        )

    def give(self, path: Path) -> None:
        """Make this account the owner of a file or directory that we have just made ourselves."""
        if self.drop:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def can_write_in(self, directory: Path) -> bool:
        """Whether the account can reach and write in the directory. The kernel is asked, not the mode bits."""
        return self.run(["/bin/sh", "-c", 'cd "$1" && test -w .', "sh", directory]).returncode == 0


def child_environment() -> dict[str, str]:
    """The environment of child processes: no PG* variables and no secrets of the service travel along."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def choose_account(name: str = "") -> Account:
    """The account for the server: ourselves, or, when we are root, `name` or the first existing candidate.

    Raises ClusterError if root names an account that does not exist or is root again.
    """
    euid = os.geteuid()
    if euid != 0:
        return Account(_own_name(euid), euid, os.getegid(), drop=False)
    for candidate in (name,) if name else CANDIDATES:
        try:
            entry = pwd.getpwnam(candidate)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, drop=True)
    raise ClusterError(
        "postgresql does not run as root and no other account was found; name one in DOSSIER_POSTGRES_USER"
    )


def _own_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError as error:
        raise ClusterError("initdb needs an account with a passwd entry, and this one has none") from error
