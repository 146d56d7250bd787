"""The owner's side: making a dossier, admitting sources, seeing what is in it, adding to it.

Nothing that the service answers is believed: headers are verified against attested keys, titles open only with keys
that stand in signed statements, and what does not verify is listed apart.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from crypto.core import parse_core
from crypto.encoding import BUCKET_SIZE, decode_base64, encode_base64, new_id
from crypto.errors import CryptoError, PinError
from crypto.headers import check_header
from crypto.items import open_metadata
from crypto.sections import SectionPlace, adopt_item_key
from crypto.statements import parse_statement, sign
from dossier.client.agency import send_record
from dossier.client.authority import Authority, list_sequence, pinned_authority
from dossier.client.delivering import Content, Record, Sender, seal_record
from dossier.client.holding import HeldDossier, capacity_of, hold_dossier, statements_of
from dossier.client.making import FOREVER, Identity, MadeDossier, make_dossier
from dossier.client.opened import OpenedItem, RejectedItem
from dossier.client.parties import Pins, Register
from dossier.client.placing import check_place
from dossier.client.reading import Asked, LogKeys, Released, check_released, request_reading
from dossier.client.session import Session
from dossier.client.signers import Signers


@dataclass
class Owner:
    """A citizen or entrepreneur, signed in, with the keys of their identity and a verified register."""

    session: Session
    identity: Identity
    register: Register
    pins: dict[str, str] = field(default_factory=dict)
    seen: Pins = field(default_factory=Pins)
    authorities: dict[bytes, Authority] = field(default_factory=dict, repr=False)

    @cached_property
    def signers(self) -> Signers:
        """The chains of those who sign in one's dossiers; what is seen of them is pinned in `seen`."""
        return Signers.of(self.session, self.identity, self.seen)

    def create(self, nature: str, sections: Sequence[str]) -> MadeDossier:
        """Make a dossier of this nature, private or business, with keys for these sections."""
        self.session.step_up()
        made = make_dossier(self.identity, nature, sections, self.session.now())
        self.session.post("/v1/dossiers", made.body)
        return made

    def hold(self, dossier: bytes) -> HeldDossier:
        """Fetch a dossier and open its keys; raise PinError if its chains do not follow from those seen before."""
        shown = self.session.get(f"/v1/dossiers/{dossier.hex()}")
        held = hold_dossier(shown, self.identity, self.pins)
        if held.dossier != dossier:
            raise PinError("the answer is of another dossier")
        self.pins.update(held.pins())
        return held

    def capacity(self, dossier: bytes) -> str:
        """In what capacity they sign for a dossier: owner, or as its newest authority list names them."""
        shown = self.session.get(f"/v1/dossiers/{dossier.hex()}")
        return capacity_of(statements_of(shown), self.identity.person)

    def admit(self, dossier: bytes, organisation: bytes, sections: Sequence[str] = ()) -> str:
        """Let an organisation deliver to these sections, all if none is named; return the admission's id."""
        admission = new_id(dossier[:BUCKET_SIZE]).hex()
        fields = {"admission": admission, "organisation": organisation.hex(), "sections": sorted(sections)}
        self.govern(dossier, "source-admission", fields | {"from": self.session.now() - 60, "until": FOREVER})
        return admission

    def govern(self, dossier: bytes, kind: str, fields: Mapping[str, Any], *, widening: bool = True) -> dict[str, Any]:
        """Sign and send a statement of this kind; a widening one names the position that the dossier has now."""
        self.session.step_up()
        shown = self.session.get(f"/v1/dossiers/{dossier.hex()}")
        payload = {
            **fields,
            "dossier": dossier.hex(),
            "signer": self.identity.person.hex(),
            "capacity": capacity_of(statements_of(shown), self.identity.person),
            "issuedAt": self.session.now(),
        }
        if widening:
            payload["after"] = dict(shown["rules"])
        statement = sign(kind, payload, self.identity.signing)
        body = {"statement": encode_base64(statement.envelope)}
        answer: dict[str, Any] = self.session.post(f"/v1/dossiers/{dossier.hex()}/statements", body)
        return answer

    def add(self, held: HeldDossier, record: Record, contents: Sequence[Content], *, key: str = "") -> dict[str, Any]:
        """Seal something of one's own and add it to the dossier."""
        section = held.current(record.section, record.lane)
        sender = Sender(self.identity.person, "person", self.identity.signing)
        with tempfile.TemporaryDirectory(prefix="dossier-") as folder:
            sealed = seal_record(record, contents, section, sender, Path(folder), self.session.now())
            return send_record(self.session, held.dossier, sealed, key)

    def items(self, held: HeldDossier, section: str = "") -> Iterator[OpenedItem | RejectedItem]:
        """List all items, newest delivery first, page by page."""
        after = ""
        while True:
            query = {"section": section, "after": after}
            page = self.session.get(f"/v1/dossiers/{held.dossier.hex()}/items", query)
            yield from (self.open_listed(held, shown) for shown in page["items"])
            after = page.get("next", "")
            if not after:
                return

    def read(self, held: HeldDossier, item: bytes, asked: Asked, log: LogKeys) -> Released:
        """Open one item of one's own and verify all of the answer; `save_part` then writes its content."""
        request, answer = request_reading(self.session, self.identity, item, asked)
        return check_released(request, answer, log, partial(self._author_key, held=held), held.item_key)

    def open_listed(self, held: HeldDossier, shown: Mapping[str, Any]) -> OpenedItem | RejectedItem:
        """Verify and open one entry of a list."""
        try:
            statement = parse_statement(decode_base64(shown["header"]))
            header = check_header(statement, self._author_key(statement.payload, held), dossier=held.dossier)
            item_key = held.item_key(header, shown)
            metadata = open_metadata(header, item_key, decode_base64(shown["sealedMetadata"]))
        except CryptoError as error:
            return RejectedItem(str(shown.get("item", "")), str(error))
        return OpenedItem(header, metadata, item_key, shown)

    def stands(self, held: HeldDossier, opened: OpenedItem) -> bool:
        """Whether signed statements put an item where the service shows it: else nothing is sealed for that place."""
        try:
            check_place(opened.header, opened.shown, lambda: self._authority(held))
        except CryptoError:
            return False
        return True

    def adopt(self, held: HeldDossier, opened: OpenedItem) -> bool:
        """Keep the item's key under its section's list key, unless it is kept there; tell whether it was done.

        Raise PinError or SignatureError for an item that no signed statement puts where it is shown.
        """
        shown, core = opened.shown, opened.header.core
        check_place(opened.header, shown, lambda: self._authority(held))
        epoch = held.current(shown["section"], shown["lane"]).place.epoch
        place = SectionPlace(held.dossier, shown["section"], shown["lane"], epoch)
        if any((w["section"], w["lane"], w["epoch"]) == (place.section, place.lane, epoch) for w in shown["wraps"]):
            return False
        wrapped = adopt_item_key(held.list_key(place), opened.item_key, place, opened.header)
        body = {"version": core.version, "section": place.section, "lane": place.lane, "epoch": epoch}
        self.session.put(f"/v1/items/{opened.item}/wraps", {**body, "wrapped": encode_base64(wrapped)})
        return True

    def _author_key(self, payload: Mapping[str, Any], held: HeldDossier) -> bytes:
        """The key that must have signed a header: one's own, an attested system's, or another holder's of that time."""
        signer, named = bytes.fromhex(str(payload.get("signer", ""))), str(payload.get("keyHash", ""))
        if signer == self.identity.person and named == self.identity.key_hash:
            return self.identity.signing.public
        if signer in self.register.systems:
            return self.register.systems[signer].signing_key
        core = parse_core(decode_base64(str(payload["core"])))
        if core.author != signer:
            raise PinError("the header is signed by another than its author")
        return self._authority(held).author_key(core)

    def _authority(self, held: HeldDossier) -> Authority:
        """Who could sign for a dossier, from its lists: verified once for each newest list."""
        newest = max((one for one in held.statements if one.kind == "authority-list"), key=list_sequence, default=None)
        where = newest.hash if newest is not None else b""
        if where not in self.authorities:
            self.authorities[where] = pinned_authority(held.statements, held.chain, self.signers, self.seen)
        return self.authorities[where]
