"""Where an item stands, as signed statements say it: asked before anything is sealed or signed for that place.

The service says where each item of a list stands. Whoever believed that would seal the key of a closely held item for a
section that others hold, and sign the move themselves. So what is said counts only if the core says it, or a placement
that somebody with authority signed. A placement that was followed by others unseen is not found out here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from crypto.encoding import decode_base64
from crypto.errors import PinError
from crypto.headers import Header
from crypto.statements import Statement, parse_statement
from dossier.client.authority import Authority

Place = tuple[str, str, str, tuple[str, ...]]
"""Section, lane, label and cases."""


def check_place(header: Header, shown: Mapping[str, Any], authority: Callable[[], Authority]) -> Statement | None:
    """Return the placement by which an item stands where the service shows it, None where it was born.

    `authority` gives the dossier's verified lists, when they are wanted. Raise PinError, SignatureError or
    MalformedError for an item that no signed statement puts there.
    """
    said: Place = (shown["section"], shown["lane"], shown["label"], tuple(sorted(shown["cases"])))
    text, core = str(shown.get("standsBy", "")), header.core
    if not text:
        if said != (core.section, core.lane, core.label, ()):
            raise PinError("an item is shown elsewhere than where it was born, and no placement says so")
        return None
    statement = parse_statement(decode_base64(text))
    payload = statement.payload
    if statement.kind != "placement" or (payload["dossier"], payload["item"]) != (core.dossier.hex(), core.item.hex()):
        raise PinError("an item is shown with a placement of another")
    if said != (payload["section"], payload["lane"], payload["label"], tuple(sorted(payload["cases"]))):
        raise PinError("an item is shown elsewhere than where it was placed")
    authority().check_signer(statement, frozenset({str(payload["section"])}))
    return statement
