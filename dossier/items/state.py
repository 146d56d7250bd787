"""What item facts say of one item: where it stands now, and its versions. Pure.

The core says where an item was born; its last placement says where it stands (design 4, item 11).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from audit.entry import Fact
from consent.terms import ItemFacts
from crypto.headers import Header
from crypto.statements import statement_hash
from dossier.errors import InvalidRequestError


@dataclass(frozen=True, slots=True)
class ItemState:
    """One item at one position of its dossier's items: what the engine sees of it, and its newest version.

    `epoch` is that of the section key that its own key is sealed to; `placement` the hash (hex) of the statement that
    placed it last, empty where it stands where it was born.
    """

    facts: ItemFacts
    version: int
    header: str
    organisation: str
    author: str
    epoch: int
    placement: str
    removed: bool = False


def version_fact(header: Header, organisation: bytes | None) -> Fact:
    """The fact that a version was taken in; `organisation` is the source's, None for a person's own item."""
    core = header.core
    body = {
        "version": core.version,
        "header": header.hash.hex(),
        "section": core.section,
        "lane": core.lane,
        "epoch": core.epoch,
        "type": core.type,
        "label": core.label,
        "author": core.author.hex(),
        "organisation": organisation.hex() if organisation else "",
        "dataFrom": core.data_from,
        "dataUntil": core.data_until,
    }
    return Fact("items", "item-version", core.item, body)


def compile_item(
    item: str, records: Iterable[tuple[int, str, Mapping[str, Any]]], state: ItemState | None = None
) -> ItemState | None:
    """Fold the records (seq, kind, body) of one item, in order, onto `state`; None before its first version."""
    for seq, kind, body in records:
        if kind == "item-version":
            state = _version(item, seq, body, state)
        elif state is not None:
            state = _change(kind, body, state)
    return state


def _version(item: str, seq: int, body: Mapping[str, Any], state: ItemState | None) -> ItemState:
    place = _birth(item, seq, body) if state is None else state.facts
    place = msgspec.structs.replace(place, data_from=body["dataFrom"], data_until=body["dataUntil"])
    return ItemState(
        facts=place,
        version=body["version"],
        header=body["header"],
        organisation=body["organisation"],
        author=body["author"],
        epoch=body["epoch"],
        placement=state.placement if state else "",
        removed=state.removed if state else False,
    )


def _birth(item: str, seq: int, body: Mapping[str, Any]) -> ItemFacts:
    return ItemFacts(
        item=item,
        section=body["section"],
        lane=body["lane"],
        label=body["label"],
        type=body["type"],
        source=body["organisation"] or body["author"],
        delivered=seq,
    )


def _change(kind: str, body: Mapping[str, Any], state: ItemState) -> ItemState:
    if kind == "placement":
        digest = statement_hash("placement", body).hex()
        return replace(state, facts=_placed(state.facts, body), epoch=body["epoch"], placement=digest)
    if kind == "removal":
        return replace(state, removed=True)
    if kind == "quarantine":
        return replace(state, facts=msgspec.structs.replace(state.facts, quarantined=body["on"]))
    raise InvalidRequestError("a fact of an unknown kind stands with an item")


def _placed(facts: ItemFacts, body: Mapping[str, Any]) -> ItemFacts:
    cases = frozenset(body["cases"])
    return msgspec.structs.replace(facts, section=body["section"], lane=body["lane"], label=body["label"], cases=cases)
