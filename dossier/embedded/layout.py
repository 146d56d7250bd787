"""Where the parts of an embedded cluster lie, and the record that binds a data directory to its cluster."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from dossier.embedded.account import Account
from dossier.embedded.errors import ForeignClusterError
from dossier.embedded.places import SHARED, check_ours
from dossier.private import write_private

SOCKET_LIMIT = 100
"""Bytes a socket path may have, a little below the 104 to 108 that systems allow."""


@dataclass(frozen=True)
class Record:
    """What stands in `cluster.json`: which server made the cluster, where it is, and whether its making ended."""

    id: str
    major: int
    binaries: str
    cluster: str
    sockets: str
    whole: bool = False


@dataclass(frozen=True)
class Home:
    """The folder `postgres` in a data directory: everything that belongs to the account running the service."""

    path: Path

    @property
    def record(self) -> Path:
        """Which cluster belongs to this data directory."""
        return self.path / "cluster.json"

    @property
    def passwords(self) -> Path:
        """The roles' passwords, mode 0600."""
        return self.path / "passwords.json"

    @property
    def log(self) -> Path:
        """The server's own messages; statements and row contents are kept out of them."""
        return self.path / "server.log"

    @property
    def start_lock(self) -> Path:
        """Held while the server is started or stopped."""
        return self.path / "start.lock"

    @property
    def use_lock(self) -> Path:
        """Shared by the processes that use the server."""
        return self.path / "use.lock"


def open_home(data_dir: Path) -> Home:
    """The data directory's `postgres` folder, made if missing. 0711: the server's account may pass, not look."""
    data_dir.mkdir(mode=0o711, parents=True, exist_ok=True)
    path = data_dir.resolve() / "postgres"
    path.mkdir(mode=0o711, exist_ok=True)
    return Home(path)


def read_record(home: Home) -> Record | None:
    """The record, None for a new data directory; raises ForeignClusterError if it is not ours."""
    if not home.record.exists():
        return None
    try:
        return Record(**json.loads(home.record.read_text("utf-8")))
    except (ValueError, TypeError) as error:
        raise ForeignClusterError(f"`{home.record}` is not a cluster record of ours") from error


def write_record(home: Home, record: Record) -> None:
    """Store the record durably: before the cluster is made, so that a second try finds its place, and after."""
    write_private(home.record, json.dumps(asdict(record), indent=1))


def cluster_major(cluster: Path) -> int:
    """The major version that the server itself wrote into its data; raises ForeignClusterError if it wrote none."""
    try:
        return int((cluster / "PG_VERSION").read_text("ascii"))
    except FileNotFoundError as error:
        raise ForeignClusterError("the data directory names a cluster that is not there") from error
    except (ValueError, OSError) as error:
        raise ForeignClusterError("the data directory names a cluster without a version") from error


def plan(home: Home, account: Account, major: int, binaries: Path) -> Record:
    """Choose places that the account can reach, for a cluster that does not exist yet."""
    identity = secrets.token_hex(6)
    base = home.path / "server"
    _furnish(base, account)
    if not account.can_write_in(base):
        shutil.rmtree(base)
        base = _shared(account, identity)
    return _with_sockets(Record(identity, major, str(binaries), str(base / "cluster"), ""), base, account)


def new_sockets(home: Home, record: Record, account: Account) -> Record:
    """The record under a new id, with a place for sockets of its own: those it has may be another folder's."""
    base = home.path / "server"
    _furnish(base, account)
    return _with_sockets(replace(record, id=secrets.token_hex(6)), base, account)


def _with_sockets(record: Record, base: Path, account: Account) -> Record:
    """The record with sockets beside the cluster, or in the shared place where that path would be too long."""
    sockets = base / "s"
    if len(os.fsencode(sockets / ".s.PGSQL.65535")) > SOCKET_LIMIT:
        sockets = _shared(account, record.id) / "s"
    return replace(record, sockets=str(sockets))


def _shared(account: Account, identity: str) -> Path:
    """A folder in the system's shared place: the outer one is ours, the inner one the server account's."""
    outer = SHARED / f"eigendossier-{identity}-{account.uid}"
    outer.mkdir(mode=0o755)
    outer.chmod(0o755)
    check_ours(outer)
    _furnish(outer / "server", account)
    return outer / "server"


def _furnish(base: Path, account: Account) -> None:
    """Make the server's folder with one for its socket. The account gets it last: until then only we act in it."""
    sockets = base / "s"
    sockets.mkdir(mode=0o700, parents=True, exist_ok=True)
    base.chmod(0o700)
    account.give(sockets)
    account.give(base)
