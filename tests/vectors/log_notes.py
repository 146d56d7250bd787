"""Vectors of notes, and of what is signed as one: checkpoints, promises; and of the proofs that carry them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from audit.checkpoint import Checkpoint, sign_checkpoint
from audit.merkle import inclusion_proof, leaf_hash, tree_root
from audit.note import Note, Signature, VerifierKey, cosign_note, parse_note, sign_note
from audit.promise import make_promise, padding_count
from audit.proof import TlogProof
from audit.stream import NO_PREVIOUS, make_leaf
from crypto.encoding import encode_base64
from crypto.keys import SigningKey
from tests.values import replace
from tests.vectors.log_basics import (
    ENTRIES,
    HASHES,
    ISSUED,
    KEY,
    LOG,
    LOG_KEY,
    ORIGIN,
    PROMISE,
    PROMISE_KEY,
    WITNESS,
    WITNESS_KEY,
    Vector,
    Vectors,
    bad,
    good,
    hexes,
    reader,
)


def note() -> Vectors:
    """Yield vectors of verifier keys and notes."""
    for name, key in (("log", LOG), ("witness", WITNESS)):
        parts = {"name": key.name, "kind": key.kind, "id": key.id.hex(), "public": encode_base64(key.public)}
        yield f"verifier-key-{name}", good("verifier-key", "a verifier key, both ways", text=str(key), **parts)
    for name, text in (
        ("other-id", str(LOG).replace("cae69038", "cae69039")),
        ("upper-case-id", str(LOG).replace("cae6", "CAE6")),
        ("no-key", "name+00000000+"),
        ("space", str(LOG).replace("log1", "log 1")),
        ("no-id", f"name+{'A' * 44}"),
        ("kind-2", kind_two()),
    ):
        yield f"verifier-key-{name}", bad("format", "verifier-key", "not a verifier key", text=text)
    text = "first line\n\nthird line\n"
    signed = sign_note(text, ORIGIN, LOG_KEY)
    both = cosign_note(signed, WITNESS.name, WITNESS_KEY, 1_700_000_000)
    stranger = sign_note(text, "other", SigningKey.from_seed(b"o" * 32)).signatures
    yield "signed", verified("signed by the log", signed, [LOG], [ORIGIN])
    yield "cosigned", verified("signed by log and witness", both, [LOG, WITNESS], [ORIGIN, WITNESS.name])
    yield "witness-alone", verified("asked for the witness alone", both, [WITNESS], [WITNESS.name])
    yield (
        "stranger-too",
        verified("an unknown signer besides", Note(text, (*stranger, *signed.signatures)), [LOG], [ORIGIN]),
    )
    spoilt = Note(text, (*signed.signatures, Signature(WITNESS.name, WITNESS.id, bytes(72))))
    cut = Note(text, (Signature(ORIGIN, LOG.id, signed.signatures[0].blob[:-1]),))
    for name, comment, wrong, keys in (
        ("stranger-only", "no wanted key signed", Note(text, stranger), [LOG]),
        ("other-text", "the text was changed", Note(text.replace("first", "other"), signed.signatures), [LOG]),
        ("bad-cosignature", "a wanted key's signature is bad", spoilt, [LOG, WITNESS]),
        ("short-signature", "a signature of 63 bytes", cut, [LOG]),
        ("other-time", "the cosignature's time was changed", moved(both), [WITNESS]),
    ):
        yield name, bad("note", "verify", comment, note=encode_base64(wrong.encode()), keys=[str(key) for key in keys])
    line = str(signed.signatures[0])
    for name, comment, data in (
        ("no-signature", "a text without signatures", text.encode()),
        ("no-last-newline", "the last newline is missing", f"text\n\n{line}".encode()),
        ("carriage-return", "a control character", f"te\rxt\n\n{line}\n".encode()),
        ("hyphen", "a hyphen for the dash", f"text\n\n{line.replace('—', '-')}\n".encode()),
        ("two-spaces", "a space too many", f"text\n\n{line.replace(' ', '  ', 1)}\n".encode()),
        ("loose-base64", "stray bits in the last character", "text\n\n— name AAAAAAB=\n".encode()),
        ("not-utf-8", "not UTF-8", b"te\xffxt\n\n" + line.encode() + b"\n"),
        ("empty", "nothing at all", b""),
    ):
        yield name, bad("format", "verify", comment, note=encode_base64(data), keys=[str(LOG)])


def kind_two() -> str:
    """Return a verifier key of a kind that is not known here, with its right id."""
    raw = b"\x02" + LOG.public
    return f"name+{hashlib.sha256(b'name' + bytes((10,)) + raw).hexdigest()[:8]}+{encode_base64(raw)}"


def verified(comment: str, signed: Note, keys: Sequence[VerifierKey], by: list[str]) -> Vector:
    """Return a note that verifies."""
    inputs = {"note": encode_base64(signed.encode()), "keys": [str(key) for key in keys]}
    return good("verify", comment, **inputs, text=signed.text, signedBy=by)


def moved(signed: Note) -> Note:
    """Return the note with another time in its cosignature."""
    line = signed.signatures[1]
    return Note(signed.text, (replace(line, blob=bytes(7) + b"\x01" + line.blob[8:]),))


SEVEN = Checkpoint(ORIGIN, 7, tree_root(HASHES[:7]))
CHECKPOINT = cosign_note(sign_checkpoint(SEVEN, LOG_KEY), WITNESS.name, WITNESS_KEY, 1_700_000_000)


def checkpoint() -> Vectors:
    """Yield vectors of checkpoints."""
    inputs: Vector = {"note": encode_base64(CHECKPOINT.encode()), "key": str(LOG), "witnesses": [str(WITNESS)]}
    outputs = {"origin": ORIGIN, "size": 7, "root": SEVEN.root.hex()}
    yield "cosigned", good("verify", "log and witness signed", **inputs, **outputs)
    yield "witness-not-asked", good("verify", "the witness is not demanded", **inputs | {"witnesses": []}, **outputs)
    alone = encode_base64(sign_checkpoint(SEVEN, LOG_KEY).encode())
    witness = Note(CHECKPOINT.text, CHECKPOINT.signatures[1:])
    other = sign_note(SEVEN.encode().replace("log1", "log2"), ORIGIN, LOG_KEY)
    for name, comment, change in (
        ("no-witness", "the demanded witness did not sign", {"note": alone}),
        ("no-log", "the log did not sign", {"note": encode_base64(witness.encode())}),
        ("other-origin", "another origin under the log's key", {"note": encode_base64(other.encode())}),
        ("other-key", "the key of another log", {"key": str(PROMISE)}),
    ):
        yield name, bad("note", "verify", comment, **inputs | change)
    for name, comment, old, new in (
        ("leading-zero", "a size with a leading zero", "\n7\n", "\n07\n"),
        ("negative", "a negative size", "\n7\n", "\n-7\n"),
        ("too-large", "a size of 2^63", "\n7\n", "\n9223372036854775808\n"),
        ("extension", "an extension line", "Rjg=\n", "Rjg=\nmore\n"),
        ("loose-base64", "stray bits in the root", "Rjg=", "Rjh="),
        ("short-root", "a root of one byte", CHECKPOINT.text.split("\n")[2], "AA=="),
        ("space", "a space in the origin", "log1\n", "log 1\n"),
    ):
        signed = sign_note(SEVEN.encode().replace(old, new), ORIGIN, LOG_KEY)
        yield name, bad("format", "verify", comment, **inputs | {"note": encode_base64(signed.encode())})


def promise() -> Vectors:
    """Yield vectors of promises."""
    leaves = [make_leaf(KEY, seq, NO_PREVIOUS, HASHES[0]) for seq in range(1, 6)]
    padding = [bytes((number,)) * 32 for number in range(padding_count(5))]
    batch = make_promise(ORIGIN, [leaf_hash(one) for one in leaves], padding, ISSUED, PROMISE.name, PROMISE_KEY)
    alone = make_promise(ORIGIN, [leaf_hash(leaves[0])], [], ISSUED, PROMISE.name, PROMISE_KEY)
    outputs = {"count": 8, "issued": ISSUED, "delay": 60}
    for index in (0, 4):
        inputs = promised(batch.note, leaves[index], index, batch.path(index))
        yield (
            f"leaf-{index}-of-5",
            good("verify", f"leaf {index} of a batch of 5", **inputs, root=batch.levels[-1][0].hex(), **outputs),
        )
    inputs = promised(alone.note, leaves[0], 0, [])
    yield "alone", good("verify", "a batch of one", **inputs, root=alone.levels[-1][0].hex(), **outputs | {"count": 1})
    inputs = promised(batch.note, leaves[0], 0, batch.path(0))
    for name, expect, comment, change in (
        ("other-leaf", "proof", "another leaf", {"leaf": encode_base64(leaves[1])}),
        ("other-index", "proof", "another index", {"index": 1}),
        ("short-path", "proof", "the last hash is missing", {"path": hexes(batch.path(0)[:-1])}),
        ("other-key", "note", "the log's key instead", {"key": str(LOG)}),
        ("other-origin", "note", "the promise of another log", {"origin": "audit.example.nl/log2"}),
    ):
        yield name, bad(expect, "verify", comment, **inputs | change)
    text = parse_note(batch.note).text
    for name, comment, old, new in (
        ("other-header", "another format", "promise/v1", "promise/v2"),
        ("leading-zero", "a count with a leading zero", "\n8\n", "\n08\n"),
        ("count-6", "a count that is no power of two", "\n8\n", "\n6\n"),
        ("more-lines", "a line too many", "\n60\n", "\n60\n\n"),
    ):
        signed = sign_note(text.replace(old, new), PROMISE.name, PROMISE_KEY)
        yield name, bad("format", "verify", comment, **inputs | {"note": encode_base64(signed.encode())})


def promised(data: bytes, made: bytes, index: int, path: Sequence[bytes]) -> Vector:
    """Return the inputs of a check of a promise."""
    place = {"leaf": encode_base64(made), "index": index, "path": hexes(path)}
    return {"note": encode_base64(data), "key": str(PROMISE), "origin": ORIGIN, **place}


def proof() -> Vectors:
    """Yield vectors of tlog-proofs."""
    path = tuple(inclusion_proof(2, 7, reader(7)))
    made = TlogProof(2, path, CHECKPOINT.encode())
    inputs = {
        "proof": encode_base64(made.encode()),
        "entry": encode_base64(ENTRIES[2]),
        "key": str(LOG),
        "witnesses": [str(WITNESS)],
    }
    outputs = {"index": 2, "size": 7, "root": SEVEN.root.hex()}
    yield "cosigned", good("verify", "entry 2 of 7, cosigned", **inputs, **outputs)
    extra = encode_base64(replace(made, extra=b"opening").encode())
    yield "extra", good("verify", "with an extra line", **inputs | {"proof": extra}, **outputs)
    alone = encode_base64(replace(made, checkpoint=sign_checkpoint(SEVEN, LOG_KEY).encode()).encode())
    for name, expect, comment, change in (
        ("other-entry", "proof", "another entry", {"entry": encode_base64(ENTRIES[3])}),
        ("other-index", "proof", "another index", {"proof": encode_base64(replace(made, index=3).encode())}),
        (
            "short-path",
            "proof",
            "the last hash is missing",
            {"proof": encode_base64(replace(made, path=path[:-1]).encode())},
        ),
        ("no-witness", "note", "the demanded witness did not sign", {"proof": alone}),
        ("other-log", "note", "the key of another log", {"key": str(PROMISE)}),
    ):
        yield name, bad(expect, "verify", comment, **inputs | change)
    text = made.encode().decode()
    for name, comment, old, new in (
        ("other-header", "another format", "proof@v1", "proof@v2"),
        ("leading-zero", "an index with a leading zero", "index 2", "index 02"),
        ("no-index", "no index", "index 2\n", ""),
        ("loose-base64", "stray bits in a hash", "8y94=", "8y95="),
        ("short-hash", "a hash of one byte", "index 2\n", "index 2\nAA==\n"),
    ):
        changed = text.replace(old, new, 1)
        yield name, bad("format", "verify", comment, **inputs | {"proof": encode_base64(changed.encode())})
