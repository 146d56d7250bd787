"""Encodings and ciphers, built from the pages alone, against the vectors of every implementation."""

from __future__ import annotations

from base64 import b64decode

from nacl.signing import SigningKey

from tests.independent.encodings import (
    LABEL,
    bind,
    decode_json,
    encode_json,
    hkdf,
    open_sealed,
    sealing_key,
    unbase64,
    unbind,
    unwrap,
    verify_ed25519,
)
from tests.independent.vectors import cases, outcome, raw


def context(case):
    return [b64decode(field) for field in case["context"]]


@cases("encoding")
def test_bindings_split_into_their_fields(case):
    """A binding has one spelling, and it is the page's."""
    fields = outcome(case, lambda case: unbind(case["label"], *raw(case, "bound")))
    if fields is not None:
        assert fields == [b64decode(field) for field in case["fields"]]
        assert bind(case["label"], *fields) == b64decode(case["bound"])


@cases("base64")
def test_base64_has_one_spelling(case):
    """Base64 decodes from the spelling of the page and from no other."""
    data = outcome(case, lambda case: unbase64(case["text"]))
    assert data is None or data.hex() == case["data"]


@cases("canonical")
def test_canonical_json_has_one_spelling(case):
    """JSON decodes from the spelling of the page and from no other."""
    value = outcome(case, lambda case: decode_json(*raw(case, "json")))
    if value is not None:
        assert value == case["value"]
        assert encode_json(value).encode() == b64decode(case["json"])


@cases("keys")
def test_pairs_expand_from_their_seeds(case):
    """The public halves of a seed are those of the page."""
    (seed,) = raw(case, "seed")
    assert [SigningKey(seed).verify_key.encode(), sealing_key(seed)] == raw(case, "signingKey", "sealingKey")


@cases("signature")
def test_signatures_verify_as_the_page_says(case):
    """A signature verifies, or is refused as one."""
    assert outcome(case, lambda case: verify_ed25519(*raw(case, "key", "message", "signature"))) is None


@cases("seal")
def test_seals_open_for_their_label_and_fields(case):
    """HPKE over X-Wing, put together from the RFC and the draft, opens what the project sealed."""
    plain = outcome(case, lambda case: open_sealed(case["label"], context(case), *raw(case, "seed", "sealed")))
    assert plain is None or [plain] == raw(case, "plaintext")


@cases("wrap")
def test_wraps_open_for_their_label_and_fields(case):
    """A wrap opens under its key, label and fields, and under no others."""
    plain = outcome(case, lambda case: unwrap(case["label"], context(case), *raw(case, "key", "wrapped")))
    assert plain is None or [plain] == raw(case, "plaintext")


@cases("derivation")
def test_keys_derive_as_the_page_says(case):
    """HKDF-SHA256 without salt, with a binding as info."""
    label = case["label"].removeprefix(LABEL)
    assert [hkdf(raw(case, "key")[0], label, *context(case), size=case["size"])] == raw(case, "output")


def test_the_example_of_the_page_derives():
    """The worked example of encoding.md is right."""
    example = "ebf3cffeb03a08fe40571c5be0839f921499201c716622f1fc7476b4f7160596"
    assert hkdf(bytes(32), "section/list", b"d" * 16, b"debts", b"ordinary", bytes(8)).hex() == example
