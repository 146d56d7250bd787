"""Vectors of what a client keeps: the key store's states, each sealed for its name, and its key from a passphrase."""

from __future__ import annotations

from typing import Any

from crypto.canonical import encode_json
from crypto.labels import Label
from crypto.seal import wrap
from crypto.unlock import MEMORY_KIB, PASSES, Method, stretch
from dossier.client.keys import FORMAT
from tests.vectors.frozen import b64, fixed, flip, vector

KEY, NAME = fixed("store key"), "noor-hoekstra"
STATE = {"root": b64(fixed("user root")), "served": {}, "system": ""}
LARGE = 8 * 1024 * 1024


def make() -> None:
    """Make the vectors of this module."""
    _states()
    _misplaced()
    _contents()
    _names()
    _keys()


def _one(name: str, expect: str, comment: str, sealed: bytes, /, **changes: Any) -> None:
    fields = {"key": b64(KEY), "name": NAME, "sealed": b64(sealed)}
    vector("device-state", name, expect, comment, **(fields | changes))


def _sealed(data: bytes, name: str = NAME, label: Label = Label.DEVICE_STATE) -> bytes:
    return wrap(label, (name.encode(),), KEY, data)


def _states() -> None:
    _one("valid", "success", "a state opens under its name", _sealed(encode_json(STATE)), state=STATE)
    _one("empty", "success", "a state without fields", _sealed(b"{}"), state={})
    dotted = "kredietbank-lindeland.schuldregeling"
    _one("dotted-name", "success", "a name of words and dots", _sealed(b"{}", dotted), name=dotted, state={})
    large = {"heads": "h" * 65_536}
    comment = "above 65,536 bytes: the bound of a state is 8 MiB"
    _one("large", "success", comment, _sealed(encode_json(large, limit=LARGE)), state=large)


def _misplaced() -> None:
    sound = _sealed(encode_json(STATE))
    _one("other-name", "tampered", "put under another name", sound, name="noor-hoekstra-2")
    _one("other-key", "tampered", "another store's key", sound, key=b64(fixed("other store key")))
    _one("other-label", "tampered", "wrapped under another label", _sealed(encode_json(STATE), label=Label.STREAM_KEY))
    bare = wrap(Label.DEVICE_STATE, (), KEY, encode_json(STATE))
    _one("no-name", "tampered", "wrapped for no name", bare)
    _one("flipped-nonce", "tampered", "first bit", flip(sound, 0))
    _one("flipped-text", "tampered", "a bit of the ciphertext", flip(sound, 24))
    _one("flipped-tag", "tampered", "last bit", flip(sound))
    _one("cut", "tampered", "last byte missing", sound[:-1])
    _one("nonce-alone", "tampered", "no ciphertext", sound[:24])
    _one("nothing", "tampered", "an empty file", b"")
    _one("not-wrapped", "tampered", "the state as it is", encode_json(STATE))


def _contents() -> None:
    for name, comment, data in (
        ("no-json", "an empty plaintext", b""),
        ("list", "an array", b"[]"),
        ("text", "a string", b'"root"'),
        ("number", "an integer", b"7"),
        ("space", "white space", b'{"root": ""}'),
        ("key-order", "keys out of order", b'{"b":1,"a":2}'),
        ("double-key", "a key twice", b'{"a":1,"a":1}'),
        ("null", "null", b'{"a":null}'),
        ("trailing", "a line feed at the end", b"{}\n"),
        ("bad-utf8", "a byte that is not UTF-8", b'{"a":"\xff"}'),
        ("depth-9", "nine levels", b'{"a":' + b"[" * 8 + b"]" * 8 + b"}"),
    ):
        _one(name, "malformed", comment, _sealed(data))


def _names() -> None:
    for fault, comment, name in (
        ("empty", "no name", ""),
        ("upper-case", "upper-case letters", "Noor-Hoekstra"),
        ("space", "a space", "noor hoekstra"),
        ("underscore", "an underscore", "noor_hoekstra"),
        ("hyphens", "two hyphens", "noor--hoekstra"),
        ("hyphen-first", "a hyphen in front", "-noor"),
        ("hyphen-last", "a hyphen at the end", "noor-"),
        ("dot-first", "a dot in front", ".noor"),
        ("parent", "a folder above", "../noor"),
        ("folder", "a folder below", "noor/hoekstra"),
        ("line-feed", "a line feed at the end", "noor\n"),
        ("accent", "a letter beyond ASCII", "zoë"),
        ("other-digits", "digits of another script", "noor-\u0663"),
    ):
        _one(f"name-{fault}", "malformed", f"not a name: {comment}", _sealed(b"{}", name), name=name)


def _keys() -> None:
    phrase = "fi\u00ebts naar de caf\u00e9"
    salt = fixed("salt", 16)
    sound = {"format": FORMAT, "memoryKib": MEMORY_KIB[0], "passes": PASSES[0], "salt": b64(salt)}

    def one(name: str, expect: str, comment: str, settings: bytes, typed: str = phrase, **out: str) -> None:
        vector("device-key", name, expect, comment, settings=b64(settings), typed=typed, **out)

    def changed(**changes: Any) -> bytes:
        return encode_json(sound | changes)

    key = b64(stretch(Method(b"", "passphrase", b"", MEMORY_KIB[0], PASSES[0], salt), phrase.encode()))
    one("valid", "success", "the key of a passphrase", encode_json(sound), key=key)
    other_spelling = "\ufb01e\u0308ts naar de cafe\u0301"
    one("compatible", "success", "typed as a ligature and combining marks", encode_json(sound), other_spelling, key=key)
    one("other-form", "malformed", "a store of a form to come", changed(format="eigendossier-key-store-2"))
    one("memory-low", "limit", "one KiB less than allowed", changed(memoryKib=MEMORY_KIB[0] - 1))
    one("memory-high", "limit", "one KiB more than allowed", changed(memoryKib=MEMORY_KIB[1] + 1))
    one("passes-low", "limit", "one pass fewer than allowed", changed(passes=PASSES[0] - 1))
    one("passes-high", "limit", "one pass more than allowed", changed(passes=PASSES[1] + 1))
    one("short-salt", "limit", "a salt of 15 bytes", changed(salt=b64(salt[:-1])))
    one("long-salt", "limit", "a salt of 17 bytes", changed(salt=b64(salt + b"\0")))
    one("salt-spelling", "malformed", "the salt without its padding", changed(salt=b64(salt).rstrip("=")))
    one("text-cost", "malformed", "the memory as a text", changed(memoryKib=str(MEMORY_KIB[0])))
    for field in ("format", "memoryKib", "passes", "salt"):
        settings = {name: value for name, value in sound.items() if name != field}
        one(f"no-{field.lower()}", "malformed", f"without {field}", encode_json(settings))
    one("list", "malformed", "an array", b"[]")
    one("trailing", "malformed", "a line feed at the end", encode_json(sound) + b"\n")
    one("empty", "malformed", "an empty file", b"")
