"""Items, section keys and capsules pass between Python and TypeScript in both directions."""

from __future__ import annotations

import secrets
from typing import Any

import pytest

from crypto.capsules import KeyId, commitment, open_capsule, parse_capsule, seal_capsule
from crypto.dossierkeys import DossierKeys, inbox_key, unwrap_dossier_keys, wrap_dossier_keys
from crypto.encoding import new_id
from crypto.errors import TamperedError
from crypto.headers import check_header, parse_header
from crypto.items import open_item_key, open_metadata, open_part
from crypto.keys import SealingKey, SigningKey, key_hash
from crypto.sections import (
    SectionPlace,
    adopt_item_key,
    open_adopted,
    open_placed,
    seal_placed,
    section_list_key,
    unwrap_section,
    wrap_section,
)
from crypto.statements import parse_statement
from tests.interop.made import (
    METADATA,
    SECTION,
    SIZES,
    camel,
    item_core,
    outcome,
    place,
    sealed_item,
    section_pair,
)


def test_an_item_sealed_in_python_opens_in_typescript(peer):
    """Header, item key, metadata and parts of every border size open on the other side."""
    item, section, author, contents = sealed_item()
    opened = peer(
        "openItem",
        envelope=item.header.envelope,
        authorKey=author.public,
        dossier=SECTION.dossier,
        sectionSeed=section.seed,
        sealedKey=item.sealed_key,
        sealedMetadata=item.sealed_metadata,
        parts=item.parts,
    )
    assert opened["metadata"] == METADATA
    assert opened["parts"] == [content.hex() for content in contents]


def test_an_item_sealed_in_typescript_opens_in_python(peer):
    """Header, item key, metadata and parts of every border size, sealed on the other side, open here."""
    author, (_, section) = SigningKey.generate(), section_pair()
    contents = [secrets.token_bytes(size) for size in SIZES]
    core = item_core(author, section.public)
    args = {"core": camel(core), "sectionKey": section.public, "metadata": METADATA, "seed": author.seed}
    sealed = peer("sealItem", parts=contents, **args)
    statement = parse_statement(bytes.fromhex(sealed["envelope"]))
    header = check_header(statement, author.public, dossier=SECTION.dossier, section_key_hash=key_hash(section.public))
    item_key = open_item_key(header, section, bytes.fromhex(sealed["sealedKey"]))
    assert header.core == core
    assert open_metadata(header, item_key, bytes.fromhex(sealed["sealedMetadata"])) == METADATA
    parts = [open_part(header, item_key, at, bytes.fromhex(part)) for at, part in enumerate(sealed["parts"])]
    assert parts == contents


@pytest.mark.parametrize(
    "at", [0, 24, 60_000, 65_577 + 24, -1], ids=["header", "first", "middle", "second chunk", "tag"]
)
def test_a_changed_stream_opens_on_neither_side(peer, at):
    """One flipped bit in a part is TamperedError on both sides."""
    item, section, author, _ = sealed_item()
    damaged = bytearray(item.parts[5])
    damaged[at] ^= 1
    parts = [*item.parts[:5], bytes(damaged)]
    args: dict[str, Any] = {"authorKey": author.public, "dossier": SECTION.dossier, "sectionSeed": section.seed}
    args |= {"sealedKey": item.sealed_key, "sealedMetadata": item.sealed_metadata, "parts": parts}
    assert outcome(peer, "openItem", envelope=item.header.envelope, **args) == "TamperedError"
    header = parse_header(item.header)
    with pytest.raises(TamperedError):
        open_part(header, open_item_key(header, section, item.sealed_key), 5, bytes(damaged))


def test_section_keys_agree_and_unwrap_in_both_directions(peer):
    """The pair and list key of a section derive alike, and its secret unwraps on the other side."""
    secret, pair = section_pair()
    root = secrets.token_bytes(32)
    expected = [pair.public.hex(), section_list_key(secret, SECTION).hex()]
    assert peer("sectionKeys", secret=secret, place=place(SECTION)) == expected
    wrapped = wrap_section(root, secret, SECTION)
    there = peer("unwrapSection", root=root, wrapped=wrapped, place=place(SECTION), key=pair.public)
    assert there == secret.hex()
    back = bytes.fromhex(peer("wrapSection", root=root, secret=secret, place=place(SECTION)))
    assert unwrap_section(root, back, SECTION, pair.public) == secret


def test_adopted_and_placed_item_keys_open_in_both_directions(peer):
    """An item key kept under a list key, or sealed to the section it moves to, opens on the other side."""
    item, section, _, _ = sealed_item()
    header = parse_header(item.header)
    item_key, list_key = open_item_key(header, section, item.sealed_key), secrets.token_bytes(32)
    common = {"place": place(SECTION), "envelope": item.header.envelope}
    adopted = adopt_item_key(list_key, item_key, SECTION, header)
    assert peer("openAdopted", listKey=list_key, wrapped=adopted, **common) == item_key.hex()
    back = bytes.fromhex(peer("adopt", listKey=list_key, itemKey=item_key, **common))
    assert open_adopted(list_key, back, SECTION, header) == item_key
    placed = seal_placed(item_key, SECTION, header, section.public)
    assert peer("openPlaced", sealed=placed, seed=section.seed, **common) == item_key.hex()
    back = bytes.fromhex(peer("sealPlaced", itemKey=item_key, key=section.public, **common))
    assert open_placed(back, SECTION, header, section) == item_key


def test_dossier_keys_unwrap_in_both_directions(peer):
    """The dossier key and root, wrapped under a user root, unwrap on the other side."""
    root, keys, dossier = (
        secrets.token_bytes(32),
        DossierKeys(secrets.token_bytes(32), secrets.token_bytes(32)),
        new_id(),
    )
    key, inbox = SigningKey.from_seed(keys.signing_seed).public, inbox_key(keys.root, dossier, 4).public
    common = {"root": root, "dossier": dossier, "sequence": 4}
    wrapped = wrap_dossier_keys(root, keys, dossier, 4)
    opened = peer("unwrapDossierKeys", wrapped=wrapped, key=key, inbox=inbox, **common)
    assert opened == [keys.signing_seed.hex(), keys.root.hex()]
    back = peer("wrapDossierKeys", signingSeed=keys.signing_seed, dossierRoot=keys.root, **common)
    assert unwrap_dossier_keys(root, bytes.fromhex(back), dossier, 4, key=key, inbox=inbox) == keys


def capsule_keys() -> dict[KeyId, bytes]:
    """Return one key of each kind."""
    header = parse_header(sealed_item()[0].header)
    dossier = SECTION.dossier
    ids = [KeyId.stream(dossier, 0), KeyId.section(SECTION), KeyId.item(header), KeyId.dossier_root(dossier, 1)]
    ids += [KeyId.dossier_key(dossier, 1), KeyId.section(SectionPlace(dossier, "income", "confidential", 256))]
    return {key_id: secrets.token_bytes(32) for key_id in ids}


def test_capsules_open_in_both_directions(peer):
    """A capsule with a key of each kind opens on the other side, if its keys stand in signed statements."""
    grantee, keys, hash_, person = SealingKey.generate(), capsule_keys(), secrets.token_bytes(32), new_id()
    expected = {key_id: commitment(key_id, secret) for key_id, secret in keys.items()}
    named = {key_id.encode(): wanted for key_id, wanted in expected.items()}
    capsule = seal_capsule(hash_, person, grantee.public, keys).encode()
    opened = peer("openCapsule", capsule=capsule, seed=grantee.seed, expected=named)
    assert opened == {key_id.encode().hex(): secret.hex() for key_id, secret in keys.items()}
    sent = [{"id": key_id.encode(), "secret": secret} for key_id, secret in keys.items()]
    back = peer("sealCapsule", statementHash=hash_, grantee=person, key=grantee.public, keys=sent)
    assert open_capsule(parse_capsule(bytes.fromhex(back)), grantee, expected) == keys
    named.popitem()
    assert outcome(peer, "openCapsule", capsule=capsule, seed=grantee.seed, expected=named) == "PinError"
