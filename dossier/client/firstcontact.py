"""First contact with a service's log: what its first entry says of itself. It is trusted once, and pinned then."""

from __future__ import annotations

from audit.checkpoint import verify_checkpoint
from audit.control import LogIdentity, parse_identity
from audit.errors import AuditError
from audit.note import parse_verifier_key
from audit.published import Published
from audit.tiles import TILE_WIDTH, Bundle
from dossier.client.carrier import Carrier
from dossier.client.errors import UntrustedError
from dossier.client.publiclog import WebLog


def log_identity(server: str, transport: Carrier | None = None) -> LogIdentity:
    """What the service's log says of itself in its first entry: first contact trusts it. Raise UntrustedError."""
    return parse_identity(control_leaf(server, transport))


def control_leaf(server: str, transport: Carrier | None = None) -> bytes:
    """The first entry of the service's log, checked to name the key that signs the log; raise UntrustedError."""
    with WebLog(f"{server}/log", transport) as log:
        key = (log.read("vkey") or b"").decode("utf-8", "replace").strip()
        try:
            size = verify_checkpoint(log.checkpoint() or b"", parse_verifier_key(key)).size
            row, _ = Published(log).entries(Bundle(0, min(size, TILE_WIDTH)))
            leaf = row[0] if row else b""
            identity = parse_identity(leaf)
        except AuditError as error:
            raise UntrustedError("the log does not say whose it is") from error
    if str(identity.log_key) != key:
        raise UntrustedError("the log names another key than it is signed with")
    return leaf
