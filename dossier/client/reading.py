"""Opening an item: a signed request, the answer held against its promise, and the content into files.

What came without a promise of exactly this reading is not content (P3): it is refused before anything is opened. Parts
stream; a part is complete only once its length and hash are those of the verified header.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, Any

from audit.errors import AuditError
from audit.note import VerifierKey, parse_verifier_key
from audit.opening import check_opening, opening_from_json
from audit.promise import verify_promise
from crypto.encoding import decode_base64, encode_base64
from crypto.headers import Header, check_header
from crypto.items import PartOpener, open_metadata
from crypto.statements import Statement, parse_statement, sign
from crypto.stream import CHUNK_OVERHEAD, CHUNK_SIZE
from dossier.client.ahead import ahead
from dossier.client.errors import UntrustedError
from dossier.client.hashing import SideHash
from dossier.client.making import Identity
from dossier.client.session import Session

RANGE = 4 * 1024 * 1024
STEP = CHUNK_SIZE + CHUNK_OVERHEAD
"""What is opened at once: about a chunk, so that it stays in the processor's cache."""


@dataclass(frozen=True)
class LogKeys:
    """What promises are verified with: the log's origin and its promise key; to be pinned by the caller."""

    origin: str
    promise: VerifierKey


@dataclass(frozen=True)
class Asked:
    """What a reading is asked for; `role` is empty for a citizen. Version 0 is the newest."""

    purpose: str = ""
    reason: str = ""
    case: str = ""
    role: str = ""
    action: str = "read"
    version: int = 0


@dataclass(frozen=True)
class Released:
    """A reading whose promise, header and metadata were verified; `shown` is the service's answer."""

    header: Header
    metadata: Mapping[str, Any] = field(repr=False)
    item_key: bytes = field(repr=False)
    event: Mapping[str, str]
    shown: Mapping[str, Any] = field(repr=False)

    @property
    def reading(self) -> str:
        """The hex id of the reading and of its event."""
        return str(self.shown["reading"])


def fetch_log_keys(session: Session) -> LogKeys:
    """Fetch the verifier keys of log and promises: first contact, to be pinned."""
    log = parse_verifier_key(session.send("GET", "/log/vkey").text.strip())
    return LogKeys(log.name, parse_verifier_key(session.send("GET", "/log/promise-vkey").text.strip()))


def request_reading(
    session: Session, identity: Identity, item: bytes, asked: Asked
) -> tuple[Statement, dict[str, Any]]:
    """Sign and send the request for one reading; return it with the service's answer. Raise RefusedError."""
    nonce = secrets.token_bytes(16)
    payload = {
        "item": item.hex(),
        "version": asked.version,
        "action": asked.action,
        "purpose": asked.purpose,
        "case": asked.case,
        "reason": asked.reason,
        "nonce": nonce.hex(),
        "signer": identity.person.hex(),
        "organisation": identity.organisation.hex(),
        "role": asked.role,
        "issuedAt": session.now(),
    }
    statement = sign("reading-request", payload, identity.signing)
    body = {"request": encode_base64(statement.envelope)}
    answer = session.post(f"/v1/items/{item.hex()}/readings", body, key=nonce.hex())
    return statement, answer


def check_promise(promise: Mapping[str, Any], keys: LogKeys) -> dict[str, str]:
    """Verify a promise and return the fields that it shows of its event; raise UntrustedError."""
    try:
        leaf = decode_base64(promise["leaf"])
        path = [decode_base64(each) for each in promise["path"]]
        verify_promise(promise["note"].encode(), keys.promise, keys.origin, leaf, promise["index"], path)
        return check_opening(leaf, opening_from_json(promise["openings"]))
    except (AuditError, KeyError, TypeError, AttributeError) as error:
        raise UntrustedError("the answer comes without a valid promise") from error


def check_released(
    request: Statement,
    answer: Mapping[str, Any],
    keys: LogKeys,
    author_key: Callable[[Mapping[str, Any]], bytes],
    item_key: Callable[[Header, Mapping[str, Any]], bytes],
) -> Released:
    """Hold an answer against its promise and its author's signature, then open key and metadata.

    Raise UntrustedError when the promise is not of this very request; CryptoError when something was changed.
    """
    event = check_promise(answer.get("promise", {}), keys)
    if (event.get("statement"), event.get("decision")) != (request.hash.hex(), "permit"):
        raise UntrustedError("the promise is of another reading")
    statement = parse_statement(decode_base64(answer["header"]))
    header = check_header(statement, author_key(statement.payload), dossier=bytes.fromhex(answer["dossier"]))
    asked = request.payload
    if header.core.item.hex() != asked["item"] or asked["version"] not in (0, header.core.version):
        raise UntrustedError("the answer is another item")
    opened = item_key(header, answer)
    metadata = open_metadata(header, opened, decode_base64(answer["sealedMetadata"]))
    return Released(header, metadata, opened, event, answer)


def save_part(session: Session, released: Released, number: int, sink: IO[bytes]) -> None:
    """Write the plaintext of one part to a file, from the answer or range by range.

    What was written is complete only when this returns; raise TamperedError if the part is not its author's.
    """
    part = released.shown["parts"][number]
    if "content" in part:
        write_part(released.header, released.item_key, number, [decode_base64(part["content"])], sink)
        return
    path = f"/v1/readings/{released.reading}/parts/{number}"
    with ahead(_ranges(session, path, part["length"])) as pieces:
        write_part(released.header, released.item_key, number, pieces, sink)


def write_part(header: Header, item_key: bytes, number: int, pieces: Iterable[bytes], sink: IO[bytes]) -> None:
    """Open the pieces of one part's ciphertext and write its plaintext; see `save_part`."""
    with SideHash() as digest:
        opener = PartOpener(header, item_key, number, digest)
        for piece in pieces:
            for at in range(0, len(piece), STEP):
                sink.write(opener.update(piece[at : at + STEP]))
        sink.write(opener.finish())


def _ranges(session: Session, path: str, length: int) -> Iterator[bytes]:
    at = 0
    while at < length:
        wanted = {"range": f"bytes={at}-{min(at + RANGE, length) - 1}"}
        piece = session.send("GET", path, headers=wanted).content
        if not piece:
            raise UntrustedError("the service sent an empty range")
        yield piece
        at += len(piece)
