"""Holding a dossier: from what the service shows to keys in hand, each checked against a signed statement. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from consent.terms import VAULT
from crypto.capsules import KeyId, open_capsule, parse_capsule
from crypto.chains import DossierChain, SectionKey, verify_dossier_chain, verify_section_chain
from crypto.dossierkeys import DossierKeys
from crypto.encoding import decode_base64, parse_u64
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

    `keys` are those of the chain's head; `roots` has the root of every sequence that one held, `wrapped` each section
    secret with the sequence of its root. `secrets` keeps those that were unwrapped: one symmetric opening per epoch.
    """

    dossier: bytes
    chain: DossierChain
    keys: DossierKeys = field(repr=False)
    roots: Mapping[int, bytes] = field(repr=False)
    after: Mapping[str, Any]
    sections: Mapping[tuple[str, str, int], SectionKey]
    wrapped: Mapping[tuple[str, str, int], tuple[int, bytes]] = field(repr=False)
    statements: tuple[Statement, ...] = field(repr=False)
    secrets: dict[tuple[str, str, int], bytes] = field(default_factory=dict, repr=False)

    def secret(self, place: SectionPlace) -> bytes:
        """The secret of a section, lane and epoch; raise PinError if no signed statement names its key."""
        where = (place.section, place.lane, place.epoch)
        if where not in self.secrets:
            section = self.sections.get(where)
            sequence, wrapped = self.wrapped.get(where, (-1, b""))
            if section is None or sequence not in self.roots:
                raise PinError("no signed statement names this section key, or it is not for this holder")
            self.secrets[where] = unwrap_section(self.roots[sequence], wrapped, place, section.public_key)
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

    def capacity(self, person: bytes) -> str:
        """In what capacity a person signs for this dossier; see `capacity_of`."""
        return capacity_of(self.statements, person)

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


def statements_of(shown: Mapping[str, Any]) -> tuple[Statement, ...]:
    """The statements of a dossier as the service shows them, in its order; none is verified here."""
    return tuple(parse_statement(decode_base64(text)) for text in shown["statements"])


def capacity_of(statements: Iterable[Statement], person: bytes) -> str:
    """In what capacity a person signs for a dossier, by the newest of its authority lists: what they say of themselves.

    An owner signs as such, whatever else stands on the list; whom no list names too, and the service refuses them.
    """
    lists = [one for one in statements if one.kind == "authority-list"]
    newest = max(lists, key=lambda one: int(one.payload["after"]["seq"]), default=None)
    entries = newest.payload["holders"] if newest is not None else []
    named = [str(each["capacity"]) for each in entries if each["person"] == person.hex()]
    return "owner" if "owner" in named or not named else named[0]


def hold_dossier(shown: Mapping[str, Any], holder: Identity, pins: Mapping[str, str] | None = None) -> HeldDossier:
    """Open what the service shows of a dossier to a full holder.

    `pins` is what `HeldDossier.pins` gave before, of this and other dossiers. Raise PinError for another chain, a section
    key that is gone or was replaced, an unexpected key, or a dossier without a capsule for this holder; SignatureError,
    MalformedError (a section without its first epochs), TamperedError as the parts do.
    """
    known = pins or {}
    dossier = bytes.fromhex(shown["dossier"])
    statements = statements_of(shown)
    pinned = bytes.fromhex(known[dossier.hex()]) if dossier.hex() in known else None
    chain = verify_dossier_chain([one for one in statements if one.kind == "dossier-key"], dossier, pinned=pinned)
    keys = _open_own(shown["capsules"], holder, chain)
    found = _section_keys([one for one in statements if one.kind == "section-key"], chain, known)
    return HeldDossier(
        dossier=dossier,
        chain=chain,
        keys=keys[len(chain.keys) - 1],
        roots={sequence: each.root for sequence, each in keys.items()},
        after=dict(shown["rules"]),
        sections={(key.place.section, key.place.lane, key.place.epoch): key for key in found},
        wrapped={(s["section"], s["lane"], s["epoch"]): _wrapped(s) for s in shown["sections"]},
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
        if keys[-1].place.lane != VAULT and keys[-1].dossier_sequence != len(chain.keys) - 1:
            # Whoever lost the older key could have signed it; only the vault waits for its owner.
            raise PinError("the newest key of a section is signed by an older dossier key")
        found += keys
    if any(where not in places for where in known if where.startswith(_where(chain.dossier))):
        raise PinError("a section that was seen before is gone")
    return found


def _where(dossier: bytes, *place: str) -> str:
    """Under what the pin of a section and lane is kept; without a place, how all of the dossier's begin."""
    return "/".join((dossier.hex(), *(place or ("",))))


def _wrapped(section: Mapping[str, Any]) -> tuple[int, bytes]:
    return int(section["sequence"]), decode_base64(section["wrapped"])


def _open_own(capsules: Iterable[str], holder: Identity, chain: DossierChain) -> dict[int, DossierKeys]:
    """Open the capsules that hold the dossier's own keys, by sequence; each must be what the chain names there."""
    expected = _expected(chain)
    found: dict[int, DossierKeys] = {}
    for capsule in (parse_capsule(decode_base64(text)) for text in capsules):
        mine = [each for each in capsule.key_ids if each.kind == "dossier-key"]
        if capsule.grantee != holder.person or not mine:
            continue
        opened = open_capsule(capsule, holder.sealing, expected)
        for key_id in mine:
            sequence = parse_u64(key_id.fields[1])
            root = KeyId.dossier_root(chain.dossier, sequence)
            if root in opened:
                found[sequence] = DossierKeys(opened[key_id], opened[root])
    if len(chain.keys) - 1 not in found:
        raise PinError("no capsule of this dossier is for this holder")
    return found


def _expected(chain: DossierChain) -> dict[KeyId, bytes]:
    """What the chain commits to: each dossier key, each root by its inbox key, the first stream key."""
    first = bytes.fromhex(chain.statements[0].payload["streamKeyHash"])
    expected = {KeyId.stream(chain.dossier, 0): first}
    for sequence, statement in enumerate(chain.statements):
        expected[KeyId.dossier_key(chain.dossier, sequence)] = key_hash(chain.keys[sequence])
        inbox = key_hash(decode_base64(statement.payload["inboxKey"]))
        expected[KeyId.dossier_root(chain.dossier, sequence)] = inbox
    return expected
