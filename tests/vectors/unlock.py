"""Vectors of passphrases, recovery codes and unlocking."""

from __future__ import annotations

from typing import Any

from crypto.encoding import u64
from crypto.keys import SealingKey, SigningKey, key_hash
from crypto.labels import Label
from crypto.passphrase import parse_passphrase
from crypto.recoverycode import format_recovery_code
from crypto.seal import hkdf, wrap
from crypto.statements import Statement, sign
from crypto.unlock import Identity, Method, new_method, seal_root, unlock_key, wrap_identity
from crypto.wordlist import words
from tests.values import replace
from tests.vectors.chains import KEYS, PERSON, person_statement
from tests.vectors.frozen import b64, fixed, flip, vector

CHOSEN = " ".join(words()[at] for at in (0, 1_234, 2_345, 3_456, 4_567, 7_775))
CODE = fixed("recovery code", 20)


def make() -> None:
    """Make the vectors of this module."""
    passphrase = _passphrases()
    _recovery_codes()
    person = bytes.fromhex(PERSON)
    by_phrase = new_method(person, "passphrase", passphrase)
    by_code = new_method(person, "recovery-code", format_recovery_code(CODE))
    _methods(person, passphrase, by_phrase, by_code)
    _roots(person, by_phrase[0], by_code[0])
    _identities(person)


def _sound_passphrase() -> str:
    for check in range(100):
        typed = f"{CHOSEN} {check:02d}"
        try:
            parse_passphrase(typed)
        except Exception:  # noqa: BLE001 - trying all checks is the point
            continue
        return typed
    raise AssertionError("no check fits")


def _passphrases() -> str:
    sound = _sound_passphrase()
    check = sound[-2:]
    spread = sound.replace(" ", "  \t ")
    wide = "".join(chr(ord(letter) + 0xFEE0) if letter.isalnum() else "\u3000" for letter in sound)
    for name, comment, typed in (
        ("valid", "six words and the check", sound),
        ("upper-case", "upper case", sound.upper()),
        ("spaces", "more space, tabs and line ends", f" {spread}\r\n"),
        ("full-width", "full-width letters and spaces, which NFKC undoes", wide),
        ("no-break-space", "no-break spaces", sound.replace(" ", "\u00a0")),
    ):
        vector("passphrase", name, "success", comment, typed=typed, words=CHOSEN)
    other = f"{(int(check) + 1) % 100:02d}"
    first, second, rest = sound.split(" ", 2)
    for name, comment, typed in (
        ("wrong-check", "another check", f"{CHOSEN} {other}"),
        ("no-check", "the check is missing", CHOSEN),
        ("five-words", "a word is missing", sound.split(" ", 1)[1]),
        ("seven-words", "a word too many", f"{first} {sound}"),
        ("words-swapped", "two words swapped", f"{second} {first} {rest}"),
        ("other-word", "another word of the list", f"{words()[99]} {second} {rest}"),
        ("not-a-word", "a word that is not in the list", f"x{first} {second} {rest}"),
        ("hyphens", "hyphens for spaces", sound.replace(" ", "-")),
        ("empty", "nothing", ""),
        ("too-long", "more than a thousand letters", " " * 1_000 + sound),
    ):
        vector("passphrase", name, "checksum", comment, typed=typed)
    return sound


def _recovery_codes() -> None:
    sound = format_recovery_code(CODE)
    for name, comment, typed, code in (
        ("valid", "nine groups of four", sound, CODE),
        ("lower-case", "lower case", sound.lower(), CODE),
        ("no-groups", "without hyphens", sound.replace("-", ""), CODE),
        ("spaces", "spaces for hyphens", sound.replace("-", " "), CODE),
        ("zero", "twenty zero bytes", format_recovery_code(bytes(20)), bytes(20)),
    ):
        vector("recovery-code", name, "success", comment, typed=typed, code=b64(code))
    zero = format_recovery_code(bytes(20))
    other = "2" if sound[0] != "2" else "3"
    for name, comment, typed in (
        ("letter-o", "the letter O for the digit 0", f"O{zero[1:]}"),
        ("letter-i", "the letter I", f"I{sound[1:]}"),
        ("letter-u", "the letter U", f"U{sound[1:]}"),
        ("one-wrong", "one symbol changed", other + sound[1:]),
        ("check-wrong", "the last symbol changed", sound[:-1] + ("2" if sound[-1] != "2" else "3")),
        ("swapped", "two symbols swapped", _swapped(sound)),
        ("short", "one symbol missing", sound[:-1]),
        ("long", "one symbol more", f"{sound}0"),
        ("not-ascii", "a letter outside ASCII", f"é{sound[1:]}"),
        ("empty", "nothing", ""),
    ):
        vector("recovery-code", name, "checksum", comment, typed=typed)


def _swapped(code: str) -> str:
    at = next(at for at in range(len(code) - 1) if code[at] != code[at + 1] and "-" not in code[at : at + 2])
    return code[:at] + code[at + 1] + code[at] + code[at + 2 :]


def _methods(person: bytes, passphrase: str, by_phrase: tuple[Method, bytes], by_code: tuple[Method, bytes]) -> None:
    def one(name: str, expect: str, comment: str, method: Method, typed: str, wrapped: bytes, **extra: Any) -> None:
        fields = {"person": PERSON, "method": method.entry(), "typed": typed, "wrappedSeed": b64(wrapped)}
        vector("unlock-method", name, expect, comment, **(fields | extra))

    (phrase, phrase_seed), (code, code_seed) = by_phrase, by_code
    typed_code = format_recovery_code(CODE)
    key = b64(unlock_key(person, phrase, passphrase))
    one("passphrase", "success", "a passphrase", phrase, passphrase, phrase_seed, unlockKey=key)
    key = b64(unlock_key(person, code, typed_code))
    one("recovery-code", "success", "a recovery code", code, typed_code, code_seed, unlockKey=key)
    one("mistyped-passphrase", "checksum", "a mistyped passphrase", phrase, passphrase[:-1], phrase_seed)
    one("mistyped-code", "checksum", "a mistyped code", code, typed_code[:-1], code_seed)
    one("other-code", "tampered", "another code", code, format_recovery_code(bytes(20)), code_seed)
    one("flipped-seed", "tampered", "one bit of the wrapped seed", code, typed_code, flip(code_seed))
    one("other-person", "tampered", "another person's", code, typed_code, code_seed, person=fixed("other", 16).hex())
    renamed = replace(code, method=fixed("other method", 16))
    one("other-method", "tampered", "another method id", renamed, typed_code, code_seed)
    rekeyed = replace(code, public_key=SealingKey.from_seed(fixed("other pair")).public)
    one("other-public-key", "tampered", "another public key in the list", rekeyed, typed_code, code_seed)
    context = (person, code.method, b"recovery-code", u64(0), u64(0), b"", key_hash(code.public_key))
    ikm = hkdf(CODE, Label.UNLOCK_RECOVERY, person, code.method)
    swapped = wrap(Label.METHOD_SEED, context, ikm, fixed("other seed"))
    one(
        "seed-of-another",
        "tampered",
        "a seed that does not give the public key it is bound to",
        code,
        typed_code,
        swapped,
    )
    one("more-passes", "tampered", "more passes than were used", replace(phrase, passes=4), passphrase, phrase_seed)
    for name, comment, changed in (
        ("memory-below-floor", "less memory than 64 MiB", replace(phrase, memory_kib=65_535)),
        ("memory-above-ceiling", "more memory than 1 GiB", replace(phrase, memory_kib=1_048_577)),
        ("passes-below-floor", "fewer than 3 passes", replace(phrase, passes=2)),
        ("passes-above-ceiling", "more than 10 passes", replace(phrase, passes=11)),
        ("short-salt", "a salt of 15 bytes", replace(phrase, salt=phrase.salt[:15])),
    ):
        one(name, "limit", comment, changed, passphrase, phrase_seed)
    one(
        "parameters-of-code",
        "limit",
        "Argon2id parameters beside a code",
        replace(code, passes=3),
        typed_code,
        code_seed,
    )
    one("passkey", "malformed", "a secret that is not typed", replace(code, type="passkey-prf"), typed_code, code_seed)


def _list(*methods: Method, **changes: Any) -> Statement:
    payload = {
        "person": PERSON,
        "counter": 1,
        "previous": "",
        "methods": [method.entry() for method in methods],
        "signer": PERSON,
        "issuedAt": 1_800_000_000,
    }
    return sign("unlock-methods", payload | changes, KEYS[0])


def _roots(person: bytes, phrase: Method, code: Method) -> None:
    pair = SealingKey.from_seed(fixed("method pair"))
    method = replace(code, public_key=pair.public)
    listed, root = _list(phrase, method), fixed("user root")
    sealed = seal_root(listed, person, root)

    def one(name: str, expect: str, comment: str, statement: Statement, data: bytes, **changes: Any) -> None:
        fields = {
            "person": PERSON,
            "list": b64(statement.envelope),
            "method": method.method.hex(),
            "seed": b64(pair.seed),
            "sealed": b64(data),
        }
        vector("unlock-root", name, expect, comment, **(fields | changes))

    own = sealed[method.method]
    one("valid", "success", "the root, sealed to a method of the list", listed, own, root=b64(root))
    one("flipped", "tampered", "one bit", listed, flip(own))
    one("other-list", "tampered", "under another list", _list(phrase, method, counter=2), own)
    one("other-method", "tampered", "sealed to the other method", listed, sealed[phrase.method])
    one("one-method", "malformed", "a list of one method", _list(method), own)
    one("method-twice", "malformed", "a method named twice", _list(method, method), own)
    one(
        "other-person",
        "malformed",
        "another person's list",
        _list(phrase, method, person=fixed("other", 16).hex()),
        own,
    )


def _identities(person: bytes) -> None:
    root, signing = fixed("user root"), SigningKey.from_seed(fixed("chain key 0"))
    identity = Identity(signing, SealingKey.from_seed(fixed("chain sealing 0")))
    head = person_statement(0, "", KEYS[0], organisation="")
    sound = wrap_identity(root, identity, person, b"", 0)

    def one(name: str, expect: str, comment: str, wrapped: bytes, statement: Statement = head, **changes: Any) -> None:
        fields = {"root": b64(root), "wrapped": b64(wrapped), "chainHead": b64(statement.envelope)}
        vector("identity", name, expect, comment, **(fields | changes))

    seeds: dict[str, Any] = {"signingSeed": b64(identity.signing.seed), "sealingSeed": b64(identity.sealing.seed)}
    one("valid", "success", "the identity of a citizen", sound, **seeds)
    one("flipped", "tampered", "one bit", flip(sound))
    one("other-root", "tampered", "another root", sound, root=b64(fixed("other root")))
    one("other-capacity", "tampered", "the statement of another capacity", sound, person_statement(0, "", KEYS[0]))
    other = person_statement(0, "", KEYS[0], organisation="", sealingKey=b64(SealingKey.from_seed(fixed("x")).public))
    one("other-sealing-key", "tampered", "another sealing key in the chain", sound, other)
    publics = (key_hash(identity.signing.public), key_hash(identity.sealing.public))
    context = (person, b"", u64(0), *publics)
    swapped = wrap(Label.IDENTITY, context, root, fixed("other seed") + identity.sealing.seed)
    one("seed-of-another", "tampered", "a seed that does not give the public key it is bound to", swapped)
