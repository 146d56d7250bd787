"""New epochs, as a full holder's client makes them: everything that waits, in steps of which each stands by itself.

First the dossier's own keys with a new epoch of every section, in one request; then sections that wait for themselves;
then deliveries that came while a key waited are sealed to the new one. Stopped between two steps, the next run goes on.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from consent.terms import VAULT
from crypto.capsules import Capsule, KeyId, seal_capsule
from crypto.chains import SectionKey
from crypto.dossierkeys import DossierKeys
from crypto.encoding import BUCKET_SIZE, decode_base64, encode_base64, new_id, sha256
from crypto.errors import CryptoError
from crypto.sections import SectionPlace, seal_placed, wrap_section
from crypto.statements import Statement, parse_statement, sign
from dossier.client.cases import CaseClient
from dossier.client.errors import RefusedError
from dossier.client.governing import HeldBy, held_by, holder_chain
from dossier.client.groups import People, Recipient
from dossier.client.holding import HeldDossier
from dossier.client.listing import list_own
from dossier.client.making import holder_capsule, next_authority, next_dossier_key, section_key
from dossier.client.owner import OpenedItem, Owner
from dossier.client.sharing import Shown
from dossier.sharing.coverage import covers_lane

MOST_CAPSULES = 2_000
MOST_OF_SECTION = 400
"""Capsules in one request and of one section; whoever is beyond is skipped, and served under their consent later."""

Tell = Callable[[str], None]


@dataclass
class Rotation:
    """What a run did. `sections` are (section, lane, epoch); `left` what still waits, as the service says it.

    `resealed` counts deliveries under the new keys, `proposed` those that wait for a second signature, `unread` those
    that do not open. `skipped` are grantees (hex) who must be served later.
    """

    sequence: int = -1
    sections: list[tuple[str, str, int]] = field(default_factory=list)
    resealed: int = 0
    proposed: int = 0
    unread: int = 0
    skipped: set[str] = field(default_factory=set)
    left: list[Mapping[str, Any]] = field(default_factory=list)


def rotate(
    owner: Owner, dossier: bytes, people: People, *, anew: bool = False, tell: Tell = lambda _: None
) -> Rotation:
    """Complete all that waits, as one who holds the dossier in full; with `anew` a new dossier key in any case.

    `tell` hears of each step. Raise PinError, SignatureError for what does not verify, RefusedError; a ConflictError of
    another holder's client who was first comes as RefusedError with status 409: then look again.
    """
    run = _Run(owner, dossier, people, tell)
    if anew or any(each["key"] == "dossier-key" for each in run.shown["rotations"]):
        run.succeed()
    for each in run.sections():
        run.rotate_section(each["section"], each["lane"])
    run.reseal()
    run.done.left = run.shown["rotations"]
    return run.done


class _Run:
    """One run: what was seen last, and what was done so far."""

    def __init__(self, owner: Owner, dossier: bytes, people: People, tell: Tell) -> None:
        self.owner, self.dossier, self.people, self.tell = owner, dossier, people, tell
        self.done = Rotation()
        self._meant: dict[str, dict[bytes, Recipient]] = {}
        self.look()

    def look(self) -> None:
        """See the dossier, its lists and its consents as they are now."""
        self.owner.session.step_up()
        self.shown: Mapping[str, Any] = self.owner.session.get(f"/v1/dossiers/{self.dossier.hex()}/rotations")
        self.held: HeldDossier = self.owner.hold(self.dossier)
        self.by: HeldBy = held_by(self.owner, self.held, self.shown["authority"])
        listed = list_own(self.owner, self.dossier) if self.shown["holders"] else []
        self.consents = {each.consent.id: each for each in listed if isinstance(each, Shown)}

    @property
    def owns(self) -> bool:
        """Whether this is the owner, whose alone the vault is."""
        return str(self.held.chain.statements[0].payload["owner"]) == self.owner.identity.person.hex()

    def sections(self) -> list[Mapping[str, Any]]:
        """The sections that wait and are this holder's to rotate."""
        waiting = [each for each in self.shown["rotations"] if each["key"] == "section-key"]
        return [each for each in waiting if self.owns or each["lane"] != VAULT]

    def succeed(self) -> None:
        """Make the next dossier key with all that belongs to it, and send it as one."""
        self.tell("a new dossier key")
        now, held = self.owner.session.now(), self.held
        keys = DossierKeys(secrets.token_bytes(32), secrets.token_bytes(32))
        key = next_dossier_key(held.chain.statements[-1], held.keys.signing_seed, keys, self._stream_key_hash(), now)
        signer = self.owner.identity
        listed = next_authority(self.by.newest, self.by.entries, signer, keys.signing_seed, held.after, now)
        sequence = int(key.payload["sequence"])
        epochs = _Epochs(self, keys, listed)
        body = {
            "statement": encode_base64(key.envelope),
            "capsules": [encode_base64(each.encode()) for each in self._holders(listed, keys, sequence)],
            "succession": {
                "authority": encode_base64(listed.envelope),
                "wraps": [self._wrap(keys.root, place) for place in self._places()],
                "rotations": [epochs.body(each) for each in self._current()],
            },
        }
        self.owner.session.post(f"/v1/dossiers/{self.dossier.hex()}/statements", body)
        self.done.sequence = sequence
        self._finished(epochs)

    def rotate_section(self, section: str, lane: str) -> None:
        """Begin a new epoch of one section and lane."""
        self.tell(f"a new key for {section}, {lane}")
        epochs = _Epochs(self, self.held.keys, self.by.newest)
        body = epochs.body(self.held.current(section, lane))
        self.owner.session.post(f"/v1/dossiers/{self.dossier.hex()}/rotations", body)
        self._finished(epochs)

    def reseal(self) -> None:
        """Seal deliveries that came while a key waited to the key that stands: one signed placement each."""
        waiting = set(self.shown["waiting"])
        if not waiting:
            return
        self.tell(f"{len(waiting)} deliveries to be sealed again")
        for item in list(self.owner.items(self.held)):
            if isinstance(item, OpenedItem) and item.item in waiting:
                waiting.remove(item.item)
                state = self._place(item)
                self.done.resealed += state == "accepted"
                self.done.proposed += state != "accepted"
        self.done.unread = len(waiting)
        self.look()

    def _place(self, item: OpenedItem) -> str:
        """Place an item where it stands, under the newest key; return what became of the statement."""
        shown, target = item.shown, self.held.current(item.shown["section"], item.shown["lane"])
        sealed = seal_placed(item.item_key, target.place, item.header, target.public_key)
        before = parse_statement(decode_base64(shown["placement"])).hash.hex() if shown["placement"] else ""
        payload = {
            "placement": new_id(self.dossier[:BUCKET_SIZE]).hex(),
            "dossier": self.dossier.hex(),
            "item": item.item,
            "section": target.place.section,
            "lane": target.place.lane,
            "epoch": target.place.epoch,
            "label": shown["label"],
            "cases": sorted(shown["cases"]),
            "wrapHash": sha256(sealed).hex(),
            "previous": before,
            "after": self.owner.session.get(f"/v1/dossiers/{self.dossier.hex()}")["rules"],
        }
        body = {
            "statement": encode_base64(self.sign("placement", payload).envelope),
            "sealedKey": encode_base64(sealed),
        }
        return str(self.owner.session.post(f"/v1/dossiers/{self.dossier.hex()}/statements", body)["state"])

    def sign(self, kind: str, payload: Mapping[str, Any]) -> Statement:
        """Sign as the holder who acts, now."""
        who = self.owner.identity
        named = {"signer": who.person.hex(), "capacity": self.by.capacity(who.person)}
        return sign(kind, {**payload, **named, "issuedAt": self.owner.session.now()}, who.signing)

    def _finished(self, epochs: _Epochs) -> None:
        self.done.sections += epochs.made
        self.done.skipped |= epochs.skipped
        self.look()

    def _stream_key_hash(self) -> str:
        keys = self.owner.session.get(f"/v1/streams/{self.dossier.hex()}/keys")["keys"]
        return sha256(decode_base64(keys[-1]["key"])).hex()

    def _holders(self, listed: Statement, keys: DossierKeys, sequence: int) -> list[Capsule]:
        full = {each["person"]: each for each in self.by.entries if each["full"]}
        chains = [holder_chain(self.owner, each) for each in full.values()]
        return [holder_capsule(listed, each.person, each.sealing_key, self.dossier, keys, sequence) for each in chains]

    def _places(self) -> list[SectionPlace]:
        """Every section, lane and epoch that is this holder's."""
        return [key.place for key in self.held.sections.values() if self.owns or key.place.lane != VAULT]

    def _current(self) -> list[SectionKey]:
        where = sorted({(place.section, place.lane) for place in self._places()})
        return [self.held.current(*each) for each in where]

    def _wrap(self, root: bytes, place: SectionPlace) -> dict[str, Any]:
        wrapped = wrap_section(root, self.held.secret(place), place)
        where = {"section": place.section, "lane": place.lane, "epoch": place.epoch}
        return {**where, "wrapped": encode_base64(wrapped)}

    def recipient(self, grantee: bytes, subject: str) -> tuple[bytes, bytes] | None:
        """For which statement and to which key a grantee is sealed, None if one of both does not verify."""
        try:
            consent = self.consents[subject]
            if subject not in self._meant:
                show = CaseClient(self.owner.session, self.owner.identity).show
                found = self.people.meant_by(consent.consent.grantee, show)
                self._meant[subject] = {each.id: each for each in found.members}
            return consent.statement.hash, self._meant[subject][grantee].sealing_key
        except (KeyError, CryptoError, RefusedError):  # whoever does not verify is named as skipped
            return None


class _Epochs:
    """New epochs of sections under one dossier key: `listed` is the authority list that holders' capsules are for."""

    def __init__(self, run: _Run, keys: DossierKeys, listed: Statement) -> None:
        self._run, self._keys, self._listed = run, keys, listed
        self._left = MOST_CAPSULES
        self.made: list[tuple[str, str, int]] = []
        self.skipped: set[str] = set()

    def body(self, before: SectionKey) -> dict[str, Any]:
        """Make the epoch that follows one: its key, its capsules and the rotation that names them."""
        run, place = self._run, before.place
        following = SectionPlace(place.dossier, place.section, place.lane, place.epoch + 1)
        secret = secrets.token_bytes(32)
        now = run.owner.session.now()
        key, wrapped = section_key(self._keys, following, before.hash.hex(), now, secret)
        capsules, skipped = self._capsules(following, secret)
        payload = {
            "rotation": new_id(run.dossier[:BUCKET_SIZE]).hex(),
            "dossier": run.dossier.hex(),
            "sectionKey": key.hash.hex(),
            "capsules": [{"grantee": each.grantee.hex(), "hash": sha256(each.encode()).hex()} for each in capsules],
            "skipped": sorted(skipped),
            "resealed": self._deliveries(place),
        }
        self.made.append((place.section, place.lane, following.epoch))
        self.skipped |= skipped
        return {
            "sectionKey": encode_base64(key.envelope),
            "rotation": encode_base64(run.sign("rotation", payload).envelope),
            "capsules": [encode_base64(each.encode()) for each in capsules],
            "wrapped": encode_base64(wrapped),
        }

    def _deliveries(self, place: SectionPlace) -> int:
        """How many deliveries are to be sealed to the new key, as the service counts them."""
        where = (place.section, place.lane)
        counts = (
            each["deliveries"] for each in self._run.shown["rotations"] if (each["section"], each["lane"]) == where
        )
        return int(next(counts, 0))

    def _capsules(self, place: SectionPlace, secret: bytes) -> tuple[list[Capsule], set[str]]:
        """One capsule for everybody who has the old key and still may, and who is skipped."""
        found: dict[str, Capsule] = {}
        wanted: set[str] = set()
        for each in self._run.shown["holders"]:
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
        if subject != self._run.dossier.hex():
            shown = self._run.consents.get(subject)
            covered = shown is not None and covers_lane(shown.consent, place.section, place.lane)
            return self._run.recipient(grantee, subject) if covered else None
        entry = next(iter(_holding(self._run.by.entries, grantee, place.section)), None)
        if entry is None or place.lane == VAULT:
            return None
        return self._listed.hash, holder_chain(self._run.owner, entry).sealing_key


def _holding(entries: Iterable[dict[str, Any]], person: bytes, section: str) -> Iterable[dict[str, Any]]:
    return (each for each in entries if each["person"] == person.hex() and section in each["sections"])
