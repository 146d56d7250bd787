"""Vectors of who joins a case: the chain of its links, and the keys that somebody joined with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crypto.keys import key_hash
from crypto.statements import Statement, cosign, sign
from tests.vectors.chains import KEYS, NOW, ORGANISATION, PERSON, SEALING, envelopes, person_statement
from tests.vectors.frozen import b64, fixed, vector

CASE, CITIZEN = fixed("case", 16).hex(), fixed("citizen", 16).hex()
COORDINATOR, OTHER = KEYS[0], KEYS[1]
ROLE = "debt-counsellor"


def make() -> None:
    """Make the vectors of this module."""
    _case_chains()
    _joined_keys()


def opening(signer: str = PERSON, **changes: Any) -> Statement:
    """Sign the opening of the case by its coordinator, a professional."""
    payload = {
        "case": CASE,
        "subject": "debts",
        "purpose": "debt-help",
        "basis": "legal-task",
        "coordinator": {"person": PERSON, "organisation": ORGANISATION, "role": ROLE},
        "chainHead": key_statement(0).hash.hex(),
        "signer": signer,
        "issuedAt": NOW,
        "organisation": ORGANISATION,
        "role": ROLE if signer == PERSON else "",
    }
    return sign("case-opening", payload | changes, COORDINATOR)


def participation(at: int, before: Statement, **changes: Any) -> Statement:
    """Sign a link that brings the citizen in."""
    payload = {
        "case": CASE,
        "participant": {"person": CITIZEN, "organisation": "", "role": ""},
        "chainHead": key_statement(0, CITIZEN, "").hash.hex(),
        "kind": "network",
        "purpose": "network-help",
        "from": NOW,
        "until": NOW + 86_400,
        "sequence": at,
        "previous": before.hash.hex(),
        "ended": [],
        "signer": PERSON,
        "issuedAt": NOW + at,
        "organisation": ORGANISATION,
        "role": ROLE,
    }
    return sign("case-participation", payload | changes, COORDINATOR)


def transfer(at: int, before: Statement, **changes: Any) -> Statement:
    """Sign a link that hands the reins to the citizen, by both."""
    both = zip((PERSON, CITIZEN), (COORDINATOR, OTHER), strict=True)
    payload = {
        "case": CASE,
        "from": PERSON,
        "to": {"person": CITIZEN, "organisation": "", "role": ""},
        "actors": [{"person": person, "keyHash": key_hash(key.public).hex()} for person, key in both],
        "sequence": at,
        "previous": before.hash.hex(),
        "ended": [],
        "issuedAt": NOW + at,
    }
    return cosign(sign("coordinator-transfer", payload | changes, COORDINATOR), OTHER)


def case_links() -> list[Statement]:
    """Sign the links of a case: opened, a citizen brought in, the reins handed over, somebody's end acknowledged."""
    links = [opening()]
    links.append(participation(1, links[-1]))
    links.append(transfer(2, links[-1]))
    links.append(participation(3, links[-1], ended=[PERSON]))
    return links


def key_statement(
    at: int, person: str = PERSON, organisation: str = ORGANISATION, before: Statement | None = None, **changes: Any
) -> Statement:
    """Sign one statement of somebody's key chain; the first with the key it names."""
    named = {"person": person, "signer": person, "organisation": organisation}
    signer = KEYS[at - 1] if at else KEYS[0]
    return person_statement(at, before.hash.hex() if before else "", signer, **(named | changes))


def key_chain(length: int, person: str = CITIZEN, organisation: str = "") -> list[Statement]:
    """Sign the whole chain of somebody's keys."""
    chain = [key_statement(0, person, organisation)]
    for at in range(1, length):
        chain.append(key_statement(at, person, organisation, chain[-1]))
    return chain


def _case_chains() -> None:
    sound = case_links()

    def one(name: str, expect: str, comment: str, statements: Sequence[Statement], **changes: Any) -> None:
        vector("case-chain", name, expect, comment, **({"pinned": "", "statements": envelopes(statements)} | changes))

    head = {"head": sound[3].hash.hex(), "sequence": 3}
    one("valid", "success", "opened, brought in, handed over, brought in again", sound, **head)
    one("pinned", "success", "the pinned link is in the chain", sound, pinned=sound[1].hash.hex(), **head)
    one("opening", "success", "nobody was brought in yet", sound[:1], head=sound[0].hash.hex(), sequence=0)
    one("rolled-back", "pin", "the chain ends before the pinned link", sound[:2], pinned=sound[3].hash.hex())
    fork = [*sound[:2], participation(2, sound[1])]
    one("fork", "pin", "another link in the place of the pinned one", fork, pinned=sound[2].hash.hex())
    one("empty", "malformed", "no statements", [])
    one("no-opening", "malformed", "the opening missing", sound[1:])
    one("two-openings", "malformed", "an opening in the middle", [sound[0], sound[0]])
    one("left-out-middle", "malformed", "the second link missing", [*sound[:2], sound[3]])
    one("left-out-first", "malformed", "the first link missing", [sound[0], *sound[2:]])
    one("order", "malformed", "two links swapped", [sound[0], sound[2], sound[1], sound[3]])
    one("repeated", "malformed", "a link shown twice", [*sound[:2], sound[1]])
    one("skipped-number", "malformed", "a number left out", [sound[0], participation(2, sound[0])])
    one("other-previous", "malformed", "names another link before it", [sound[0], participation(1, sound[1])])
    other = participation(1, sound[0], case=fixed("other case", 16).hex())
    one("other-case", "malformed", "a link of another case", [sound[0], other])
    end = {"case": CASE, "person": CITIZEN, "reason": "left", "issuedAt": NOW + 9, "organisation": "", "role": ""}
    left = sign("participation-end", end | {"signer": CITIZEN}, OTHER)
    one("other-kind", "malformed", "an end is no link", [*sound[:2], left])


def _joined_keys() -> None:
    def one(name: str, expect: str, comment: str, joined: Statement, chain: Sequence[Statement], **out: Any) -> None:
        first = chain[0].payload
        fields = {"person": first["person"], "organisation": first["organisation"], "chain": envelopes(chain)}
        vector("joined-key", name, expect, comment, statement=b64(joined.envelope), **fields, **out)

    def key(at: int) -> dict[str, str]:
        return {"sealingKey": b64(SEALING[at].public)}

    start, citizen, worker = opening(), key_chain(1), key_chain(2, PERSON, ORGANISATION)
    bea = participation(1, start)
    professional = {"person": PERSON, "organisation": ORGANISATION, "role": ROLE}
    noor = participation(1, start, participant=professional, kind="professional", chainHead=worker[0].hash.hex())
    one("citizen", "success", "a citizen with the keys that they joined with", bea, citizen, **key(0))
    one("professional", "success", "a professional with the keys that they joined with", noor, worker[:1], **key(0))
    one("professional-later", "success", "a professional whose keys followed from those", noor, worker, **key(1))
    one("coordinator", "success", "the coordinator by the opening", start, worker[:1], **key(0))
    by_system = opening(fixed("system", 16).hex(), chainHead="")
    one("coordinator-by-system", "success", "an opening by a system names no keys", by_system, worker, **key(1))
    one("citizen-later", "pin", "a citizen who replaced their keys after joining", bea, key_chain(2))
    swapped = key_statement(0, CITIZEN, "", sealingKey=b64(SEALING[2].public))
    one("citizen-swapped", "pin", "another chain in the place of the citizen's", bea, [swapped])
    # Keys of a stranger that go on to the true signing key: naming the signing key alone would let this through.
    first = person_statement(0, "", KEYS[2], person=CITIZEN, signer=CITIZEN, organisation="", signingKey=_key(2))
    names = {"person": CITIZEN, "signer": CITIZEN, "organisation": "", "signingKey": _key(0)}
    onward = person_statement(1, first.hash.hex(), KEYS[2], sealingKey=b64(SEALING[2].public), **names)
    one("citizen-same-signing-key", "pin", "a stranger's chain that ends in the true signing key", bea, [first, onward])
    thief = key_statement(0, PERSON, ORGANISATION, sealingKey=b64(SEALING[2].public))
    one("professional-swapped", "pin", "another chain in the place of the professional's", noor, [thief])
    one("other-person", "pin", "the chain of another person", bea, key_chain(1, fixed("other person", 16).hex()))
    one("other-capacity", "pin", "the citizen's keys for work", bea, key_chain(1, CITIZEN, ORGANISATION))
    unnamed = opening(chainHead="")
    one("coordinator-unnamed", "pin", "a person who opens without naming keys", unnamed, worker[:1])
    one("other-kind", "malformed", "a transfer lets nobody take part", transfer(2, bea), citizen)


def _key(at: int) -> str:
    return b64(KEYS[at].public)
