"""What a consent covers, and so which keys may come with it. Pure.

A capsule holds a section key only if the consent permits reading that whole lane, later items included and nothing
excluded; otherwise the keys of single items that the consent covers (design 4, item 13).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from consent.catalogue import Catalogue
from consent.grant import Consent
from consent.matching import item_fits, place_fits
from consent.terms import VAULT, ItemFacts
from crypto.capsules import Capsule, KeyId
from dossier.errors import InvalidRequestError
from dossier.items.state import ItemState


def covers_lane(consent: Consent, section: str, lane: str) -> bool:
    """Whether the consent permits reading all that stands or will stand in this section and lane."""
    scope = consent.scope
    bounds = (
        scope.items,
        scope.types,
        scope.sources,
        scope.case,
        scope.label_ceiling,
        scope.data_from,
        scope.data_until,
    )
    narrowed = any(bounds) or bool(consent.case)
    placed = section in scope.sections and (not scope.lanes or lane in scope.lanes) and lane != VAULT
    return placed and not narrowed and consent.later_items and _permits_reading(consent)


def covers_item(consent: Consent, item: ItemFacts, catalogue: Catalogue | None) -> bool:
    """Whether the consent permits reading this item as it stands."""
    early = consent.later_items or item.item in consent.scope.items or item.delivered < consent.seq
    place = place_fits(consent.scope, item, catalogue, strict=True) and item_fits(consent.scope, item, strict=True)
    return place and early and item.lane != VAULT and _permits_reading(consent)


def _permits_reading(consent: Consent) -> bool:
    return consent.effect == "permit" and bool(consent.actions & {"read", "download"})


def check_capsules(
    consent: Consent,
    statement: bytes,
    dossier: bytes,
    capsules: Sequence[Capsule],
    items: Mapping[bytes, ItemState],
    catalogue: Catalogue | None,
) -> None:
    """Raise InvalidRequestError for a capsule of another statement, for another grantee, or with a key too many."""
    grantees = [capsule.grantee for capsule in capsules]
    if len(set(grantees)) != len(grantees):
        raise InvalidRequestError("a grantee gets one capsule", code="invalid-capsule")
    for capsule in capsules:
        if capsule.statement_hash != statement or not _is_grantee(consent, capsule.grantee):
            raise InvalidRequestError("a capsule is for another statement or grantee", code="invalid-capsule")
        for key_id in capsule.key_ids:
            if not _is_covered(consent, dossier, key_id, items, catalogue):
                raise InvalidRequestError(
                    "a capsule holds a key that the consent does not cover", code="invalid-capsule"
                )


def _is_grantee(consent: Consent, grantee: bytes) -> bool:
    """A named person or system gets their own; members of a role or team are the client's to verify."""
    named = consent.grantee.person or consent.grantee.system
    return named == grantee.hex() if named else consent.grantee.kind in {"role", "team"}


def _is_covered(
    consent: Consent, dossier: bytes, key_id: KeyId, items: Mapping[bytes, ItemState], catalogue: Catalogue | None
) -> bool:
    if key_id.kind == "section":
        named, section, lane, _epoch = key_id.fields
        return named == dossier and covers_lane(consent, section.decode(), lane.decode())
    state = items.get(key_id.fields[0]) if key_id.kind == "item" else None
    return state is not None and covers_item(consent, state.facts, catalogue)
