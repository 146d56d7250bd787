"""An agency's side: find the dossier, verify its address, seal the record, deliver it; large parts go up before."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crypto.keys import SigningKey
from dossier.client.delivering import (
    INLINE_LIMIT,
    Content,
    Previous,
    Record,
    SealedRecord,
    Sender,
    VerifiedAddress,
    open_address,
    seal_record,
)
from dossier.client.errors import RefusedError
from dossier.client.session import Session
from dossier.client.uploading import upload_part


@dataclass
class Agency:
    """A system of an agency, signed in. `directory_key` is pinned; `pins` maps a dossier to its chain head seen before."""

    session: Session
    organisation: bytes
    system: bytes
    signing: SigningKey = field(repr=False)
    directory_key: bytes
    pins: dict[str, str] = field(default_factory=dict)

    @property
    def sender(self) -> Sender:
        """Who seals."""
        return Sender(self.system, "system", self.signing)

    def find(self, identifier: str) -> VerifiedAddress:
        """Return the verified address of the dossier of an identifier (`bsn:…`, `kvk:…`, `rsin:…`), and pin its chain.

        Raise RefusedError with status 404 if there is none that admits this agency: the two look alike. Raise PinError
        if the dossier's chain does not follow from the one seen before.
        """
        answer = self.session.post("/v1/dossier-addresses", {"identifier": identifier})
        address = open_address(answer, self.directory_key, self.organisation, self.session.now())
        known = self.pins.get(address.dossier.hex())
        if known is not None:
            now = self.session.now()
            address = open_address(answer, self.directory_key, self.organisation, now, pinned=bytes.fromhex(known))
        self.pins[address.dossier.hex()] = address.chain.head.hex()
        return address

    def deliver(
        self,
        identifier: str,
        record: Record,
        contents: Sequence[Content],
        previous: Previous | None = None,
        *,
        key: str = "",
    ) -> dict[str, Any]:
        """Seal a record and deliver it; asked again once if the section got another key meanwhile.

        `key` is the idempotency key, a new one if empty. Return the service's answer: item, version and promise.
        """
        for last in (False, True):
            address = self.find(identifier)
            try:
                return self._send(address, record, contents, previous, key)
            except RefusedError as error:
                if error.code != "retired-epoch" or last:
                    raise
        raise AssertionError("not reached")

    def _send(
        self, address: VerifiedAddress, record: Record, contents: Sequence[Content], previous: Previous | None, key: str
    ) -> dict[str, Any]:
        section = address.section(record.section, record.lane)
        with tempfile.TemporaryDirectory(prefix="dossier-") as folder:
            now = self.session.now()
            sealed = seal_record(record, contents, section, self.sender, Path(folder), now, previous)
            return send_record(self.session, address.dossier, sealed, key)


def send_record(session: Session, dossier: bytes, sealed: SealedRecord, key: str = "") -> dict[str, Any]:
    """Send a sealed version: its large parts first, then the version itself, under this idempotency key."""
    hashes = [str(part["hash"]) for part in sealed.header.payload["parts"]]
    uploads = [
        upload_part(session, dossier, part, digest) if _is_large(part) else ""
        for part, digest in zip(sealed.parts, hashes, strict=True)
    ]
    answer: dict[str, Any] = session.post(f"/v1/dossiers/{dossier.hex()}/items", sealed.body(uploads), key=key)
    return answer


def _is_large(part: Path) -> bool:
    return part.stat().st_size > INLINE_LIMIT
