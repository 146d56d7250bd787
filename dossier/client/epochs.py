"""New epochs of section keys, as a holder's client makes them: a key, capsules for who still may, a rotation that names them.

Nobody gets a capsule whose consent, attestation or key chain does not verify: whoever the service names beside that is
skipped, by name. Page: docs/spec/rotation.md.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from consent.terms import VAULT
from crypto.capsules import Capsule, KeyId, seal_capsule
from crypto.chains import SectionKey
from crypto.dossierkeys import DossierKeys
from crypto.encoding import BUCKET_SIZE, encode_base64, new_id, sha256
from crypto.errors import CryptoError
from crypto.sections import SectionPlace
from crypto.statements import Statement, sign
from dossier.client.cases import CaseClient
from dossier.client.errors import RefusedError
from dossier.client.governing import HeldBy, held_by, holder_chain
from dossier.client.groups import People, Recipient
from dossier.client.holding import HeldDossier
from dossier.client.listed import Shown
from dossier.client.listing import list_own
from dossier.client.making import section_key
from dossier.client.membership import Concerned
from dossier.client.owner import Owner
from dossier.sharing.coverage import covers_lane

MOST_CAPSULES = 2_000
MOST_OF_SECTION = 400
"""Capsules in one request and of one section; whoever is beyond is skipped, and served under their consent later."""


@dataclass
class Seen:
    """A dossier as its holder sees it now: what the service shows of rotations, the rest verified."""

    owner: Owner
    people: People
    dossier: bytes
    shown: Mapping[str, Any] = field(repr=False)
    held: HeldDossier = field(repr=False)
    by: HeldBy = field(repr=False)
    consents: Mapping[str, Shown] = field(repr=False)
    _meant: dict[str, dict[bytes, Recipient]] = field(default_factory=dict, repr=False)

    @classmethod
    def now(cls, owner: Owner, people: People, dossier: bytes) -> Seen:
        """Look at dossier, lists and consents; raise PinError or SignatureError for what does not verify."""
        owner.session.step_up()
        shown: Mapping[str, Any] = owner.session.get(f"/v1/dossiers/{dossier.hex()}/rotations")
        held = owner.hold(dossier)
        listed = list_own(owner, dossier) if shown["holders"] else []
        consents = {each.consent.id: each for each in listed if isinstance(each, Shown)}
        return cls(owner, people, dossier, shown, held, held_by(owner, held, shown["authority"]), consents)

    @property
    def owns(self) -> bool:
        """Whether this is the owner, whose alone the vault is."""
        return str(self.held.chain.statements[0].payload["owner"]) == self.owner.identity.person.hex()

    def sign(self, kind: str, payload: Mapping[str, Any]) -> Statement:
        """Sign as the holder who acts, now."""
        who = self.owner.identity
        named = {"signer": who.person.hex(), "capacity": self.by.capacity(who.person)}
        return sign(kind, {**payload, **named, "issuedAt": self.owner.session.now()}, who.signing)

    def recipient(self, grantee: bytes, subject: str) -> tuple[bytes, bytes] | None:
        """For which statement and to which key a grantee is sealed, None if one of both does not verify."""
        try:
            consent = self.consents[subject]
            if subject not in self._meant:
                show = CaseClient(self.owner.session, self.owner.identity, pins=self.owner.seen).show
                concerned = Concerned.by(self.held.chain, self.owner.identity.person)
                found = self.people.meant_by(consent.consent.grantee, show, concerned)
                self._meant[subject] = {each.id: each for each in found.members}
            return consent.statement.hash, self._meant[subject][grantee].sealing_key
        except (KeyError, CryptoError, RefusedError):  # whoever does not verify is named as skipped
            return None


class Epochs:
    """New epochs of sections under one dossier key: `listed` is the authority list that holders' capsules are for."""

    def __init__(self, seen: Seen, keys: DossierKeys, listed: Statement) -> None:
        self._seen, self._keys, self._listed = seen, keys, listed
        self._left = MOST_CAPSULES
        self.made: list[tuple[str, str, int]] = []
        self.skipped: set[str] = set()

    def body(self, before: SectionKey) -> dict[str, Any]:
        """Make the epoch that follows one: its key, its capsules and the rotation that names them."""
        seen, place = self._seen, before.place
        following = SectionPlace(place.dossier, place.section, place.lane, place.epoch + 1)
        secret = secrets.token_bytes(32)
        now = seen.owner.session.now()
        key, wrapped = section_key(self._keys, following, before.hash.hex(), now, secret)
        capsules, skipped = self._capsules(following, secret)
        payload = {
            "rotation": new_id(seen.dossier[:BUCKET_SIZE]).hex(),
            "dossier": seen.dossier.hex(),
            "sectionKey": key.hash.hex(),
            "capsules": [{"grantee": each.grantee.hex(), "hash": sha256(each.encode()).hex()} for each in capsules],
            "skipped": sorted(skipped),
            "resealed": self._deliveries(place),
        }
        self.made.append((place.section, place.lane, following.epoch))
        self.skipped |= skipped
        return {
            "sectionKey": encode_base64(key.envelope),
            "rotation": encode_base64(seen.sign("rotation", payload).envelope),
            "capsules": [encode_base64(each.encode()) for each in capsules],
            "wrapped": encode_base64(wrapped),
        }

    def _deliveries(self, place: SectionPlace) -> int:
        """How many deliveries are to be sealed to the new key, as the service counts them."""
        where = (place.section, place.lane)
        counts = (
            each["deliveries"] for each in self._seen.shown["rotations"] if (each["section"], each["lane"]) == where
        )
        return int(next(counts, 0))

    def _capsules(self, place: SectionPlace, secret: bytes) -> tuple[list[Capsule], set[str]]:
        """One capsule for everybody who has the old key and still may, and who is skipped."""
        found: dict[str, Capsule] = {}
        wanted: set[str] = set()
        for each in self._seen.shown["holders"]:
            if (each["section"], each["lane"]) != (place.section, place.lane):
                continue
            grantee = each["grantee"]
            wanted.add(grantee)
            to = self._to(bytes.fromhex(grantee), each["subject"], place) if grantee not in found else None
            if to is not None and self._left and len(found) < MOST_OF_SECTION:
                statement, public = to
                sealed = {KeyId.section(place): secret}
                found[grantee] = seal_capsule(statement, bytes.fromhex(grantee), public, sealed)
                self._left -= 1
        return list(found.values()), wanted - found.keys()

    def _to(self, grantee: bytes, subject: str, place: SectionPlace) -> tuple[bytes, bytes] | None:
        if subject != self._seen.dossier.hex():
            shown = self._seen.consents.get(subject)
            covered = shown is not None and covers_lane(shown.consent, place.section, place.lane)
            return self._seen.recipient(grantee, subject) if covered else None
        entry = next(iter(_holding(self._seen.by.entries, grantee, place.section)), None)
        if entry is None or place.lane == VAULT:
            return None
        return self._listed.hash, holder_chain(self._seen.owner, entry).sealing_key


def _holding(entries: Iterable[dict[str, Any]], person: bytes, section: str) -> Iterable[dict[str, Any]]:
    return (each for each in entries if each["person"] == person.hex() and section in each["sections"])
