"""The owner's manifest: what the events of the stream say was delivered, held against the list of items that is shown.

The stream is whole (dossier.client.history), and each delivery names the hash of its header: so a service can leave no
item out of the list and show no older version as the newest without being found out (P5).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from audit.errors import AuditError
from audit.history import Checked
from crypto.encoding import decode_base64
from crypto.errors import CryptoError
from crypto.statements import Statement, parse_statement
from dossier.client.errors import UntrustedError
from dossier.client.history import LoggedTags, dossier_history
from dossier.client.holding import HeldDossier
from dossier.client.opened import OpenedItem
from dossier.client.owner import Owner


@dataclass(frozen=True, slots=True)
class Differences:
    """Items (hex ids) that a list leaves out, and those of which it shows another header than the newest delivered."""

    missing: tuple[str, ...]
    other: tuple[str, ...]


def compare_items(
    checked: Checked, statements: Iterable[Statement], listed: Iterable[Mapping[str, Any]]
) -> Differences:
    """Hold a whole list, as the service shows it to the owner, against the checked events of the dossier.

    `statements` are those that govern the dossier: what a removal names need not be listed. What is delivered between
    fetching the one and the other shows as a difference: who finds any fetches both again.
    """
    newest: dict[str, str] = {}
    for _seq, fields in sorted(checked.events.items()):
        if fields["schema"] == "delivery/v1" and fields["item"]:
            newest[fields["item"]] = fields["header"]
    removed = {str(each.payload["item"]) for each in statements if each.kind == "removal"}
    shown = {str(each.get("item", "")): _hash(each) for each in listed}
    missing = tuple(item for item in newest if item not in shown and item not in removed)
    # Of an item whose delivery was erased nobody can say which version is the newest.
    other = tuple(
        item for item, header in shown.items() if newest.get(item, header if checked.erased else "") != header
    )
    return Differences(missing, other)


def check_items(owner: Owner, held: HeldDossier, log: Callable[[], LoggedTags]) -> Differences:
    """Fetch the whole list and the whole stream of a dossier, and hold one against the other.

    The list comes first, then what `log` reads of the public log, then the stream. Items that do not open are told by
    the list itself. Raise UntrustedError for a stream that is not whole, RefusedError for who may not see it.
    """
    listed = [each.shown if isinstance(each, OpenedItem) else {"item": each.item} for each in owner.items(held)]
    try:
        history = dossier_history(owner.session, held, log())
    except AuditError as error:
        raise UntrustedError(f"the list of events does not verify: {error}") from error
    found = compare_items(history.checked, held.statements, listed)
    unread = {str(each["item"]) for each in listed if "header" not in each}
    return Differences(found.missing, tuple(item for item in found.other if item not in unread))


def _hash(shown: Mapping[str, Any]) -> str:
    """The statement hash of a header as shown, empty for what is none."""
    try:
        return parse_statement(decode_base64(str(shown.get("header", "")))).hash.hex()
    except CryptoError:
        return ""
