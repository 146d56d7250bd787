"""Unlock methods, identities and key chains pass between Python and TypeScript in both directions."""

from __future__ import annotations

import secrets
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crypto.chains import verify_key_chain
from crypto.encoding import encode_base64, new_id
from crypto.keys import SealingKey, SigningKey
from crypto.passphrase import new_passphrase, parse_passphrase
from crypto.recoverycode import new_recovery_code, parse_recovery_code
from crypto.register import check_attestation, verify_register_entry
from crypto.statements import Statement, sign
from crypto.unlock import (
    Identity,
    Method,
    new_method,
    open_method,
    open_root,
    seal_root,
    unwrap_identity,
    wrap_identity,
)
from tests.interop.conftest import plain
from tests.interop.made import (
    SECTION,
    key_chain,
    outcome,
    register,
    section_statement,
)

SOME = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize("kind", ["passphrase", "recovery-code"])
def test_unlock_methods_open_in_both_directions(peer, kind):
    """A method made on one side opens on the other with the same secret, and a mistype is caught on both."""
    made, person = peer("newSecrets"), new_id()
    here, there = (
        (new_passphrase(), made["passphrase"]) if kind == "passphrase" else (new_recovery_code(), made["recoveryCode"])
    )
    method, wrapped = new_method(person, kind, here)
    seed = peer("openMethod", person=person, entry=method.entry(), typed=f" {here.upper()} ", wrappedSeed=wrapped)
    assert SealingKey.from_seed(bytes.fromhex(seed)).public == method.public_key
    theirs = peer("newMethod", person=person, type=kind, typed=there)
    parsed = Method.parse(theirs["entry"])
    assert open_method(person, parsed, there, bytes.fromhex(theirs["wrappedSeed"])).public == parsed.public_key
    mistyped = here[:-1] + ("2" if here[-1] == "1" else "1")
    args = {"person": person, "entry": method.entry(), "typed": mistyped, "wrappedSeed": wrapped}
    assert outcome(peer, "openMethod", **args) == "ChecksumError"


@SOME
@given(st.data())
def test_typed_secrets_are_read_alike(peer, data):
    """However a secret is typed, both sides read the same bytes or see the same mistype (N12, N13)."""
    phrase, code = new_passphrase(), new_recovery_code()
    for parse, call, text in (
        (parse_passphrase, "parsePassphrase", phrase),
        (parse_recovery_code, "parseRecoveryCode", code),
    ):
        at = data.draw(st.integers(0, len(text)))
        typed = (
            text[:at]
            + data.draw(st.sampled_from(["", " ", "\u00a0", "O", "x", "\t", "-", "\uff21", "\u212a"]))
            + text[at:]
        )
        assert outcome(peer, call, typed=typed) == outcome(parse, typed)


def test_roots_and_identities_open_in_both_directions(peer):
    """The user root sealed to a signed list of methods, and the identity wrapped under it, open on the other side."""
    person, signer, root = new_id(), SigningKey.generate(), secrets.token_bytes(32)
    payload = {"person": person.hex(), "counter": 0, "previous": "", "signer": person.hex(), "issuedAt": 1_790_000_000}
    pairs = [SealingKey.generate() for _ in range(2)]
    methods = [Method(new_id(), "recovery-code", pair.public) for pair in pairs]
    listed = sign("unlock-methods", payload | {"methods": [method.entry() for method in methods]}, signer)
    common = {"envelope": listed.envelope, "person": person}
    sealed = seal_root(listed, person, root)
    one = methods[1].method
    assert peer("openRoot", method=one.hex(), seed=pairs[1].seed, sealed=sealed[one], **common) == root.hex()
    back = peer("sealRoot", root=root, **common)
    assert open_root(listed, person, methods[0], pairs[0], bytes.fromhex(back[methods[0].method.hex()])) == root


def test_identities_unwrap_in_both_directions(peer):
    """An identity wrapped under the root unwraps on the other side and is compared with its key chain."""
    person, root, identity = new_id(), secrets.token_bytes(32), Identity(SigningKey.generate(), SealingKey.generate())
    payload = {
        "person": person.hex(),
        "organisation": "",
        "sequence": 0,
        "previous": "",
        "signingKey": encode_base64(identity.signing.public),
        "sealingKey": encode_base64(identity.sealing.public),
        "streamKeyHash": "00" * 32,
        "signer": person.hex(),
        "issuedAt": 1_790_000_000,
    }
    head = sign("key-chain", payload, identity.signing)
    seeds = {"signing": identity.signing.seed, "sealing": identity.sealing.seed}
    wrapped = wrap_identity(root, identity, person, b"", 0)
    opened = peer("unwrapIdentity", root=root, wrapped=wrapped, envelope=head.envelope)
    assert opened == [identity.signing.seed.hex(), identity.sealing.seed.hex()]
    back = peer("wrapIdentity", root=root, person=person, organisation=b"", sequence=0, **seeds)
    assert unwrap_identity(root, bytes.fromhex(back), head) == identity


def chain_head(chain: list[Statement], person: bytes, *, pinned: bytes | None) -> bytes:
    """Verify a key chain and return its head."""
    return verify_key_chain(chain, person, pinned=pinned).head


@pytest.mark.parametrize("fault", ["none", "reordered", "gap", "cut", "forked", "pinned", "another"])
def test_key_chains_are_judged_alike(peer, fault):
    """A key chain verifies on both sides to the same head, and each fault is the same class of error on both."""
    person = new_id()
    chain, pinned = key_chain(person), None
    match fault:
        case "reordered":
            chain = [chain[0], chain[2], chain[1]]
        case "gap":
            chain = [chain[0], chain[2]]
        case "cut":
            chain = []
        case "forked":
            chain = [*chain[:2], key_chain(person)[2]]
        case "pinned":
            pinned = bytes(32)
        case "another":
            person = new_id()
    here = outcome(chain_head, chain, person, pinned=pinned)
    args = {"chain": [s.envelope for s in chain], "person": person, "organisation": b"", "pinned": pinned}
    assert outcome(peer, "verifyKeyChain", **args) == here
    assert (here == chain[-1].hash.hex()) if fault == "none" else here.endswith("Error")


def test_section_chains_are_judged_alike(peer):
    """Section keys verify against the dossier's chain on the other side; a key of another signer does not."""
    key, public = SigningKey.generate(), SealingKey.generate().public
    payload = {
        "dossier": SECTION.dossier.hex(),
        "owner": new_id().hex(),
        "nature": "private",
        "sequence": 0,
        "previous": "",
        "key": encode_base64(key.public),
        "inboxKey": encode_base64(public),
        "streamKeyHash": "00" * 32,
        "signer": new_id().hex(),
        "issuedAt": 1_790_000_000,
    }
    dossier = sign("dossier-key", payload, key)
    first = section_statement(key, 0, b"", public)
    second = section_statement(key, 1, first.hash, public)
    forged = section_statement(SigningKey.generate(), 1, first.hash, public)
    for sections, wanted in (([first, second], [public.hex()] * 2), ([first, forged], "SignatureError")):
        args: dict[str, Any] = {"dossierChain": [dossier.envelope], "dossier": SECTION.dossier}
        args["sections"] = [section.envelope for section in sections]
        assert outcome(peer, "verifySectionChain", **args) == wanted


def test_an_attestation_is_checked_alike(peer):
    """The attested chain head opens on both sides; a longer chain than attested is a PinError on both."""
    pinned, entry, organisation_key = register()
    organisation, person = verify_register_entry(entry, pinned), new_id()
    chain = key_chain(person, organisation.organisation)
    payload = {
        "organisation": organisation.organisation.hex(),
        "person": person.hex(),
        "chainHead": chain[1].hash.hex(),
        "roles": ["debt-counsellor"],
        "conflicts": [],
        "from": 1_790_000_000,
        "until": 1_790_086_400,
        "counter": 1,
        "signer": organisation.organisation.hex(),
        "issuedAt": 1_790_000_000,
    }
    attestation = sign("person-attestation", payload, organisation_key)
    for statements in (chain[:2], chain):
        args: dict[str, Any] = {"registerKeys": pinned.keys, "threshold": 2, "entry": entry.envelope, "person": person}
        args |= {"chain": [s.envelope for s in statements], "attestation": attestation.envelope, "now": 1_790_000_001}
        verified = verify_key_chain(statements, person, organisation.organisation)
        here = outcome(check_attestation, attestation, organisation, verified, 1_790_000_001)
        assert outcome(peer, "checkAttestation", **args) == plain(here)
        assert here == (("debt-counsellor",) if len(statements) == 2 else "PinError")
