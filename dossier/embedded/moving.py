"""A data directory that was moved or copied: a cluster inside it went along, one in the shared place has one owner.

Without this a copy would go on with the server of the folder it was copied from: two services, one database.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from dossier.embedded import layout, process
from dossier.embedded.account import Account
from dossier.embedded.errors import ForeignClusterError
from dossier.embedded.layout import Home, Record
from dossier.embedded.places import SHARED
from dossier.private import write_private

OWNER = "home"
"""The file beside a cluster in the shared place that names the folder it belongs to; only we can write it."""


def at_home(home: Home, record: Record, account: Account) -> Record:
    """The record as it must be for this folder, stored if it changed.

    Raises ForeignClusterError for a copy whose cluster is another folder's, for a folder that was moved under a running
    server, and for one that was moved to where the server's account cannot go.
    """
    cluster = Path(record.cluster)
    outer = cluster.parent.parent
    if outer.parent == SHARED:
        _claim(home, record, outer / OWNER)
        return record
    place = home.path / "server" / "cluster"
    if cluster == place or not place.exists():
        return record
    if process.has_leftovers(place):
        raise ForeignClusterError(f"the data directory was moved while its server runs; stop that in `{cluster}` first")
    if not account.can_write_in(place.parent):
        raise ForeignClusterError("the data directory was moved to where the server's account cannot go")
    moved = layout.new_sockets(home, replace(record, cluster=str(place)), account)
    layout.write_record(home, moved)
    return moved


def _claim(home: Home, record: Record, owner: Path) -> None:
    """Keep whose cluster in the shared place this is; a folder that is gone, or made anew, has lost it to its copy."""
    try:
        other = Path(owner.read_text("utf-8"))
    except FileNotFoundError:
        other = home.path
        write_private(owner, str(home.path))
    if other == home.path:
        return
    if _id_at(other) == record.id:
        raise ForeignClusterError(f"the data directory is a copy: its database belongs to `{other.parent}`")
    write_private(owner, str(home.path))


def _id_at(path: Path) -> str:
    """The id of the cluster that a folder records, empty if it records none."""
    try:
        return str(json.loads(Home(path).record.read_text("utf-8"))["id"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
