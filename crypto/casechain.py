"""Who joins a case, as a chain of signed changes, and with which keys each of them joined.

The opening is link 0; every statement that brings somebody in or hands over the reins is the next link: it counts on
from the link before, names its hash, and names those whose part ended meanwhile. So nobody can leave out the middle,
and whoever has seen a link notices when it is gone. Signatures are not verified here: who may sign a link follows from
the links before it. Page: docs/spec/cases.md. Vectors: tests/vectors/case-chain, tests/vectors/joined-key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from crypto.chains import KeyChain
from crypto.encoding import encode_hex
from crypto.errors import MalformedError, PinError
from crypto.statements import Statement

OPENING = "case-opening"
LINKS = frozenset({"case-participation", "coordinator-transfer"})
"""The kinds of statements that are links after the opening."""

_WHO = {OPENING: "coordinator", "case-participation": "participant"}
"""Whom a statement lets take part, by its kind: the name of the field."""


@dataclass(frozen=True)
class CaseChain:
    """The links of one case in their order, the opening first; well-linked, not verified."""

    links: tuple[Statement, ...]

    @property
    def head(self) -> bytes:
        """The statement hash of the last link: what the next one names, and what is pinned."""
        return self.links[-1].hash

    @property
    def sequence(self) -> int:
        """The number of the last link; 0 for the opening."""
        return len(self.links) - 1


def check_case_chain(links: Sequence[Statement], *, pinned: bytes | None = None) -> CaseChain:
    """Check that statements are the links of one case, whole and in order; their signatures are NOT verified.

    `pinned` is the hash of a link seen before, if any. Raise MalformedError for links of another case, a gap or another
    order, PinError if the pinned link is not among them.
    """
    if not links or links[0].kind != OPENING or any(each.kind not in LINKS for each in links[1:]):
        raise MalformedError("links begin with one opening, and go on with changes of who takes part")
    for at, (before, link) in enumerate(pairwise(links), 1):
        payload = link.payload
        if payload["case"] != links[0].payload["case"]:
            raise MalformedError("link of another case")
        if payload["sequence"] != at or payload["previous"] != encode_hex(before.hash):
            raise MalformedError("chain has a gap or another order")
    if pinned is not None and pinned not in {link.hash for link in links}:
        raise PinError("the case is shown without a change that was seen before")
    return CaseChain(tuple(links))


def joined_key(joined: Statement, chain: KeyChain) -> bytes:
    """Return the key to seal to for whom an opening or participation lets take part, by their verified key chain.

    A citizen's keys are exactly those named; a professional's, which their organisation attests besides, may have
    followed from them. Raise PinError otherwise: for other or changed keys, for another person or capacity.
    """
    check_joined(joined, chain)
    if not chain.organisation and joined.payload["chainHead"] != encode_hex(chain.head):
        raise PinError("the keys were replaced after joining the case")
    return chain.sealing_key


def check_joined(joined: Statement, chain: KeyChain) -> None:
    """Check that a verified key chain is of whom a statement lets take part, and contains the keys that it names.

    An opening by a system names no keys: its coordinator is attested. Raise PinError, MalformedError for another kind.
    """
    if joined.kind not in _WHO:
        raise MalformedError("this statement lets nobody take part")
    payload = joined.payload
    who: Mapping[str, Any] = payload[_WHO[joined.kind]]
    if (who["person"], who["organisation"]) != (encode_hex(chain.person), encode_hex(chain.organisation)):
        raise PinError("the keys are another person's, or of another capacity")
    by_system = joined.kind == OPENING and payload["signer"] != who["person"] and chain.organisation
    if by_system and not payload["chainHead"]:
        return
    if payload["chainHead"] not in {encode_hex(each.hash) for each in chain.statements}:
        raise PinError("the keys are not those that joined the case")
