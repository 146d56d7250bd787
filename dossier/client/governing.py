"""Who holds a dossier, as a holder's client sees and changes it: the next authority list, with keys for who is new."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crypto.chains import KeyChain
from crypto.encoding import encode_base64
from crypto.errors import PinError
from crypto.statements import Statement
from dossier.client.authority import pinned_authority
from dossier.client.holding import HeldDossier
from dossier.client.making import FOREVER, holder_capsule, next_authority
from dossier.client.owner import Owner

Entry = dict[str, Any]


@dataclass(frozen=True)
class NewHolder:
    """Somebody to be put on the list. Full: gets the dossier's own keys; else `sections` say what they hold."""

    person: bytes
    capacity: str = "mandate"
    full: bool = True
    sections: Sequence[str] = ()
    threshold: int = 1
    start: int = 0
    until: int = FOREVER


@dataclass(frozen=True)
class HeldBy:
    """The newest authority list of a dossier, verified, without the entries that have ended since."""

    newest: Statement
    entries: tuple[Entry, ...] = field(repr=False)

    def capacity(self, person: bytes) -> str:
        """In what capacity a person acts who holds in full; raise PinError for anybody else."""
        found = [each["capacity"] for each in self.entries if each["person"] == person.hex() and each["full"]]
        if not found:
            raise PinError("only who holds the dossier in full does this")
        return str(found[0])


def held_by(owner: Owner, held: HeldDossier, standing: Sequence[Mapping[str, Any]]) -> HeldBy:
    """Verify the lists of a dossier; `standing` is what the service says has not ended: it can only take away.

    Raise PinError or SignatureError.
    """
    authority = pinned_authority(held.statements, held.chain, owner.signers, owner.seen)
    newest = authority.lists[-1].statement
    until = {(each["person"], each["capacity"]): int(each["until"]) for each in standing}
    entries = [dict(each) for each in newest.payload["holders"] if (each["person"], each["capacity"]) in until]
    for each in entries:
        each["until"] = min(each["until"], until[each["person"], each["capacity"]])
    return HeldBy(newest, tuple(_with_newest_chain(owner, each) for each in entries))


def holder_chain(owner: Owner, entry: Mapping[str, Any]) -> KeyChain:
    """The verified chain of somebody on a list; raise PinError when it does not follow from the one that is listed."""
    chain = owner.signers.chain(bytes.fromhex(entry["person"]))
    if entry["chainHead"] not in {each.hash.hex() for each in chain.statements}:
        raise PinError("the keys of a holder do not follow from those that the authority list names")
    return chain


def appoint(owner: Owner, dossier: bytes, new: NewHolder) -> dict[str, Any]:
    """Put somebody on the list, in the place of an earlier entry of the same capacity; return the service's answer."""
    return _change(owner, dossier, lambda entries: [*_without(entries, new.person, new.capacity), _entry(owner, new)])


def dismiss(owner: Owner, dossier: bytes, person: bytes) -> dict[str, Any]:
    """Take somebody off the list by signatures; `end_authority` needs no key."""
    return _change(owner, dossier, lambda entries: _without(entries, person))


def end_authority(owner: Owner, dossier: bytes, person: bytes) -> dict[str, Any]:
    """End somebody's authority at once, by sign-in alone: one's own, or another's."""
    owner.session.step_up()
    answer: dict[str, Any] = owner.session.post(f"/v1/authorities/{person.hex()}/end", {"dossier": dossier.hex()})
    return answer


def _change(owner: Owner, dossier: bytes, change: Callable[[Sequence[Entry]], list[Entry]]) -> dict[str, Any]:
    owner.session.step_up()
    held = owner.hold(dossier)
    standing = owner.session.get(f"/v1/dossiers/{dossier.hex()}/rotations")["authority"]
    before = held_by(owner, held, standing)
    entries = change(before.entries)
    now = owner.session.now()
    signed = next_authority(before.newest, entries, owner.identity, held.keys.signing_seed, held.after, now)
    known = {each["person"] for each in before.entries if each["full"]}
    new = {each["person"] for each in entries if each["full"]} - known
    capsules = [_capsule(owner, held, signed, each) for each in entries if each["person"] in new]
    body = {"statement": encode_base64(signed.envelope), "capsules": capsules}
    answer: dict[str, Any] = owner.session.post(f"/v1/dossiers/{dossier.hex()}/statements", body)
    return answer


def _capsule(owner: Owner, held: HeldDossier, signed: Statement, entry: Mapping[str, Any]) -> str:
    chain = holder_chain(owner, entry)
    sequence = len(held.chain.keys) - 1
    capsule = holder_capsule(signed, chain.person, chain.sealing_key, held.dossier, held.keys, sequence)
    return encode_base64(capsule.encode())


def _entry(owner: Owner, new: NewHolder) -> Entry:
    return {
        "person": new.person.hex(),
        "chainHead": owner.signers.chain(new.person).head.hex(),
        "capacity": new.capacity,
        "sections": sorted(new.sections),
        "full": new.full,
        "threshold": new.threshold,
        "from": new.start,
        "until": new.until,
    }


def _with_newest_chain(owner: Owner, entry: Entry) -> Entry:
    return {**entry, "chainHead": holder_chain(owner, entry).head.hex()}


def _without(entries: Sequence[Entry], person: bytes, capacity: str = "") -> list[Entry]:
    return [each for each in entries if each["person"] != person.hex() or capacity not in {"", each["capacity"]}]
