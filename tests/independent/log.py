"""The log as a folder of files, notes, proofs and promises, written from docs/spec/log.md and promise.md and C2SP."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.independent.encodings import CODE, Fault, decode_json, need, sha256, unbase64, verify_ed25519

WIDTH = 256
NAME = re.compile(r"[^\s+]+")
NUMBER = re.compile(r"0|[1-9][0-9]*", re.ASCII)
PLACE = re.compile(r"tile/(entries|[0-9]+)/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([0-9]+))?", re.ASCII)

# Trees (RFC 6962)


def leaf_hash(entry: bytes) -> bytes:
    return sha256(b"\x00" + entry)


def node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right)


def root_of(hashes: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes."""
    if len(hashes) < 2:
        return hashes[0] if hashes else sha256(b"")
    split = 1 << (len(hashes) - 1).bit_length() - 1
    return node(root_of(hashes[:split]), root_of(hashes[split:]))


def root_from_path(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """Return the root that a path of inclusion leads to."""
    need(0 <= index < size, "proof", "index outside the tree")
    if size == 1:
        need(not path, "proof", "a hash too many")
        return leaf
    need(path, "proof", "a hash too few")
    split = 1 << (size - 1).bit_length() - 1
    if index < split:
        return node(root_from_path(leaf, index, split, path[:-1]), path[-1])
    return node(path[-1], root_from_path(leaf, index - split, size - split, path[:-1]))


def check_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    need(root_from_path(leaf, index, size, path) == root, "proof", "another root")


def roots_from_path(old: int, new: int, path: Sequence[bytes], seed: bytes | None) -> tuple[bytes, bytes]:
    """Return the roots of the first `old` of `new` leaves and of all; `seed` is the old root if the path leaves it out."""
    if old == new:
        need(len(path) == (seed is None), "proof", "count of hashes")
        return (seed or path[0],) * 2
    need(path, "proof", "a hash too few")
    split = 1 << (new - 1).bit_length() - 1
    if old <= split:
        before, after = roots_from_path(old, split, path[:-1], seed)
        return before, node(after, path[-1])
    before, after = roots_from_path(old - split, new - split, path[:-1], None)
    return node(path[-1], before), node(path[-1], after)


def check_consistency(old: int, new: int, path: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """Check that a tree of `new` leaves begins with the tree of `old` leaves."""
    need(old <= new, "proof", "the tree has shrunk")
    if old == 0:
        need(not path and old_root == sha256(b""), "proof", "an empty tree proves nothing")
        return
    need(roots_from_path(old, new, path, old_root) == (old_root, new_root), "proof", "another root")


# Notes (C2SP signed-note, tlog-cosignature, tlog-checkpoint)


@dataclass(frozen=True)
class Key:
    name: str
    kind: int
    public: bytes

    @property
    def id(self) -> bytes:
        return sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public)[:4]


def parse_key(text: str) -> Key:
    """Parse a verifier key."""
    pieces = text.split("+", 2)
    need(len(pieces) == 3 and NAME.fullmatch(pieces[0]), "format", "verifier key")
    data = unbase64(pieces[2], "format")
    need(len(data) == 33 and data[0] in (1, 4), "format", "verifier key")
    key = Key(pieces[0], data[0], data[1:])
    need(pieces[1] == key.id.hex(), "format", "id of a verifier key")
    return key


def parse_note(data: bytes) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """Split a note into its text and its lines of name, key id and signature."""
    try:
        content = data.decode()
    except UnicodeDecodeError as error:
        raise Fault("format", "note") from error
    need(not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", content), "format", "control character")
    text, blank, lines = content.rpartition("\n\n")
    need(blank and lines.endswith("\n"), "format", "note")
    return text + "\n", [parse_line(line) for line in lines[:-1].split("\n")]


def parse_line(line: str) -> tuple[str, bytes, bytes]:
    pieces = line.split(" ")
    need(len(pieces) == 3 and pieces[0] == "\N{EM DASH}" and NAME.fullmatch(pieces[1]), "format", "signature line")
    data = unbase64(pieces[2], "format")
    need(len(data) > 4, "format", "signature line")
    return pieces[1], data[:4], data[4:]


def open_note(data: bytes, keys: Sequence[Key]) -> tuple[str, list[Key]]:
    """Return the text of a note and the keys, of those given, that signed it."""
    text, lines = parse_note(data)
    signers = [key for line in lines for key in keys if line[:2] == (key.name, key.id) and signed(text, line[2], key)]
    need(signers, "note", "no wanted key signed")
    return text, signers


def signed(text: str, blob: bytes, key: Key) -> bool:
    """Verify the signature of a wanted key: a bad one spoils the note."""
    message = text.encode()
    if key.kind == 4:
        message = b"cosignature/v1\ntime %d\n" % int.from_bytes(blob[:8], "big") + message
        blob = blob[8:]
    try:
        verify_ed25519(key.public, message, blob)
    except Fault as error:
        raise Fault("note", "a wanted key's signature does not verify") from error
    return True


def number(text: str, limit: int = 2**63) -> int:
    need(NUMBER.fullmatch(text) and len(text) < 20 and int(text) < limit, "format", "number")
    return int(text)


def hash_of(text: str) -> bytes:
    data = unbase64(text, "format")
    need(len(data) == 32, "format", "hash")
    return data


def open_checkpoint(data: bytes, key: Key, witnesses: Sequence[Key] = ()) -> tuple[str, int, bytes]:
    """Return origin, size and root of a checkpoint that the log and all these witnesses signed."""
    text, signers = open_note(data, [key, *witnesses])
    lines = text[:-1].split("\n")
    need(len(lines) == 3 and NAME.fullmatch(lines[0]), "format", "checkpoint")
    size, root = number(lines[1]), hash_of(lines[2])
    need({key, *witnesses} == set(signers), "note", "a wanted signature is missing")
    need(lines[0] == key.name, "note", "another origin")
    return lines[0], size, root


def check_proof(
    data: bytes, entry: bytes, key: Key, witnesses: Sequence[Key] = ()
) -> tuple[int, int, bytes]:  # fmt: skip
    """Check a tlog-proof of an entry; return its index, and size and root of the tree."""
    head, blank, note = data.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise Fault("format", "proof") from error
    need(blank and lines.pop(0) == "c2sp.org/tlog-proof@v1", "format", "proof")
    if lines and lines[0].startswith("extra "):
        unbase64(lines.pop(0)[6:], "format")
    need(lines and lines[0].startswith("index "), "format", "proof")
    index, path = number(lines[0][6:]), [hash_of(line) for line in lines[1:]]
    _, size, root = open_checkpoint(note, key, witnesses)
    check_inclusion(leaf_hash(entry), index, size, path, root)
    return index, size, root


def check_promise(
    data: bytes, key: Key, origin: str, leaf: bytes, index: int, path: Sequence[bytes]
) -> tuple[bytes, int, int, int]:  # fmt: skip
    """Check the promise of a leaf; return root, count, time in milliseconds and delay in seconds."""
    text, _ = open_note(data, [key])
    lines = text[:-1].split("\n")
    need(len(lines) == 6 and lines[0] == "dossier-audit-promise/v1", "format", "promise")
    root, count, issued, delay = hash_of(lines[2]), number(lines[3]), number(lines[4]), number(lines[5])
    need(1 <= count <= 4096 and count.bit_count() == 1, "format", "count of a promise")
    need(lines[1] == origin, "note", "the promise of another log")
    need(len(leaf) == 97 and leaf[0] == 1, "format", "leaf")
    check_inclusion(leaf_hash(leaf), index, count, path, root)
    return root, count, issued, delay


# Files (C2SP tlog-tiles)


def path_of(kind: str, index: int, width: int = WIDTH) -> str:
    """Return the path of a tile (`kind` is its level) or of a bundle (`kind` is `entries`)."""
    text = f"{index % 1000:03}"
    while index := index // 1000:
        text = f"x{index % 1000:03}/{text}"
    return f"tile/{kind}/{text}" + (f".p/{width}" if width < WIDTH else "")


def parse_path(path: str) -> tuple[str, int, int]:
    """Return kind, index and width of a path in its one spelling."""
    match = PLACE.fullmatch(path)
    if match is None:
        raise Fault("format", "path")
    kind, index, width = match[1], int(re.sub("[x/]", "", match[2])), int(match[3] or WIDTH)
    need(width and path_of(kind, index, width) == path, "format", "path")
    need(kind == "entries" or (kind == str(int(kind)) and int(kind) < 64), "format", "level")
    return kind, index, width


def paths(old: int, new: int, kind: str = "0") -> list[str]:
    """Return the paths of one level that a log of `new` places on it has and one of `old` has not."""
    found = [path_of(kind, index) for index in range(old // WIDTH, new // WIDTH)]
    if new % WIDTH and new != old:
        found.append(path_of(kind, new // WIDTH, new % WIDTH))
    return found


def parse_tile(data: bytes, width: int) -> list[bytes]:
    need(len(data) == 32 * width, "format", "tile")
    return [data[at : at + 32] for at in range(0, len(data), 32)]


def parse_bundle(data: bytes, width: int) -> list[bytes]:
    """Split a bundle of exactly `width` entries."""
    entries = []
    while data:
        size = int.from_bytes(data[:2], "big")
        need(2 + size <= len(data), "format", "bundle")
        entries.append(data[2 : 2 + size])
        data = data[2 + size :]
    need(len(entries) == width, "format", "bundle")
    return entries


def parse_control(entry: bytes) -> dict[str, object]:
    """Parse a control leaf."""
    need(entry[:1] == b"\x02" and entry[-1:] == b"\n", "format", "control leaf")
    try:
        value = decode_json(entry[1:-1])
    except Fault as error:
        raise Fault("format", "control leaf") from error
    kind = value.get("kind") if isinstance(value, dict) else None
    need(isinstance(kind, str) and CODE.fullmatch(kind), "format", "control leaf")
    return dict(value)


@dataclass(frozen=True)
class Log:
    origin: str
    root: bytes
    entries: list[bytes]


def fetch(folder: Path, path: str) -> bytes:
    """Return a file, or the full one where only a partial one is missing, cut to the same width by the caller."""
    for name in (path, path.partition(".p/")[0]):
        if (folder / name).is_file():
            return (folder / name).read_bytes()
    raise Fault("missing", path)


def fetch_tile(folder: Path, path: str) -> bytes:
    return fetch(folder, path)[: 32 * parse_path(path)[2]]


def fetch_bundle(folder: Path, path: str) -> list[bytes]:
    """Return the entries of a bundle, from the full one if need be."""
    data, width = fetch(folder, path), parse_path(path)[2]
    if width < WIDTH and not (folder / path).is_file():
        return parse_bundle(data, WIDTH)[:width]
    return parse_bundle(data, width)


def read_log(folder: Path, key: Key) -> Log:
    """Verify a whole log from its files and its verifier key; the first fault ends it, by the name of its finding."""
    need((folder / "checkpoint").is_file(), "checkpoint", "missing")
    origin, size, root = open_checkpoint((folder / "checkpoint").read_bytes(), key)
    entries = [entry for path in paths(0, size, "entries") for entry in fetch_bundle(folder, path)]
    check_tiles(folder, [leaf_hash(entry) for entry in entries], root)
    check_entries(entries, key, origin)
    return Log(origin, root, entries)


def check_tiles(folder: Path, hashes: list[bytes], root: bytes) -> None:
    """Compare every tile with the hashes below it, and the root with the signed one."""
    need(root_of(hashes) == root, "root", "entries do not lead to the signed root")
    level = 0
    while hashes:
        kept = b"".join(fetch_tile(folder, path) for path in paths(0, len(hashes), str(level)))
        need(kept == b"".join(hashes), "tile", f"level {level}")
        full = len(hashes) // WIDTH * WIDTH
        hashes = [root_of(hashes[at : at + WIDTH]) for at in range(0, full, WIDTH)]
        level += 1


def check_entries(entries: list[bytes], key: Key, origin: str) -> None:
    """Check the form of each entry, that entry 0 is the identity of this log, and that no tag occurs twice."""
    need(entries, "identity", "no entry")
    tags = [entry[1:33] for entry in entries if entry[:1] == b"\x01"]
    need(len(set(tags)) == len(tags), "tag", "a tag twice")
    for entry in entries:
        need(entry[:1] == b"\x02" or (entry[:1] == b"\x01" and len(entry) == 97), "entry", "of no known form")
    facts = [parse_control(entry) for entry in entries if entry[:1] == b"\x02"]
    text = f"{key.name}+{key.id.hex()}+{b64encode(bytes([key.kind]) + key.public).decode()}"
    first = facts[0] if entries[0][:1] == b"\x02" else {}
    named = (first.get("kind"), first.get("origin"), first.get("logKey"))
    need(named == ("log", origin, text), "identity", "entry 0 is not this log's")
