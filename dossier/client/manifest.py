"""The owner's manifest: what the events of the stream say was delivered, held against the list of items that is shown.

The stream is whole (dossier.client.history), and each delivery names the hash of its header: so a service can leave no
item out of the list and show no older version as the newest without being found out (P5).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from audit.history import Checked
from crypto.encoding import decode_base64
from crypto.errors import CryptoError
from crypto.statements import Statement, parse_statement


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
    other = tuple(item for item, header in shown.items() if newest.get(item) != header)
    return Differences(missing, other)


def _hash(shown: Mapping[str, Any]) -> str:
    """The statement hash of a header as shown, empty for what is none."""
    try:
        return parse_statement(decode_base64(str(shown.get("header", "")))).hash.hex()
    except CryptoError:
        return ""
