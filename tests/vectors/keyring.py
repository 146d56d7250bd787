"""Vectors of section keys, dossier keys and capsules."""

from __future__ import annotations

from typing import Any

from crypto.capsules import Capsule, KeyId, commitment, parse_capsule, seal_capsule
from crypto.dossierkeys import DossierKeys, inbox_key, wrap_dossier_keys
from crypto.encoding import bind, sha256, u64, unbind
from crypto.keys import SealingKey, SigningKey, key_hash
from crypto.labels import SUITE, Label
from crypto.seal import seal, wrap
from crypto.sections import SectionPlace, section_list_key, section_sealing_key, wrap_section
from tests.values import replace
from tests.vectors.frozen import b64, fixed, flip, vector

PLACE = SectionPlace(fixed("dossier", 16), "debts", "ordinary", 0)


def make() -> None:
    """Make the vectors of this module."""
    _sections()
    _dossier_keys()
    _capsules()
    _capsule_faults()


def _sections() -> None:
    root, secret = fixed("dossier root"), fixed("section secret")
    public = section_sealing_key(secret, PLACE).public
    sound = wrap_section(root, secret, PLACE)

    def one(name: str, expect: str, comment: str, wrapped: bytes, **changes: Any) -> None:
        place = {"dossier": PLACE.dossier.hex(), "section": PLACE.section, "lane": PLACE.lane, "epoch": PLACE.epoch}
        fields = {"root": b64(root), "place": place, "publicKey": b64(public), "wrapped": b64(wrapped)}
        vector("section", name, expect, comment, **(fields | changes))

    list_key = section_list_key(secret, PLACE)
    one(
        "valid",
        "success",
        "a wrapped section secret and what derives from it",
        sound,
        secret=b64(secret),
        listKey=b64(list_key),
    )
    one("flipped", "tampered", "one bit", flip(sound))
    one("other-root", "tampered", "another root", sound, root=b64(fixed("other root")))
    place = {"dossier": PLACE.dossier.hex(), "section": "debts", "lane": "ordinary", "epoch": 1}
    one("other-epoch", "tampered", "another epoch", sound, place=place)
    other = section_sealing_key(fixed("other secret"), PLACE).public
    one("other-public-key", "tampered", "another public key in the statement", sound, publicKey=b64(other))
    swapped = wrap(Label.SECTION_SECRET, (*PLACE.context, key_hash(public)), root, fixed("other secret"))
    one("secret-of-another", "tampered", "a secret that does not give the public key it is bound to", swapped)


def _dossier_keys() -> None:
    root, dossier = fixed("user root"), fixed("dossier", 16)
    keys = DossierKeys(fixed("dossier seed"), fixed("dossier root"))
    key, inbox = SigningKey.from_seed(keys.signing_seed).public, inbox_key(keys.root, dossier, 0).public
    sound = wrap_dossier_keys(root, keys, dossier, 0)

    def one(name: str, expect: str, comment: str, wrapped: bytes, **changes: Any) -> None:
        fields = {
            "root": b64(root),
            "dossier": dossier.hex(),
            "sequence": 0,
            "key": b64(key),
            "inboxKey": b64(inbox),
            "wrapped": b64(wrapped),
        }
        vector("dossier-keys", name, expect, comment, **(fields | changes))

    one(
        "valid",
        "success",
        "the keys of a dossier under a user root",
        sound,
        signingSeed=b64(keys.signing_seed),
        dossierRoot=b64(keys.root),
    )
    one("flipped", "tampered", "one bit", flip(sound))
    one("other-sequence", "tampered", "another epoch", sound, sequence=1)
    one("other-key", "tampered", "another dossier key in the statement", sound, key=b64(fixed("other public")))
    context = (dossier, u64(0), key_hash(key), key_hash(inbox))
    swapped = wrap(Label.DOSSIER_KEYS, context, root, fixed("other seed") + keys.root)
    one("seed-of-another", "tampered", "a seed that does not give the key it is bound to", swapped)


GRANTEE = fixed("grantee", 16)
PAIR = SealingKey.from_seed(fixed("grantee pair"))
STATEMENT = fixed("consent")


def _keys() -> dict[KeyId, bytes]:
    dossier = fixed("dossier", 16)
    return {
        KeyId.section(PLACE): fixed("section secret"),
        KeyId("item", (fixed("item", 16), u64(1), fixed("core hash"))): fixed("item key"),
        KeyId.dossier_key(dossier, 0): fixed("dossier seed"),
        KeyId.dossier_root(dossier, 0): fixed("dossier root"),
        KeyId.stream(dossier, 0): fixed("stream key"),
    }


def _one(name: str, expect: str, comment: str, data: bytes, known: dict[KeyId, bytes], **changes: Any) -> None:
    expected = [
        {"id": b64(key_id.encode()), "commitment": commitment(key_id, secret).hex()} for key_id, secret in known.items()
    ]
    fields = {"capsule": b64(data), "seed": b64(PAIR.seed), "expected": expected}
    vector("capsule", name, expect, comment, **(fields | changes))


def _capsules() -> None:
    keys = _keys()
    capsule = seal_capsule(STATEMENT, GRANTEE, PAIR.public, keys)
    opened = [{"id": b64(key_id.encode()), "secret": b64(keys[key_id])} for key_id in capsule.key_ids]
    _one("valid", "success", "a key of every kind", capsule.encode(), keys, keys=opened)
    for key_id, secret in keys.items():
        single = seal_capsule(STATEMENT, GRANTEE, PAIR.public, {key_id: secret})
        only = [{"id": b64(key_id.encode()), "secret": b64(secret)}]
        _one(
            f"kind-{key_id.kind}",
            "success",
            f"one key of kind {key_id.kind}",
            single.encode(),
            {key_id: secret},
            keys=only,
        )
    for name, comment, changed in (
        ("other-statement", "under another statement", replace(capsule, statement_hash=fixed("other consent"))),
        ("other-grantee", "for another grantee", replace(capsule, grantee=fixed("other grantee", 16))),
        ("key-left-out", "one key id left out", replace(capsule, key_ids=capsule.key_ids[1:])),
        ("flipped", "one bit of the sealed keys", replace(capsule, sealed=flip(capsule.sealed))),
    ):
        _one(name, "tampered", comment, changed.encode(), keys)
    _one("other-pair", "tampered", "another grantee's pair", capsule.encode(), keys, seed=b64(fixed("other pair")))
    short = _resealed(capsule, b"".join(keys[key_id] for key_id in capsule.key_ids)[:-1])
    _one("short-keys", "tampered", "a sealed key of 31 bytes", short.encode(), keys)
    fewer = {key_id: secret for key_id, secret in keys.items() if key_id.kind != "item"}
    _one("key-not-expected", "pin", "a key that stands in no statement", capsule.encode(), fewer)
    for key_id, secret in keys.items():
        other = seal_capsule(STATEMENT, GRANTEE, PAIR.public, {key_id: fixed("another key")})
        _one(
            f"other-{key_id.kind}",
            "pin",
            f"a {key_id.kind} that is not the one committed to",
            other.encode(),
            {key_id: secret},
        )


def _resealed(capsule: Capsule, plaintext: bytes) -> Capsule:
    ids = sha256(bind(Label.CAPSULE_KEYS, *(key_id.encode() for key_id in capsule.key_ids)))
    context = (capsule.statement_hash, capsule.grantee, ids)
    return replace(capsule, sealed=seal(Label.CAPSULE, context, PAIR.public, plaintext))


def _capsule_faults() -> None:
    keys = _keys()
    sound = seal_capsule(STATEMENT, GRANTEE, PAIR.public, keys).encode()
    fields = unbind(Label.CAPSULE, sound)
    ids = unbind(Label.CAPSULE_KEYS, fields[3])
    assert parse_capsule(sound).encode() == sound

    def changed(at: int, value: bytes) -> bytes:
        return bind(Label.CAPSULE, *fields[:at], value, *fields[at + 1 :])

    def with_ids(*key_ids: bytes) -> bytes:
        return changed(3, bind(Label.CAPSULE_KEYS, *key_ids))

    for name, comment, data in (
        ("suite-2", "another suite", changed(0, b"\2")),
        ("missing-field", "one field fewer", bind(Label.CAPSULE, *fields[:-1])),
        ("extra-field", "one field more", bind(Label.CAPSULE, *fields, b"")),
        ("nothing", "no fields", bind(Label.CAPSULE)),
        ("other-label", "another label", bind(Label.ITEM_KEY, *fields)),
        ("short-statement", "a statement hash of 31 bytes", changed(1, bytes(31))),
        ("short-grantee", "a grantee of 15 bytes", changed(2, bytes(15))),
        ("no-keys", "no key", with_ids()),
        ("key-order", "key ids not in order", with_ids(*reversed(ids))),
        ("key-twice", "a key id twice", with_ids(ids[0], *ids)),
        ("unknown-key-kind", "an unknown kind of key", with_ids(bind(Label.CAPSULE_KEY, b"master", bytes(16), u64(0)))),
        (
            "key-kind-not-ascii",
            "a kind that is not ASCII",
            with_ids(bind(Label.CAPSULE_KEY, b"\xff", bytes(16), u64(0))),
        ),
        ("key-without-kind", "a key id without fields", with_ids(bind(Label.CAPSULE_KEY))),
        (
            "key-short-id",
            "an item id of 15 bytes",
            with_ids(bind(Label.CAPSULE_KEY, b"item", bytes(15), u64(1), bytes(32))),
        ),
        (
            "key-section-upper-case",
            "a section that is no code",
            with_ids(bind(Label.CAPSULE_KEY, b"section", bytes(16), b"Debts", b"ordinary", u64(0))),
        ),
        (
            "key-section-not-ascii",
            "a section outside ASCII",
            with_ids(bind(Label.CAPSULE_KEY, b"section", bytes(16), b"\xff", b"ordinary", u64(0))),
        ),
    ):
        _one(name, "malformed", comment, data, keys)
    many = [bind(Label.CAPSULE_KEY, b"stream", number.to_bytes(16, "big"), u64(0)) for number in range(4_097)]
    _one("too-many-keys", "limit", "4,097 keys", with_ids(*many), keys)
    assert fields[0] == SUITE
