"""Signing what another holder proposed: only what they signed, and only by its hash."""

from __future__ import annotations

import pytest

from crypto.encoding import decode_base64, encode_base64, new_id
from crypto.keys import SigningKey
from crypto.statements import parse_statement, verify
from dossier.client.cosigning import countersign, waiting
from dossier.client.errors import UntrustedError
from dossier.client.owner import Owner
from tests.dossier.shownworld import NOBODY, NOW, World, citizen


class Signed:
    """A session that needs no new sign-in."""

    def __init__(self, answers):
        self._answers = answers

    def __getattr__(self, name):
        return getattr(self._answers, name)

    def step_up(self):
        """Nothing to do: the sign-in is recent."""


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def show(world, statement):
    """Lay down a proposal of the other holder's; return the client of this one."""
    partner = citizen(world.answers)
    path = f"/v1/dossiers/{world.dossier.hex()}"
    shown = {"statement": encode_base64(statement.envelope), "at": NOW, "signatures": 1}
    world.answers.paths[path] = {"proposals": [shown], "rules": {"seq": 9, "leaf": "44" * 32}}
    world.answers.paths[f"{path}/statements"] = {"state": "accepted"}
    return partner, Owner(Signed(world.answers), partner.identity, NOBODY)


def test_a_proposal_is_signed_by_its_hash(world):
    """A countersignature names the proposal, the position that its signer saw, and the signer's own key (P6)."""
    consent = world.consent(world.owner)
    partner, client = show(world, consent)
    (proposal,) = waiting(client, world.dossier)
    assert (proposal.statement.hash, proposal.signatures) == (consent.hash, 1)
    assert countersign(client, world.dossier, proposal, "legal-representative") == "accepted"
    ((_path, body),) = world.answers.sent
    sent = parse_statement(decode_base64(body["statement"]))
    verify(sent, partner.identity.signing.public)
    assert (sent.payload["proposal"], sent.payload["after"]["seq"]) == (consent.hash.hex(), 9)
    assert sent.payload["capacity"] == "legal-representative"


def test_a_forged_proposal_is_not_shown(world):
    """What its signer did not sign, or what is about another dossier, is not held out for signing (R2)."""
    for statement in (
        world.consent(world.owner, SigningKey.generate()),
        world.consent(world.owner, dossier=new_id().hex()),
    ):
        _partner, client = show(world, statement)
        with pytest.raises(UntrustedError):
            waiting(client, world.dossier)
