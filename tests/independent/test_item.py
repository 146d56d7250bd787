"""Items, read from the pages alone: against the vectors, and one that the project seals now."""

from __future__ import annotations

import hashlib

import pytest

from tests.independent import item
from tests.independent.encodings import Fault
from tests.independent.vectors import cases, outcome, raw


def header_of(case):
    return item.parse_header(*raw(case, "envelope"))


def fulfilled(case, read, output):
    """Say whether reading gives the output of the vector, or fails as it says."""
    value = outcome(case, read)
    return value is None or [value] == raw(case, output)


@cases("item-core")
def test_cores_parse(case):
    """A core has 17 fields of the forms of the page, and its hash."""
    core = outcome(case, lambda case: item.parse_core(*raw(case, "core")))
    if core is not None:
        assert core == {name.replace("Id", "_id"): value for name, value in case["fields"].items()}
        assert hashlib.sha256(*raw(case, "core")).hexdigest() == case["coreHash"]


@cases("item-header")
def test_headers_verify(case):
    """A header is one author's word about one core, read in one dossier."""

    def read(case):
        envelope, key = raw(case, "envelope", "key")
        return item.read_header(envelope, key, case["dossier"], case["sectionKeyHash"])

    header = outcome(case, read)
    if header is not None:
        assert (header.statement.hash.hex(), header.core_hash.hex()) == (case["hash"], case["coreHash"])


@cases("item-key")
def test_sealed_item_keys_open(case):
    """The section's pair opens the item key that the header commits to."""
    assert fulfilled(case, lambda case: item.open_key(header_of(case), *raw(case, "seed", "sealedKey")), "itemKey")


@cases("adoption")
def test_adopted_item_keys_open(case):
    """An adopted key opens at its place."""

    def read(case):
        key, wrapped = raw(case, "listKey", "wrapped")
        return item.open_adopted(header_of(case), key, case["place"], wrapped)

    assert fulfilled(case, read, "itemKey")


@cases("placement")
def test_placed_item_keys_open(case):
    """A key sealed to another section opens there."""

    def read(case):
        seed, sealed = raw(case, "seed", "sealed")
        return item.open_placed(header_of(case), seed, case["place"], sealed)

    assert fulfilled(case, read, "itemKey")


@cases("section")
def test_section_secrets_open(case):
    """A section secret comes out of its wrap and gives the public key and the list key."""

    def read(case):
        root, public, wrapped = raw(case, "root", "publicKey", "wrapped")
        return item.open_section(root, case["place"], public, wrapped)

    keys = outcome(case, read)
    assert keys is None or [keys[0], keys[2]] == raw(case, "secret", "listKey")


@cases("metadata")
def test_metadata_opens(case):
    """Metadata opens with exactly its padding and its fields."""
    metadata = outcome(case, lambda case: item.open_metadata(header_of(case), *raw(case, "itemKey", "sealedMetadata")))
    assert metadata is None or metadata == case["metadata"]


@cases("item-part")
def test_parts_open(case):
    """A part opens at its place in its version."""

    def read(case):
        key, stream = raw(case, "itemKey", "stream")
        return item.open_part(header_of(case), key, case["index"], stream)

    assert fulfilled(case, read, "plaintext")


@cases("content-stream")
def test_streams_open(case):
    """What comes out of a stream is the content, or a prefix of it and a failure."""
    content, _ = item.open_stream(*raw(case, "key", "ad", "stream"))
    assert content == bytes(i % 251 for i in range(len(content)))
    whole = outcome(case, lambda case: item.read_stream(*raw(case, "key", "ad", "stream")))
    assert whole is None or hashlib.sha256(whole).hexdigest() == case["sha256"]


def test_an_item_of_the_project_opens(sealed_item):
    """An item that the project seals now opens by the pages alone, chunk borders included."""
    header = item.read_header(sealed_item.envelope, sealed_item.author_key, sealed_item.dossier, None)
    key = item.open_key(header, sealed_item.section_seed, sealed_item.sealed_key)
    assert item.open_metadata(header, key, sealed_item.sealed_metadata) == sealed_item.metadata
    parts = [item.open_part(header, key, index, stream) for index, stream in enumerate(sealed_item.streams)]
    assert parts == sealed_item.parts


def test_an_item_of_the_project_read_elsewhere_is_refused(sealed_item):
    """The same item is refused in another dossier and under another key."""
    with pytest.raises(Fault, match="pin"):
        item.read_header(sealed_item.envelope, sealed_item.author_key, "00" * 16, None)
    with pytest.raises(Fault, match="signature"):
        item.read_header(sealed_item.envelope, bytes(32), sealed_item.dossier, None)
