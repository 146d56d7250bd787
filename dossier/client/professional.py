"""The professional's side: what consents give, lists for a purpose, and reading with keys from capsules.

A key from a capsule counts only if the header that its author signed commits to it, or a section key that the dossier
signed: whoever stores capsules cannot slip in another; and only if its consent was given by those who could give it. An
author is an attested system, or a person who was owner or holder when they wrote, by the dossier's own pinned chain and
authority lists: whoever stores records cannot invent somebody who represents the owner.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from crypto.capsules import Capsule, KeyId, pick_key
from crypto.core import Core, parse_core
from crypto.encoding import decode_base64
from crypto.errors import CryptoError, PinError
from crypto.headers import Header, check_header
from crypto.items import open_item_key, open_metadata
from crypto.sections import SectionPlace, open_placed, section_sealing_key
from crypto.statements import parse_statement
from dossier.client.authority import Authority
from dossier.client.errors import RefusedError, UntrustedError
from dossier.client.listed import read_capsules
from dossier.client.making import Identity
from dossier.client.opened import OpenedItem, RejectedItem
from dossier.client.parties import Pins, Register
from dossier.client.reading import Asked, LogKeys, Released, check_released, request_reading
from dossier.client.session import Session
from dossier.client.shared import SharedKeys, fetch_shared_keys


@dataclass
class Reader:
    """Somebody who reads in a dossier that is not theirs, signed in, with their identity and a verified register."""

    session: Session
    identity: Identity
    register: Register
    log: LogKeys
    role: str = ""
    pins: Pins = field(default_factory=Pins)
    keys: dict[str, SharedKeys] = field(default_factory=dict, repr=False)
    seen: dict[bytes, bytes] = field(default_factory=dict, repr=False)
    asked: set[tuple[bytes, bytes]] = field(default_factory=set, repr=False)

    def items(self, dossier: bytes, asked: Asked, section: str = "") -> Iterator[OpenedItem | RejectedItem]:
        """List what may be seen for a purpose; titles open with the keys that came with the consents."""
        after = ""
        headers = {"Dossier_Purpose": asked.purpose, "Dossier_Reason": asked.reason, "Dossier_Case": asked.case}
        role = {"Dossier_Role": asked.role or self.role}
        named = {name: value for name, value in (headers | role).items() if value}
        while True:
            query = {"section": section, "after": after}
            page = self.session.get(f"/v1/dossiers/{dossier.hex()}/items", query, **named)
            with suppress(CryptoError):  # of a dossier that does not verify each item says so below
                self._learn(dossier, read_capsules(page.get("capsules", ())))
            yield from (self._listed(dossier, shown) for shown in page["items"])
            after = page.get("next", "")
            if not after:
                return

    def read(self, item: bytes, asked: Asked, dossier: bytes = b"") -> Released:
        """Ask for one item and verify all of the answer; raise RefusedError, UntrustedError or CryptoError.

        `dossier` is the one that it must be of; without it, the one in whose list it was seen, if it was.
        """
        acting = Asked(asked.purpose, asked.reason, asked.case, asked.role or self.role, asked.action, asked.version)
        request, answer = request_reading(self.session, self.identity, item, acting)
        wanted = dossier or self.seen.get(item)
        if wanted and answer.get("dossier") != wanted.hex():
            raise UntrustedError("the answer is of another dossier")
        return check_released(request, answer, self.log, self._author_key, self._item_key)

    def _listed(self, dossier: bytes, shown: Mapping[str, Any]) -> OpenedItem | RejectedItem:
        try:
            statement = parse_statement(decode_base64(shown["header"]))
            header = check_header(statement, self._author_key(statement.payload), dossier=dossier)
            item_key = self._item_key(header, shown)
            metadata = open_metadata(header, item_key, decode_base64(shown["sealedMetadata"]))
        except CryptoError as error:
            return RejectedItem(str(shown.get("item", "")), str(error))
        self.seen[header.core.item] = dossier
        return OpenedItem(header, metadata, item_key, shown)

    def _author_key(self, payload: Mapping[str, Any]) -> bytes:
        """The key that must have signed a header: an attested system's, the owner's or a holder's of that time.

        The dossier is the one that the header names: the caller holds it against the one that was asked for. Raise
        PinError for anybody else's.
        """
        signer = bytes.fromhex(str(payload.get("signer", "")))
        if signer in self.register.systems:
            return self.register.systems[signer].signing_key
        core = parse_core(decode_base64(str(payload["core"])))
        if core.author != signer:
            raise PinError("the header is signed by another than its author")
        try:
            return self._person_key(core, self._shared(core.dossier).authority)
        except PinError:
            if not self._is_newer(core.dossier, core.author):
                raise
        return self._person_key(core, self._shared(core.dossier).authority)

    def _person_key(self, core: Core, authority: Authority | None) -> bytes:
        """The key of an author; nobody is one as long as no consent came with the dossier's own statements."""
        if authority is None:
            raise PinError("the author is neither in the register nor known to hold the dossier")
        return authority.author_key(core)

    def _item_key(self, header: Header, shown: Mapping[str, Any]) -> bytes:
        """Open the item key with the capsules of consents that count, those of the answer first."""
        own = read_capsules(shown.get("capsules", ()))
        shared = self._learn(header.core.dossier, own)
        usable = shared.usable((*own, *shared.capsules), header.core.section)
        found = item_key_from(usable, self.identity, header, shown, shared.sections)
        if found is None and own and not usable:
            raise PinError("the keys came with a consent that nobody with authority over this gave")
        if found is None:
            raise PinError("no key of this item was shared yet")
        return found

    def _learn(self, dossier: bytes, capsules: Sequence[Capsule]) -> SharedKeys:
        """Keep capsules that came with an answer; what was shared is fetched again for a consent that is not known."""
        shared = self._shared(dossier)
        unknown = next((each.statement_hash for each in capsules if each.statement_hash not in shared.given), None)
        if unknown is not None and self._is_newer(dossier, unknown):
            shared = self._shared(dossier)
        shared.add(capsules)
        return shared

    def _is_newer(self, dossier: bytes, about: bytes) -> bool:
        """Fetch again what was shared, once for each author or consent that is not known yet; tell whether it was."""
        if (dossier, about) in self.asked:
            return False
        self.asked.add((dossier, about))
        self.keys.pop(dossier.hex(), None)
        return True

    def _shared(self, dossier: bytes) -> SharedKeys:
        """What all consents brought that name this reader; fetched again as long as there is none."""
        found = self.keys.get(dossier.hex(), SharedKeys())
        if found.authority is None:  # what was fetched before a consent stood tells nothing of today
            try:
                found = fetch_shared_keys(self.session, dossier, self.pins)
            except RefusedError:
                return SharedKeys()
            self.keys[dossier.hex()] = found
        return found


def item_key_from(
    capsules: Sequence[Capsule],
    identity: Identity,
    header: Header,
    shown: Mapping[str, Any],
    sections: Mapping[KeyId, bytes] | None = None,
) -> bytes | None:
    """Open the item key with the first capsule that holds a way to it and opens, None if none does.

    `sections` are commitments of section keys from verified statements, for items that were placed elsewhere.
    """
    for capsule in capsules:
        if capsule.grantee != identity.person:
            continue
        try:
            found = _opened(capsule, identity, header, shown, sections or {})
        except CryptoError:  # whoever adds bad capsules keeps nobody from using a good one
            continue
        if found is not None:
            return found
    return None


def _opened(
    capsule: Capsule, identity: Identity, header: Header, shown: Mapping[str, Any], sections: Mapping[KeyId, bytes]
) -> bytes | None:
    core = header.core
    birth = SectionPlace(core.dossier, core.section, core.lane, core.epoch)
    if KeyId.item(header) in capsule.key_ids:
        return pick_key(capsule, identity.sealing, KeyId.item(header), header.commitment)
    if KeyId.section(birth) in capsule.key_ids:
        secret = pick_key(capsule, identity.sealing, KeyId.section(birth), core.section_key_hash)
        return open_item_key(header, section_sealing_key(secret, birth), decode_base64(shown["sealedKey"]))
    return _placed(capsule, identity, header, shown, sections) if shown.get("placedKey") and sections else None


def _placed(
    capsule: Capsule, identity: Identity, header: Header, shown: Mapping[str, Any], sections: Mapping[KeyId, bytes]
) -> bytes | None:
    payload = parse_statement(decode_base64(shown["placement"])).payload
    place = SectionPlace(header.core.dossier, payload["section"], payload["lane"], payload["epoch"])
    wanted = KeyId.section(place)
    if wanted not in capsule.key_ids or wanted not in sections:
        return None
    secret = pick_key(capsule, identity.sealing, wanted, sections[wanted])
    return open_placed(decode_base64(shown["placedKey"]), place, header, section_sealing_key(secret, place))
