"""The shared place for what the server's account cannot reach elsewhere, and the check that a folder in it is ours."""

from __future__ import annotations

import os
from pathlib import Path

from dossier.embedded.errors import ForeignClusterError

SHARED = Path("/var/tmp")  # noqa: S108 - what we make here is checked to be ours before it is used


def check_ours(path: Path) -> None:
    """Refuse a directory in a shared place that somebody else made or may write: programs in it would run as us."""
    status = path.lstat()
    ours = status.st_uid == os.geteuid() and not path.is_symlink() and not status.st_mode & 0o022
    if not ours:
        raise ForeignClusterError(f"`{path}` was not made by this account; remove it and start again")
