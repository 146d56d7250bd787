"""Showing a dossier to those who hold it: statements, positions, wrapped secrets, their own capsules."""

from __future__ import annotations

from audit.entry import Head, Position
from crypto.encoding import encode_base64
from dossier.answers import Answer
from dossier.dossiers.store import DossierStore, SectionKeyRow

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
)
"""The kinds of statement that a holder checks a dossier by; consents have a list of their own."""


class ShownPosition(Answer, frozen=True):
    """A position of the dossier's stream: seq and the hex hash of that leaf."""

    seq: int
    leaf: str


class ShownSection(Answer, frozen=True):
    """The secret of one section, lane and epoch, under the dossier root."""

    section: str
    lane: str
    epoch: int
    wrapped: str


class ShownDossier(Answer, frozen=True):
    """A dossier as its holder sees it; `rules` is what a widening statement must name as `after`."""

    dossier: str
    rules: ShownPosition
    items: ShownPosition
    head: ShownPosition
    statements: list[str]
    sections: list[ShownSection]
    capsules: list[str]


def shown(
    dossier: bytes, head: Head, statements: list[bytes], sections: list[SectionKeyRow], capsules: list[bytes]
) -> ShownDossier:
    """Make the answer."""
    return ShownDossier(
        dossier=dossier.hex(),
        rules=_position(head.rules),
        items=_position(head.items),
        head=_position(Position(head.seq, head.leaf)),
        statements=[encode_base64(each) for each in statements],
        sections=[ShownSection(row.section, row.lane, row.epoch, encode_base64(row.wrapped)) for row in sections],
        capsules=[encode_base64(each) for each in capsules],
    )


def _position(position: Position) -> ShownPosition:
    return ShownPosition(position.seq, position.leaf.hex())


async def show(store: DossierStore, dossier: bytes, head: Head, grantee: bytes) -> ShownDossier:
    """Collect what a holder sees of a dossier."""
    statements = await store.statements(dossier, GOVERNING)
    return shown(dossier, head, statements, await store.section_keys(dossier), await store.capsules(dossier, grantee))
