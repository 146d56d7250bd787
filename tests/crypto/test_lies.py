"""Lies of a server about keys and content, each with only one check between it and who believes it."""

from __future__ import annotations

import nacl.bindings as sodium
import pytest

from crypto import (
    Identity,
    PinError,
    SealingKey,
    SignatureError,
    SigningKey,
    TamperedError,
    new_method,
    new_recovery_code,
    open_method,
    unwrap_identity,
    verify_dossier_chain,
    verify_section_key,
    wrap,
)
from crypto.labels import Label
from crypto.stream import CHUNK_SIZE, StreamOpener
from crypto.unlock import _identity_context, _method_context, unlock_key
from tests.values import replace
from tests.vectors import chains as made

KEY, AD, PERSON = bytes(32), b"bound", bytes.fromhex(made.PERSON)
MESSAGE = sodium.crypto_secretstream_xchacha20poly1305_TAG_MESSAGE
FINAL = sodium.crypto_secretstream_xchacha20poly1305_TAG_FINAL


@pytest.mark.parametrize("full", [1, 2])
def test_an_empty_last_chunk_after_content(full):
    """Content has one shape: after full chunks an empty last one is refused, though each chunk verifies (N07)."""
    state = sodium.crypto_secretstream_xchacha20poly1305_state()
    stream = sodium.crypto_secretstream_xchacha20poly1305_init_push(state, KEY)
    for content, tag in [*[(bytes(CHUNK_SIZE), MESSAGE)] * full, (b"", FINAL)]:
        stream += sodium.crypto_secretstream_xchacha20poly1305_push(state, content, AD, tag)
    opener = StreamOpener(KEY, AD)
    assert bytes(full * CHUNK_SIZE).startswith(opener.update(stream))
    with pytest.raises(TamperedError):
        opener.finish()


def test_a_section_key_for_another_dossier_of_the_same_key():
    """A section key names its dossier: signed with the very same key for another one, it is not taken (N22)."""
    dossier = made.dossier_chain()[:1]
    other = made.section_statement(0, "", made.KEYS[0], dossier="ab" * 16)
    with pytest.raises(PinError):
        verify_section_key(other, verify_dossier_chain(dossier, bytes.fromhex(made.DOSSIER)))


def test_a_section_key_that_only_names_the_dossiers_key():
    """Naming the dossier's key is not having it: a section key under another signature is not taken (N22)."""
    genuine = made.section_chain()[0]
    chain = verify_dossier_chain(made.dossier_chain(), bytes.fromhex(made.DOSSIER))
    stranger = made.section_statement(0, "", SigningKey.generate())
    forged = replace(genuine, signatures=stranger.signatures)
    assert verify_section_key(genuine, chain)
    with pytest.raises(SignatureError):
        verify_section_key(forged, chain)


def test_a_method_pair_put_in_place_of_the_listed_one():
    """Whoever learned an unlock key can wrap another pair under it; the list names the pair, so it is refused (N36)."""
    typed = new_recovery_code()
    method, _ = new_method(PERSON, "recovery-code", typed)
    key, context = unlock_key(PERSON, method, typed), _method_context(PERSON, method)
    other = wrap(Label.METHOD_SEED, context, key, SealingKey.generate().seed)
    with pytest.raises(TamperedError):
        open_method(PERSON, method, typed, other)


@pytest.mark.parametrize("half", ["signing", "sealing"])
def test_one_half_of_an_identity_replaced(half):
    """An identity of which one pair is not the chain's is refused, even from someone who holds the root (N36)."""
    head, root = made.person_chain()[0], bytes(32)
    mine = Identity(made.KEYS[0], made.SEALING[0])
    new = {"signing": SigningKey.generate(), "sealing": SealingKey.generate()}
    seeds = {name: getattr(mine, name).seed for name in new} | {half: new[half].seed}
    context = _identity_context(PERSON, bytes.fromhex(made.ORGANISATION), 0, mine.signing.public, mine.sealing.public)
    forged = wrap(Label.IDENTITY, context, root, seeds["signing"] + seeds["sealing"])
    genuine = wrap(Label.IDENTITY, context, root, mine.signing.seed + mine.sealing.seed)
    assert unwrap_identity(root, genuine, head).signing == mine.signing
    with pytest.raises(TamperedError):
        unwrap_identity(root, forged, head)
