"""Bytes, canonical JSON and the ciphers of docs/spec/encoding.md and keys.md, written from those pages alone.

Nothing here comes from the project: HPKE and X-Wing are put together from RFC 9180 and the X-Wing draft.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
import unicodedata
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_decrypt as xchacha_decrypt
from nacl.bindings import crypto_sign_open
from nacl.exceptions import CryptoError

LARGEST = 2**53 - 1
LABEL = "eigendossier/v1/"
SUITE = b"\x01"
HPKE_SUITE = b"HPKE" + bytes.fromhex("647a00010003")
CODE = re.compile(r"(?=.{1,64}\Z)[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)


class Fault(Exception):  # noqa: N818 - it carries the class of the page, which is the name that counts
    """A failure; `kind` is the class that the vectors name."""

    def __init__(self, kind: str, message: str):
        super().__init__(f"{kind}: {message}")
        self.kind = kind


def need(fact: object, kind: str, message: str) -> None:
    """Raise a fault of this kind unless the fact holds."""
    if not fact:
        raise Fault(kind, message)


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def u64(number: int) -> bytes:
    need(0 <= number <= LARGEST, "malformed", "integer out of range")
    return number.to_bytes(8, "little")


def read_u64(data: bytes) -> int:
    need(len(data) == 8, "malformed", "integer of another length")
    number = int.from_bytes(data, "little")
    need(number <= LARGEST, "malformed", "integer out of range")
    return number


def unbase64(text: Any, kind: str = "malformed") -> bytes:
    """Decode the one spelling of a byte string."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError, TypeError) as error:
        raise Fault(kind, "base64") from error
    need(base64.b64encode(data).decode() == text, kind, "base64 of another spelling")
    return data


def bind(label: str, *fields: bytes) -> bytes:
    pieces = [label.encode(), *fields]
    return u64(len(pieces)) + b"".join(u64(len(piece)) + piece for piece in pieces)


def unbind(label: str, data: bytes) -> list[bytes]:
    """Split a binding into its fields."""
    pieces, rest = [], data[8:]
    count = read_u64(data[:8])
    while rest:
        size = read_u64(rest[:8])
        pieces.append(rest[8 : 8 + size])
        rest = rest[8 + size :]
    need(bind("", *pieces)[16:] == data[8:] and len(pieces) == count > 0, "malformed", "not a binding")
    need(pieces[0] == label.encode(), "malformed", "another label")
    return pieces[1:]


def hkdf(key: bytes, label: str, *fields: bytes, size: int = 32) -> bytes:
    return expand(hmac.digest(bytes(32), key, "sha256"), bind(LABEL + label, *fields), size)


def expand(prk: bytes, info: bytes, size: int) -> bytes:
    """HKDF-Expand of RFC 5869."""
    out = block = b""
    while len(out) < size:
        block = hmac.digest(prk, block + info + bytes([len(out) // 32 + 1]), "sha256")
        out += block
    return out[:size]


# Canonical JSON


def encode_json(value: Any, depth: int = 0) -> str:
    """Encode as RFC 8785, restricted as the page says."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        need(abs(value) <= LARGEST, "malformed", "integer out of range")
        return str(value)
    if isinstance(value, str):
        need(unicodedata.is_normalized("NFC", value), "malformed", "text not in form C")
        return json.dumps(value, ensure_ascii=False)
    need(isinstance(value, list | dict) and depth < 8, "malformed", "value of no known kind, or too deep")
    if isinstance(value, list):
        return "[" + ",".join(encode_json(part, depth + 1) for part in value) + "]"
    keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
    return "{" + ",".join(encode_json(key) + ":" + encode_json(value[key], depth + 1) for key in keys) + "}"


def decode_json(data: bytes, limit: int = 65_536) -> Any:
    """Decode, and refuse every spelling but one."""
    need(len(data) <= limit, "limit", "too large")
    try:
        value = json.loads(data.decode())
        same = encode_json(value).encode() == data
    except (ValueError, RecursionError) as error:
        raise Fault("malformed", "json") from error
    need(same, "malformed", "json of another spelling")
    return value


# Ciphers


def verify_ed25519(key: bytes, message: bytes, signature: bytes) -> None:
    """Verify as libsodium does."""
    need(len(key) == 32 and len(signature) == 64, "signature", "lengths")
    try:
        crypto_sign_open(signature + message, key)
    except CryptoError as error:
        raise Fault("signature", "does not verify") from error


def sealing_pair(seed: bytes) -> tuple[MLKEM768PrivateKey, X25519PrivateKey]:
    """Expand the seed of an X-Wing pair."""
    expanded = hashlib.shake_256(seed).digest(96)
    return MLKEM768PrivateKey.from_seed_bytes(expanded[:64]), X25519PrivateKey.from_private_bytes(expanded[64:])


def sealing_key(seed: bytes) -> bytes:
    """Return the public key of an X-Wing pair, 1,216 bytes."""
    return b"".join(half.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw) for half in sealing_pair(seed))


def decapsulate(seed: bytes, encapsulation: bytes) -> bytes:
    """Return the shared secret of X-Wing: SHA3-256 over both halves, the curve's points and the label."""
    lattice, curve = sealing_pair(seed)
    point = encapsulation[1088:]
    secrets = lattice.decapsulate(encapsulation[:1088]) + curve.exchange(X25519PublicKey.from_public_bytes(point))
    return hashlib.sha3_256(secrets + point + sealing_key(seed)[1184:] + b"\\.//^\\").digest()


def extract(salt: bytes, label: bytes, secret: bytes) -> bytes:
    """LabeledExtract of RFC 9180."""
    return hmac.digest(salt or bytes(32), b"HPKE-v1" + HPKE_SUITE + label + secret, "sha256")


def open_sealed(label: str, fields: list[bytes], seed: bytes, sealed: bytes) -> bytes:
    """Open a seal with the pair of a seed: HPKE base mode, one message."""
    info = bind(label, SUITE, *fields, sha256(sealing_key(seed)))
    context = b"\x00" + extract(b"", b"psk_id_hash", b"") + extract(b"", b"info_hash", info)
    try:
        secret = extract(decapsulate(seed, sealed[:1120]), b"secret", b"")
        key = expand(secret, b"\x00\x20HPKE-v1" + HPKE_SUITE + b"key" + context, 32)
        nonce = expand(secret, b"\x00\x0cHPKE-v1" + HPKE_SUITE + b"base_nonce" + context, 12)
        return ChaCha20Poly1305(key).decrypt(nonce, sealed[1120:], b"")
    except (InvalidTag, ValueError) as error:
        raise Fault("tampered", "seal") from error


def unwrap(label: str, fields: list[bytes], key: bytes, wrapped: bytes) -> bytes:
    """Open a wrap: XChaCha20-Poly1305, the nonce in front."""
    need(len(wrapped) >= 40, "tampered", "wrap")
    try:
        return xchacha_decrypt(wrapped[24:], bind(label, SUITE, *fields), wrapped[:24], key)
    except CryptoError as error:
        raise Fault("tampered", "wrap") from error
