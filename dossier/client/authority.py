"""Who could sign for a dossier at which moment, from its authority lists alone: nothing that the service says counts.

A list counts if a key of the dossier's own chain signed it, and every holder who acted on it. It stands from the first
rules position after the one that it names in `after` until the next list: a widening statement is taken in only at the
very position that it names, so the positions that signed statements name tell which list stood when they were taken in.
A record names no position; for it the times count that its author and the lists give, within what clocks may differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import msgspec

from consent.catalogue import shipped_catalogues
from consent.entries import Holder
from consent.errors import ConsentError, NotAuthorisedError
from consent.facts import DossierFacts, FactRecord
from consent.folding import compile_facts
from consent.terms import VAULT
from consent.verification import FRESH_SECONDS, check_authority
from crypto.chains import DossierChain, KeyChain
from crypto.core import Core
from crypto.errors import PinError, SignatureError
from crypto.keys import key_hash
from crypto.statements import Statement, verify, verify_threshold
from dossier.client.parties import Pins
from dossier.client.signers import Signers, key_then

SLACK = FRESH_SECONDS
"""Seconds by which the clocks of authors and signers may differ, and which a list may wait before it is taken in."""

Chains = Callable[[bytes], KeyChain]
"""The verified chain of a citizen by person id; raises PinError."""


@dataclass(frozen=True)
class AuthorityList:
    """One verified list; `rules` is what it says, for the same check of authority that the service makes."""

    statement: Statement
    rules: DossierFacts

    @property
    def position(self) -> int:
        """The rules position after which it was taken in."""
        return int(self.statement.payload["after"]["seq"])

    @property
    def issued(self) -> int:
        """When it was signed, UTC seconds."""
        return int(self.statement.payload["issuedAt"])

    def head(self, person: str) -> bytes:
        """The head of a holder's key chain, as the list names it."""
        named = (each["chainHead"] for each in self.statement.payload["holders"] if each["person"] == person)
        return bytes.fromhex(next(named))


@dataclass(frozen=True)
class Authority:
    """All authority lists of one dossier, verified and in order, and the chains of those who sign."""

    chain: DossierChain
    lists: tuple[AuthorityList, ...]
    chains: Chains

    @property
    def head(self) -> bytes:
        """The hash of the newest list: what pins hold."""
        return self.lists[-1].statement.hash

    def author_key(self, core: Core) -> bytes:
        """The key with which a person signed a record; raise PinError unless they were owner or holder there then."""
        person, owners = core.author.hex(), {each.payload["owner"] for each in self.chain.statements}
        if person not in owners:
            self._holder(core)
        return key_then(self.chains(core.author), core.author_key_id.hex(), core.issued)

    def check_signed(
        self, statement: Statement, sections: frozenset[str] | None, cosigned: Sequence[Statement] = ()
    ) -> frozenset[str] | None:
        """Check that holders signed a widening statement, as many as were needed when the last of them signed.

        `sections` are those that it reaches, None for the whole dossier; empty: it does not say, and counts for what
        was born in those that its signers hold. Return these, None if nothing more needs to be looked at. Raise PinError
        for signers without authority or too few of them, SignatureError for a signature that is not theirs.
        """
        signed = (statement, *(each for each in cosigned if _belongs(each, statement)))
        standing = self._standing(max(int(each.payload["after"]["seq"]) for each in signed))
        for each in signed:
            chain = self.chains(bytes.fromhex(each.payload["signer"]))
            verify(each, key_then(chain, each.payload["keyHash"], each.payload["issuedAt"]))
        reach = sections if sections != frozenset() else _held(standing, signed)
        last = max(int(each.payload["issuedAt"]) for each in signed)
        others = [each.payload for each in signed[1:]]
        if not any(_covers(statement.payload, reach, standing, at, others) for at in (last, last + SLACK)):
            raise PinError("the signers are neither owner nor holders with authority over this")
        for each in signed:
            self._check_chain(standing, each.payload["signer"])
        return None if sections else reach

    def check_signer(self, statement: Statement, sections: frozenset[str]) -> None:
        """Check that somebody who held these sections signed a statement; whether enough did is not looked at.

        Raise PinError for a signer without authority, SignatureError for a signature that is not theirs.
        """
        payload = statement.payload
        standing = self._standing(int(payload["after"]["seq"]))
        verify(
            statement, key_then(self.chains(bytes.fromhex(payload["signer"])), payload["keyHash"], payload["issuedAt"])
        )
        issued = int(payload["issuedAt"])
        if not any(_covers(payload, sections, standing, at, (), alone=True) for at in (issued, issued + SLACK)):
            raise PinError("the signer is neither owner nor a holder with authority over this")
        self._check_chain(standing, payload["signer"])

    def _standing(self, position: int) -> AuthorityList:
        before = [each for each in self.lists if each.position < position]
        if not before:
            raise PinError("no authority list stood at this position")
        return before[-1]

    def _holder(self, core: Core) -> None:
        """Raise PinError unless some list that may have stood when this was authored covers author and section."""
        ends = [*(each.issued for each in self.lists[1:]), None]
        for each, end in zip(self.lists, ends, strict=True):
            stood = each.issued - SLACK <= core.issued and (end is None or core.issued < end + 2 * SLACK)
            if stood and any(_may_author(holder, core) for holder in each.rules.holders):
                self._check_chain(each, core.author.hex())
                return
        raise PinError("the author is neither owner nor a holder of this section at that time")

    def _check_chain(self, standing: AuthorityList, person: str) -> None:
        """The keys of a holder are those of the chain that the list names, or follow from them."""
        if all(each.person != person for each in standing.rules.holders):
            return  # the owner, before anybody else is listed
        chain = self.chains(bytes.fromhex(person))
        if standing.head(person) not in {each.hash for each in chain.statements}:
            raise PinError("the keys of a holder do not follow from those that the authority list names")


def check_authority_lists(
    statements: Iterable[Statement], chain: DossierChain, chains: Chains, *, pinned: bytes | None = None
) -> Authority:
    """Verify all authority lists of a dossier; `pinned` is the hash of the newest list seen before, if any.

    Raise PinError for lists that are not the dossier's, have a gap, or end before the pinned one, SignatureError for one
    that its dossier key or an acting holder did not sign.
    """
    found = sorted((one for one in statements if one.kind == "authority-list"), key=list_sequence)
    if not found:
        raise PinError("the dossier shows no authority list")
    _check_order(found, chain)
    newest = 0
    for one in found:
        newest = _check_list(one, chain, chains, newest)
    if pinned is not None and pinned not in {one.hash for one in found}:
        raise PinError("the authority lists do not follow from those seen before")
    lists = tuple(AuthorityList(one, _rules(one, chain)) for one in found)
    for each in lists:
        _check_owner(each)
    for before, after in pairwise(lists):
        _check_acting(before, after)
    return Authority(chain, lists, chains)


def _check_order(found: Sequence[Statement], chain: DossierChain) -> None:
    previous, position = "", -1
    for at, one in enumerate(found):
        payload = one.payload
        if (payload["dossier"], payload["sequence"], payload["previous"]) != (chain.dossier.hex(), at, previous):
            raise PinError("the authority lists have a gap, or are of another dossier")
        if payload["after"]["seq"] <= position:
            raise PinError("the positions of the authority lists go down")
        previous, position = one.hash.hex(), payload["after"]["seq"]


def _check_list(one: Statement, chain: DossierChain, chains: Chains, newest: int) -> int:
    """Verify a list's signatures; return the sequence of the dossier key, which never goes back."""
    names = [key_hash(key).hex() for key in chain.keys]
    if one.payload["keyHash"] not in names:
        raise PinError("an authority list is signed by no key of the dossier")
    sequence = names.index(one.payload["keyHash"])
    if sequence < newest:
        raise PinError("an authority list is signed by an older dossier key than the one before")
    acting = [(bytes.fromhex(each["person"]), each["keyHash"]) for each in one.payload["actors"]]
    keys = {key_then(chains(person), name, one.payload["issuedAt"]) for person, name in acting}
    signers = verify_threshold(one, {*chain.keys, *keys}, len(keys) + 1)
    if not keys <= set(signers):
        raise SignatureError("an authority list is not signed by all who act on it")
    return sequence


def _check_owner(listed: AuthorityList) -> None:
    """The owner stands on every list, in full: left out, they would act as if nobody else had ever to sign with them."""
    owner = listed.rules.owner
    if not any((each.person, each.capacity) == (owner, "owner") and each.full for each in listed.rules.holders):
        raise PinError("an authority list leaves out the owner")


def _check_acting(before: AuthorityList, after: AuthorityList) -> None:
    """Whoever changes who holds the dossier holds it in full, by the list before, and as many act as that one wants."""
    acting = {each["person"] for each in after.statement.payload["actors"]}
    full = {each.person: each for each in before.rules.holders if each.full and _overlaps(each, after.issued)}
    thresholds = [full[person].threshold for person in acting if person in full]
    needed = 1 if _only_ended(before, after) else max(thresholds, default=1)
    if not acting or len(thresholds) < len(acting) or len(acting) < needed:
        raise PinError("an authority list was changed by others than enough full holders")


def _only_ended(before: AuthorityList, after: AuthorityList) -> bool:
    """Whether a list only leaves out or shortens entries of the one before: as at the end of authority without a key.

    One full holder may do that to anybody but the owner, whose entry stays as it was (dossier.dossiers.stopping). It
    gives nobody more: whoever remains needs as many signatures as before.
    """
    owner = before.rules.owner
    stays = [each for each in before.rules.holders if each.person == owner]
    return all(each in after.rules.holders for each in stays) and all(
        any(_is_shorter(new, old) for old in before.rules.holders) for new in after.rules.holders
    )


def _is_shorter(new: Holder, old: Holder) -> bool:
    """Whether an entry is another as it was, or with an earlier end."""
    shortened = replace(old, period=msgspec.structs.replace(old.period, end=min(old.period.end, new.period.end)))
    return new == shortened and new.period.end <= old.period.end


def _overlaps(holder: Holder, at: int) -> bool:
    """Whether a holder's time holds at an instant, within what clocks may differ."""
    return holder.period.start <= at + SLACK and at < holder.period.end + SLACK


def list_sequence(one: Statement) -> int:
    """The place of a list in the chain of its dossier's lists."""
    return int(one.payload["sequence"])


def _rules(one: Statement, chain: DossierChain) -> DossierFacts:
    key = FactRecord(0, "dossier-key", chain.dossier.hex(), chain.statements[0].payload)
    try:
        return compile_facts((key, FactRecord(1, one.kind, chain.dossier.hex(), one.payload)), shipped_catalogues())
    except ConsentError as error:
        raise PinError("an authority list says something impossible") from error


def _belongs(each: Statement, statement: Statement) -> bool:
    return each.kind == "countersignature" and each.payload["proposal"] == statement.hash.hex()


def _held(standing: AuthorityList, signed: Sequence[Statement]) -> frozenset[str] | None:
    """The sections that all of these signers hold, None if each holds the dossier in full."""
    reach: frozenset[str] | None = None
    for each in signed:
        named = (each.payload["signer"], each.payload["capacity"])
        entries = [holder for holder in standing.rules.holders if (holder.person, holder.capacity) == named]
        if not any(holder.full for holder in entries):
            mine = frozenset(section for holder in entries for section in holder.sections)
            reach = mine if reach is None else reach & mine
    return reach


def _covers(
    payload: Mapping[str, Any],
    sections: frozenset[str] | None,
    standing: AuthorityList,
    at: int,
    others: Sequence[Mapping[str, Any]],
    *,
    alone: bool = False,
) -> bool:
    try:
        check_authority(payload, sections, standing.rules, at, cosigners=others, needs_threshold=not alone)
    except NotAuthorisedError:
        return False
    return True


def _may_author(holder: Holder, core: Core) -> bool:
    in_scope = holder.full and holder.capacity == "owner" if core.lane == VAULT else holder.covers(core.section)
    return holder.person == core.author.hex() and in_scope and _overlaps(holder, core.issued)


def pinned_authority(statements: Iterable[Statement], chain: DossierChain, signers: Signers, pins: Pins) -> Authority:
    """Verify the authority lists among these statements and pin the newest; raise PinError or SignatureError."""
    where = chain.dossier.hex()
    known = pins.authorities.get(where)
    authority = check_authority_lists(statements, chain, signers.chain, pinned=bytes.fromhex(known) if known else None)
    pins.authorities[where] = authority.head.hex()
    return authority
