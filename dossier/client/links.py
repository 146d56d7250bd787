"""A case as a client follows it: its links, held against those seen before, and the link that it signs next.

What was seen of a case cannot be taken back: a link that was seen must be there ever after, and an end that was seen
must be named by the next link, or be shown still. Otherwise everything in the case stops (`PinError`). What was never
seen cannot be missed. Page: docs/spec/cases.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crypto.casechain import LINKS, CaseChain, check_case_chain
from crypto.encoding import ID_SIZE, decode_hex, encode_hex
from crypto.errors import PinError
from crypto.statements import Statement
from dossier.client.parties import Pins

HIDDEN_END = "an end of somebody's part that was seen before is no longer shown"
OTHER_KEYS = "the case names keys as yours that are not: tell those in the case, by another way, and stop"


def follow(opening: Statement, shown: Mapping[str, Any], statements: Sequence[Statement], pins: Pins) -> CaseChain:
    """Check what the service shows of a case against what was seen of it, and pin it.

    Raise MalformedError for links that are no chain, PinError if what is shown lacks what was seen.
    """
    case = str(opening.payload["case"])
    known = pins.cases.get(case)
    links = [opening, *(each for each in statements if each.kind in LINKS)]
    chain = check_case_chain(links, pinned=decode_hex(known, len(known) // 2) if known else None)
    ended = {encode_hex(decode_hex(each, ID_SIZE)) for each in shown["chain"]["ended"]}
    if (shown["chain"]["sequence"], shown["chain"]["head"]) != (chain.sequence, chain.head.hex()):
        raise PinError("the case is shown without all its changes")
    _check_ends(case, chain, ended, pins)
    pins.cases[case] = chain.head.hex()
    for person in ended:
        pins.ends[f"{case}-{person}"] = chain.head.hex()
    return chain


def next_link(chain: CaseChain, ended: Sequence[str]) -> dict[str, Any]:
    """The fields by which a statement is the next link: it names whose part ended (hex ids) after the last."""
    return {"sequence": chain.sequence + 1, "previous": chain.head.hex(), "ended": sorted(ended)}


def pin_end(case: bytes, person: bytes, pins: Pins) -> None:
    """Remember an end that the service took in, from where the case was last seen."""
    known = pins.cases.get(case.hex())
    if known:
        pins.ends[f"{case.hex()}-{person.hex()}"] = known


def named_keys(chain: CaseChain, person: bytes, organisation: bytes) -> frozenset[str]:
    """The chain heads (hex) that the links name as those of somebody in a capacity."""
    wanted, found = (encode_hex(person), encode_hex(organisation)), set()
    for link in chain.links:
        who = link.payload.get("participant") or link.payload.get("coordinator")
        if who and (who["person"], who["organisation"]) == wanted:
            found.add(str(link.payload["chainHead"]))
    return frozenset(found - {""})


def _check_ends(case: str, chain: CaseChain, ended: set[str], pins: Pins) -> None:
    """Every end that was seen is named by a later link, which settles it, or still waits to be named."""
    places = {link.hash.hex(): at for at, link in enumerate(chain.links)}
    for where, head in list(pins.ends.items()):
        of, _, person = where.partition("-")
        if of != case or person in ended:
            continue
        after = chain.links[places.get(head, 0) + 1 :]
        if not any(person in link.payload["ended"] for link in after):
            raise PinError(HIDDEN_END)
        del pins.ends[where]
