"""Signed notes and verifier keys: a text, then signature lines of named keys.

Two kinds of key are known: 0x01, Ed25519 over the text; 0x04, an Ed25519 cosignature with a time. The key id is a hint;
the pinned verifier key decides. Source: c2sp.org/signed-note@v1.0.0. Vectors: tests/vectors/note.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from audit.cosignature import cosigned_message, split_cosignature
from audit.errors import LogFormatError, NoteError
from crypto.encoding import decode_base64, decode_hex, encode_base64
from crypto.errors import CryptoError
from crypto.keys import SigningKey, verify_ed25519

ED25519: Final = 0x01
COSIGNATURE: Final = 0x04
MAX_NOTE: Final = 1_000_000
MAX_SIGNATURES: Final = 64
_ID_SIZE: Final = 4
_KEY_SIZE: Final = 32
_NAME: Final = re.compile(r"[^\s+\x00-\x1f\x7f]+")
_FORBIDDEN: Final = re.compile(r"[\x00-\x09\x0b-\x1f]")
_LINE: Final = re.compile(r"— (?P<name>[^\s+\x00-\x1f\x7f]+) (?P<blob>[A-Za-z0-9+/=]+)")


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A key that notes are verified with: name, kind (signature type byte) and 32-byte Ed25519 public key."""

    name: str
    kind: int
    public: bytes

    def __post_init__(self) -> None:
        """Refuse a name that a note cannot carry, an unknown kind, a key of another length."""
        if not _NAME.fullmatch(self.name) or self.kind not in (ED25519, COSIGNATURE) or len(self.public) != _KEY_SIZE:
            raise LogFormatError("not a verifier key")

    @property
    def id(self) -> bytes:
        """The 4-byte key id."""
        named = self.name.encode() + b"\n" + bytes((self.kind,)) + self.public
        return hashlib.sha256(named).digest()[:_ID_SIZE]

    def __str__(self) -> str:
        """Return the text form: name+id+base64(kind || key)."""
        return f"{self.name}+{self.id.hex()}+{encode_base64(bytes((self.kind,)) + self.public)}"


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: key name, 4-byte key id, and what that kind of key makes."""

    name: str
    id: bytes
    blob: bytes

    def __str__(self) -> str:
        """Return the line, without its newline."""
        return f"— {self.name} {encode_base64(self.id + self.blob)}"


@dataclass(frozen=True, slots=True)
class Note:
    """A text of complete lines and its signatures; parsed, not verified."""

    text: str
    signatures: tuple[Signature, ...]

    def encode(self) -> bytes:
        """Return the bytes of the note."""
        return (self.text + "\n" + "".join(f"{signature}\n" for signature in self.signatures)).encode()


def parse_verifier_key(text: str) -> VerifierKey:
    """Parse a verifier key in text form; raise LogFormatError, also when the id is not that of the key."""
    name, _, rest = text.partition("+")
    hint, _, encoded = rest.partition("+")
    try:
        raw, identifier = decode_base64(encoded), decode_hex(hint, _ID_SIZE)
    except CryptoError as error:
        raise LogFormatError("not a verifier key") from error
    key = VerifierKey(name, raw[0] if raw else 0, raw[1:])
    if key.id != identifier:
        raise LogFormatError("id of the verifier key is not its own")
    return key


def sign_note(text: str, name: str, key: SigningKey) -> Note:
    """Sign a text of complete lines with an Ed25519 key of this name; raise LogFormatError for another text.

    The signature covers the bare text: a key that signs notes signs nothing else, and one kind of note only.
    """
    _check_text(text)
    public = VerifierKey(name, ED25519, key.public)
    return Note(text, (Signature(name, public.id, key.sign(text.encode())),))


def cosign_note(note: Note, name: str, key: SigningKey, seconds: int) -> Note:
    """Add the cosignature of a witness of this name, made at a time in UTC seconds."""
    public = VerifierKey(name, COSIGNATURE, key.public)
    blob = seconds.to_bytes(8, "big") + key.sign(cosigned_message(note.text, seconds))
    return Note(note.text, (*note.signatures, Signature(name, public.id, blob)))


def parse_note(data: bytes) -> Note:
    """Parse a note; raise LogFormatError for anything that would not encode to the same bytes."""
    if len(data) > MAX_NOTE:
        raise LogFormatError("note is too large")
    try:
        whole = data.decode()
    except UnicodeDecodeError as error:
        raise LogFormatError("note is not utf-8") from error
    text, found, lines = whole.rpartition("\n\n")
    if not found or not lines.endswith("\n"):
        raise LogFormatError("note has no signatures")
    _check_text(text + "\n")
    rows = lines.removesuffix("\n").split("\n")
    if len(rows) > MAX_SIGNATURES:
        raise LogFormatError("note has too many signatures")
    return Note(text + "\n", tuple(_parse_line(row) for row in rows))


def verify_note(note: Note, keys: Sequence[VerifierKey]) -> tuple[VerifierKey, ...]:
    """Return the keys, of those given, that signed the note; unknown signers are ignored.

    Raise NoteError when none signed, or when a line with the name and id of a given key does not verify.
    """
    known = {(key.name, key.id): key for key in keys}
    signed: dict[VerifierKey, None] = {}
    for signature in note.signatures:
        key = known.get((signature.name, signature.id))
        if key is not None:
            _verify_signature(note.text, signature, key)
            signed[key] = None
    if not signed:
        raise NoteError("note is not signed by a wanted key")
    return tuple(signed)


def _verify_signature(text: str, signature: Signature, key: VerifierKey) -> None:
    try:
        if key.kind == ED25519:
            verify_ed25519(key.public, text.encode(), signature.blob)
        else:
            seconds, raw = split_cosignature(signature.blob)
            verify_ed25519(key.public, cosigned_message(text, seconds), raw)
    except (CryptoError, LogFormatError) as error:
        raise NoteError("note carries a bad signature of a wanted key") from error


def _check_text(text: str) -> None:
    if not text.endswith("\n") or _FORBIDDEN.search(text):
        raise LogFormatError("text of a note is not made of complete lines")


def _parse_line(line: str) -> Signature:
    match = _LINE.fullmatch(line)
    try:
        raw = decode_base64(match["blob"]) if match else b""
    except CryptoError as error:
        raise LogFormatError("signature line is not base64") from error
    if match is None or len(raw) <= _ID_SIZE:
        raise LogFormatError("not a signature line")
    return Signature(match["name"], raw[:_ID_SIZE], raw[_ID_SIZE:])
