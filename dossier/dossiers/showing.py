"""Showing a dossier to those who hold it: statements, positions, wrapped secrets, their own capsules."""

from __future__ import annotations

from audit.entry import Head, Position
from consent.terms import VAULT
from crypto.encoding import encode_base64
from dossier.answers import Answer
from dossier.dossiers.store import DossierStore, SectionKeyRow
from dossier.epochs.pending import PendingRotation

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


class ShownDossier(Answer, frozen=True):
    """A dossier as its holder sees it; `rules` is what a widening statement must name as `after`.

    `sections` has the vault's secrets for the owner alone; `rotations` are the keys that wait for a new epoch.
    """

    dossier: str
    rules: ShownPosition
    items: ShownPosition
    head: ShownPosition
    statements: list[str]
    sections: list[ShownSection]
    capsules: list[str]
    rotations: list[PendingRotation]


def shown(
    dossier: bytes,
    head: Head,
    statements: list[bytes],
    sections: list[SectionKeyRow],
    capsules: list[bytes],
    waiting: list[PendingRotation],
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
    )


def _position(position: Position) -> ShownPosition:
    return ShownPosition(position.seq, position.leaf.hex())


def _section(row: SectionKeyRow) -> ShownSection:
    return ShownSection(row.section, row.lane, row.epoch, row.sequence, encode_base64(row.wrapped))


async def show(
    store: DossierStore, dossier: bytes, head: Head, grantee: bytes, waiting: list[PendingRotation], *, vault: bool
) -> ShownDossier:
    """Collect what a holder sees of a dossier; `vault` whether the vault's secrets are theirs."""
    statements = await store.statements(dossier, GOVERNING)
    sections = [row for row in await store.section_keys(dossier) if vault or row.lane != VAULT]
    return shown(dossier, head, statements, sections, await store.capsules(dossier, grantee), waiting)
