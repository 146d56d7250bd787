"""Making a dossier on the owner's machine: every key, every statement, every wrap. Pure but for randomness."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from crypto.capsules import Capsule, KeyId, seal_capsule
from crypto.dossierkeys import DossierKeys, inbox_key
from crypto.encoding import encode_base64, new_id, sha256
from crypto.keys import SealingKey, SigningKey
from crypto.sections import SectionPlace, section_sealing_key, wrap_section
from crypto.statements import Statement, cosign, sign

START = {"seq": 0, "leaf": "00" * 32}
FOREVER = 2**53 - 1
LANES = ("ordinary", "confidential", "vault")


@dataclass(frozen=True)
class Identity:
    """The keys of one person in one capacity, on this machine; `head` is the statement hash of their chain's head."""

    person: bytes
    organisation: bytes
    signing: SigningKey = field(repr=False)
    sealing: SealingKey = field(repr=False)
    head: bytes

    @property
    def key_hash(self) -> str:
        """The hex hash of the signing key, as actors are named in statements."""
        return sha256(self.signing.public).hex()


@dataclass(frozen=True)
class MadeDossier:
    """A dossier that is not sent yet: its keys, and the body of the request that makes it."""

    dossier: bytes
    keys: DossierKeys = field(repr=False)
    stream_key: bytes = field(repr=False)
    body: dict[str, Any] = field(repr=False)


def make_dossier(owner: Identity, nature: str, sections: Iterable[str], now: int) -> MadeDossier:
    """Make all keys of a new dossier of this nature (private or business); `now` in UTC seconds."""
    dossier, stream_key = new_id(), secrets.token_bytes(32)
    keys = DossierKeys(secrets.token_bytes(32), secrets.token_bytes(32))
    key = _dossier_key(owner, dossier, keys, stream_key, nature, now)
    authority = first_authority(owner, dossier, keys, now)
    places = [SectionPlace(dossier, section, lane, 0) for section in sorted(sections) for lane in LANES]
    made = [section_key(keys, place, "", now) for place in places]
    capsule = holder_capsule(authority, owner.person, owner.sealing.public, dossier, keys, stream_key=stream_key)
    body = {
        "statements": [encode_base64(each.envelope) for each in (key, authority, *(one for one, _ in made))],
        "capsules": [encode_base64(capsule.encode())],
        "sections": [
            {"section": place.section, "lane": place.lane, "wrapped": encode_base64(wrapped)}
            for place, (_, wrapped) in zip(places, made, strict=True)
        ],
        "streamKey": encode_base64(stream_key),
    }
    return MadeDossier(dossier, keys, stream_key, body)


def first_authority(owner: Identity, dossier: bytes, keys: DossierKeys, now: int) -> Statement:
    """The first authority list: the owner alone, in full, signed by the dossier key and by the owner."""
    holder = {
        "person": owner.person.hex(),
        "chainHead": owner.head.hex(),
        "capacity": "owner",
        "sections": [],
        "full": True,
        "threshold": 1,
        "from": 0,
        "until": FOREVER,
    }
    payload = {
        "dossier": dossier.hex(),
        "sequence": 0,
        "previous": "",
        "holders": [holder],
        "actors": [{"person": owner.person.hex(), "keyHash": owner.key_hash}],
        "after": START,
        "issuedAt": now,
        "signer": dossier.hex(),
    }
    return cosign(sign("authority-list", payload, SigningKey.from_seed(keys.signing_seed)), owner.signing)


def section_key(
    keys: DossierKeys, place: SectionPlace, previous: str, now: int, secret: bytes = b""
) -> tuple[Statement, bytes]:
    """Make a section's secret; return the statement of its public key, and the secret under the dossier root.

    `secret` is given by whoever must seal it to others too: 32 random bytes.
    """
    secret = secret or secrets.token_bytes(32)
    payload = {
        "dossier": place.dossier.hex(),
        "section": place.section,
        "lane": place.lane,
        "epoch": place.epoch,
        "previous": previous,
        "publicKey": encode_base64(section_sealing_key(secret, place).public),
        "issuedAt": now,
        "signer": place.dossier.hex(),
    }
    statement = sign("section-key", payload, SigningKey.from_seed(keys.signing_seed))
    return statement, wrap_section(keys.root, secret, place)


def holder_capsule(
    authority: Statement,
    holder: bytes,
    public: bytes,
    dossier: bytes,
    keys: DossierKeys,
    sequence: int = 0,
    *,
    stream_key: bytes = b"",
) -> Capsule:
    """Seal the dossier's own keys of one sequence to a full holder, for the authority list that names them.

    The first stream key comes along where it is given; later ones are the service's to show.
    """
    sealed = {
        KeyId.dossier_key(dossier, sequence): keys.signing_seed,
        KeyId.dossier_root(dossier, sequence): keys.root,
    }
    if stream_key:
        sealed[KeyId.stream(dossier, 0)] = stream_key
    return seal_capsule(authority.hash, holder, public, sealed)


def next_dossier_key(
    previous: Statement, signing_seed: bytes, keys: DossierKeys, stream_key_hash: str, now: int
) -> Statement:
    """The successor of a dossier key: the new key and inbox key, signed by the one before.

    `signing_seed` is the old key's, `stream_key_hash` SHA-256 (hex) of the stream key that stands.
    """
    dossier, sequence = bytes.fromhex(previous.payload["dossier"]), int(previous.payload["sequence"]) + 1
    payload = {
        "dossier": dossier.hex(),
        "owner": previous.payload["owner"],
        "nature": previous.payload["nature"],
        "sequence": sequence,
        "previous": previous.hash.hex(),
        "key": encode_base64(SigningKey.from_seed(keys.signing_seed).public),
        "inboxKey": encode_base64(inbox_key(keys.root, dossier, sequence).public),
        "streamKeyHash": stream_key_hash,
        "issuedAt": now,
        "signer": dossier.hex(),
    }
    return sign("dossier-key", payload, SigningKey.from_seed(signing_seed))


def next_authority(
    previous: Statement,
    holders: Iterable[Mapping[str, Any]],
    actor: Identity,
    signing_seed: bytes,
    after: Mapping[str, Any],
    now: int,
) -> Statement:
    """The authority list that follows another, signed by the dossier key and by the holder who acts.

    Where more must act, each signs it too (`crypto.statements.cosign`) and stands in `actors`: that is not made here.
    """
    payload = {
        "dossier": previous.payload["dossier"],
        "sequence": int(previous.payload["sequence"]) + 1,
        "previous": previous.hash.hex(),
        "holders": [dict(each) for each in holders],
        "actors": [{"person": actor.person.hex(), "keyHash": actor.key_hash}],
        "after": dict(after),
        "issuedAt": now,
        "signer": previous.payload["dossier"],
    }
    return cosign(sign("authority-list", payload, SigningKey.from_seed(signing_seed)), actor.signing)


def _dossier_key(
    owner: Identity, dossier: bytes, keys: DossierKeys, stream_key: bytes, nature: str, now: int
) -> Statement:
    signer = SigningKey.from_seed(keys.signing_seed)
    payload = {
        "dossier": dossier.hex(),
        "owner": owner.person.hex(),
        "nature": nature,
        "sequence": 0,
        "previous": "",
        "key": encode_base64(signer.public),
        "inboxKey": encode_base64(inbox_key(keys.root, dossier, 0).public),
        "streamKeyHash": sha256(stream_key).hex(),
        "issuedAt": now,
        "signer": dossier.hex(),
    }
    return sign("dossier-key", payload, signer)
