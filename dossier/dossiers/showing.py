"""Showing a dossier to those who hold it: statements, positions, wrapped secrets, their own capsules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from audit.entry import Head, Position
from consent.lifecycle import PROPOSAL_SECONDS
from consent.terms import VAULT
from crypto.encoding import encode_base64
from dossier.answers import Answer
from dossier.dossiers.store import DossierStore, SectionKeyRow
from dossier.epochs.pending import PendingRotation
from dossier.facts.dossiers import DossierState

GOVERNING = (
    "dossier-key",
    "authority-list",
    "section-key",
    "source-admission",
    "admission-end",
    "block",
    "block-end",
    "emergency-opt-in",
    "placement",
    "removal",
    "rotation",
    "countersignature",
    "case-acceptance",
    "access-answer",
)
"""The kinds of statement that a holder checks a dossier by; consents have a list of their own."""


class ShownPosition(Answer, frozen=True):
    """A position of the dossier's stream: seq and the hex hash of that leaf."""

    seq: int
    leaf: str


class ShownSection(Answer, frozen=True):
    """The secret of one section, lane and epoch, under the root of the dossier key with this sequence."""

    section: str
    lane: str
    epoch: int
    sequence: int
    wrapped: str


class ShownProposal(Answer, frozen=True):
    """A statement that waits for more signatures: since when (UTC seconds), and how many persons have signed it."""

    statement: str
    at: int
    signatures: int


class ShownDossier(Answer, frozen=True):
    """A dossier as its holder sees it; `rules` is what a widening statement must name as `after`.

    `sections` has the vault's secrets for the owner alone; `rotations` are the keys that wait for a new epoch,
    `proposals` the statements that wait for signatures, oldest first.
    """

    dossier: str
    rules: ShownPosition
    items: ShownPosition
    head: ShownPosition
    statements: list[str]
    sections: list[ShownSection]
    capsules: list[str]
    rotations: list[PendingRotation]
    proposals: list[ShownProposal]


def shown(
    dossier: bytes,
    head: Head,
    statements: list[bytes],
    sections: list[SectionKeyRow],
    capsules: list[bytes],
    waiting: list[PendingRotation],
    proposals: Iterable[Mapping[str, Any]],
) -> ShownDossier:
    """Make the answer."""
    return ShownDossier(
        dossier=dossier.hex(),
        rules=_position(head.rules),
        items=_position(head.items),
        head=_position(Position(head.seq, head.leaf)),
        statements=[encode_base64(each) for each in statements],
        sections=[_section(row) for row in sections],
        capsules=[encode_base64(each) for each in capsules],
        rotations=waiting,
        proposals=[_proposal(each) for each in proposals],
    )


def _position(position: Position) -> ShownPosition:
    return ShownPosition(position.seq, position.leaf.hex())


def _proposal(body: Mapping[str, Any]) -> ShownProposal:
    return ShownProposal(body["statement"], body["at"], 1 + len(body["cosigners"]))


def _section(row: SectionKeyRow) -> ShownSection:
    return ShownSection(row.section, row.lane, row.epoch, row.sequence, encode_base64(row.wrapped))


async def show(
    store: DossierStore, state: DossierState, head: Head, grantee: bytes, waiting: list[PendingRotation], now: int
) -> ShownDossier:
    """Collect what a holder sees of a dossier; the vault's secrets are its owner's alone."""
    dossier, vault = bytes.fromhex(state.dossier), state.owner == grantee.hex()
    statements = await store.statements(dossier, GOVERNING)
    sections = [row for row in await store.section_keys(dossier) if vault or row.lane != VAULT]
    standing = [each for each in state.proposals.values() if each["statement"] and now - each["at"] <= PROPOSAL_SECONDS]
    capsules = await store.capsules(dossier, grantee)
    return shown(dossier, head, statements, sections, capsules, waiting, standing)
