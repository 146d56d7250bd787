"""Holding a dossier: from what the service shows to keys in hand, each checked against a signed statement. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from crypto.capsules import KeyId, open_capsule, parse_capsule
from crypto.chains import DossierChain, SectionKey, verify_dossier_chain, verify_section_chain
from crypto.dossierkeys import DossierKeys
from crypto.encoding import decode_base64
from crypto.errors import CryptoError, PinError
from crypto.headers import Header
from crypto.items import open_item_key
from crypto.keys import SealingKey, key_hash
from crypto.sections import (
    SectionPlace,
    open_adopted,
    open_placed,
    section_list_key,
    section_sealing_key,
    unwrap_section,
)
from crypto.statements import Statement, parse_statement
from dossier.client.making import Identity


@dataclass
class HeldDossier:
    """A dossier whose keys are in hand. `after` is what a widening statement must name.

    `secrets` keeps section secrets that were unwrapped: one symmetric opening per section and lane.
    """

    dossier: bytes
    chain: DossierChain
    keys: DossierKeys = field(repr=False)
    stream_key: bytes = field(repr=False)
    after: Mapping[str, Any]
    sections: Mapping[tuple[str, str, int], SectionKey]
    wrapped: Mapping[tuple[str, str, int], bytes] = field(repr=False)
    statements: tuple[Statement, ...] = field(repr=False)
    secrets: dict[tuple[str, str, int], bytes] = field(default_factory=dict, repr=False)

    def secret(self, place: SectionPlace) -> bytes:
        """The secret of a section, lane and epoch; raise PinError if no signed statement names its key."""
        where = (place.section, place.lane, place.epoch)
        if where not in self.secrets:
            section = self.sections.get(where)
            if section is None or where not in self.wrapped:
                raise PinError("no signed statement names this section key")
            self.secrets[where] = unwrap_section(self.keys.root, self.wrapped[where], place, section.public_key)
        return self.secrets[where]

    def sealing_key(self, place: SectionPlace) -> SealingKey:
        """The pair that agencies seal to for this place."""
        return section_sealing_key(self.secret(place), place)

    def list_key(self, place: SectionPlace) -> bytes:
        """The key under which item keys are adopted for this place."""
        return section_list_key(self.secret(place), place)

    def current(self, section: str, lane: str) -> SectionKey:
        """The newest key of a section and lane; raise PinError without one."""
        found = [key for (name, where, _), key in self.sections.items() if (name, where) == (section, lane)]
        if not found:
            raise PinError("the dossier has no such section")
        return max(found, key=lambda key: key.place.epoch)

    def pins(self) -> dict[str, str]:
        """What to keep of what was seen: hex hashes of the chain head and of the newest key of each section and lane."""
        places = {(section, lane) for section, lane, _ in self.sections}
        newest = {_where(self.dossier, *place): self.current(*place).hash.hex() for place in places}
        return {self.dossier.hex(): self.chain.head.hex(), **newest}

    def item_key(self, header: Header, shown: Mapping[str, Any]) -> bytes:
        """Open the item key of a listed item: adopted if it can be, else as placed, else as it was born."""
        core = header.core
        birth = SectionPlace(self.dossier, core.section, core.lane, core.epoch)
        for wrap in shown.get("wraps", []):
            place = SectionPlace(self.dossier, wrap["section"], wrap["lane"], wrap["epoch"])
            try:
                return open_adopted(self.list_key(place), decode_base64(wrap["wrapped"]), place, header)
            except CryptoError:  # a bad wrap never hides an item: the sealed key decides
                continue
        if shown.get("placedKey"):
            placement = parse_statement(decode_base64(shown["placement"])).payload
            place = SectionPlace(self.dossier, placement["section"], placement["lane"], placement["epoch"])
            return open_placed(decode_base64(shown["placedKey"]), place, header, self.sealing_key(place))
        return open_item_key(header, self.sealing_key(birth), decode_base64(shown["sealedKey"]))


def hold_dossier(shown: Mapping[str, Any], holder: Identity, pins: Mapping[str, str] | None = None) -> HeldDossier:
    """Open what the service shows of a dossier to a full holder.

    `pins` is what `HeldDossier.pins` gave before, of this and other dossiers. Raise PinError for another chain, a section
    key that is gone or was replaced, an unexpected key, or a dossier without a capsule for this holder; SignatureError,
    MalformedError (a section without its first epochs), TamperedError as the parts do.
    """
    known = pins or {}
    dossier = bytes.fromhex(shown["dossier"])
    statements = tuple(parse_statement(decode_base64(text)) for text in shown["statements"])
    pinned = bytes.fromhex(known[dossier.hex()]) if dossier.hex() in known else None
    chain = verify_dossier_chain([one for one in statements if one.kind == "dossier-key"], dossier, pinned=pinned)
    keys, stream_key = _open_own(shown["capsules"], holder, chain)
    found = _section_keys([one for one in statements if one.kind == "section-key"], chain, known)
    return HeldDossier(
        dossier=dossier,
        chain=chain,
        keys=keys,
        stream_key=stream_key,
        after=dict(shown["rules"]),
        sections={(key.place.section, key.place.lane, key.place.epoch): key for key in found},
        wrapped={(s["section"], s["lane"], s["epoch"]): decode_base64(s["wrapped"]) for s in shown["sections"]},
        statements=statements,
    )


def _section_keys(statements: Iterable[Statement], chain: DossierChain, known: Mapping[str, str]) -> list[SectionKey]:
    """Verify every section's and lane's keys from the first epoch on, and that they follow from those seen before."""
    places: dict[str, list[Statement]] = {}
    for one in statements:
        places.setdefault(_where(chain.dossier, one.payload["section"], one.payload["lane"]), []).append(one)
    found: list[SectionKey] = []
    for where, of_place in places.items():
        keys = verify_section_chain(sorted(of_place, key=lambda one: int(one.payload["epoch"])), chain)
        if where in known and known[where] not in {key.hash.hex() for key in keys}:
            raise PinError("the keys of a section do not follow from those seen before")
        found += keys
    if any(where not in places for where in known if where.startswith(_where(chain.dossier))):
        raise PinError("a section that was seen before is gone")
    return found


def _where(dossier: bytes, *place: str) -> str:
    """Under what the pin of a section and lane is kept; without a place, how all of the dossier's begin."""
    return "/".join((dossier.hex(), *(place or ("",))))


def _open_own(capsules: Iterable[str], holder: Identity, chain: DossierChain) -> tuple[DossierKeys, bytes]:
    """Find the capsule that holds the dossier's own keys; what it holds must be what the chain's head names."""
    sequence = len(chain.statements) - 1
    head = chain.statements[-1].payload
    key_id, root_id = KeyId.dossier_key(chain.dossier, sequence), KeyId.dossier_root(chain.dossier, sequence)
    stream_id = KeyId.stream(chain.dossier, sequence)
    expected = {
        key_id: key_hash(chain.keys[-1]),
        root_id: key_hash(chain.inbox_key),
        stream_id: bytes.fromhex(head["streamKeyHash"]),
    }
    for text in capsules:
        capsule = parse_capsule(decode_base64(text))
        if key_id in capsule.key_ids and capsule.grantee == holder.person:
            opened = open_capsule(capsule, holder.sealing, expected)
            return DossierKeys(opened[key_id], opened[root_id]), opened[stream_id]
    raise PinError("no capsule of this dossier is for this holder")
