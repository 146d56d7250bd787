from __future__ import annotations

import copy
import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.catalogue import Catalogues, load_catalogues, parse_catalogue, shipped_catalogues
from consent.errors import CatalogueError
from crypto import encode_json

CURRENT = shipped_catalogues().current
VALUE = {"version": CURRENT.version, **{name: dict(entries) for name, entries in CURRENT.texts.items()}}


def changed(change) -> bytes:
    value = copy.deepcopy(VALUE)
    change(value)
    return json.dumps(value).encode()


def test_the_hash_is_that_of_the_canonical_bytes():
    """The version of a catalogue is SHA-256 of its canonical JSON, however the file is laid out."""
    digest = hashlib.sha256(encode_json(VALUE)).hexdigest()
    assert CURRENT.hash == digest
    assert parse_catalogue(json.dumps(VALUE, indent=7).encode()).hash == digest


def test_the_shipped_catalogue_never_changes():
    """Consents name this hash: a change must be a new file, never an edit."""
    hashes = {catalogue.version: catalogue.hash for catalogue in shipped_catalogues().versions.values()}
    assert hashes == {"2026-1": "2272388ae3bdc583806dafd7c199021331bcb871cd65b3a1e028ed3b68e4be94"}


def test_the_codes_of_the_design_are_there():
    """Sections, lanes and actions are the ten, three and seven that the whole system speaks of."""
    sections = "identity income debts housing family health education permits business other"
    assert CURRENT.sections == set(sections.split())
    assert CURRENT.lanes == {"ordinary", "confidential", "vault"}
    assert set(CURRENT.actions) == {"list", "read", "download", "add", "annotate", "share", "export"}


@pytest.mark.parametrize(
    "purpose, ancestor, within",
    [
        ("debt-help", "debt-help", True),
        ("debt-intake", "debt-help", True),
        ("debt-intake", "support", True),
        ("support", "debt-help", False),
        ("care-support", "debt-help", False),
        ("unheard", "support", False),
        ("unheard", "unheard", False),
        ("debt-help", "", False),
        ("", "", False),
        ("", "support", False),
    ],
)
def test_purposes_form_a_tree(purpose, ancestor, within):
    """A purpose lies within itself and what is above it, and unknown ones within nothing."""
    assert CURRENT.is_within(purpose, ancestor) == within


def test_every_code_has_words_in_both_languages():
    """Nothing is ever shown as a bare code."""
    assert CURRENT.word("purposes", "debt-help", "nl") == "schuldhulp"
    assert CURRENT.word("purposes", "debt-help", "en") == "debt help"
    assert CURRENT.word("purposes", "unheard", "nl") == "unheard"


@pytest.mark.parametrize(
    "change",
    [
        lambda value: value.pop("lanes"),
        lambda value: value.update(extra={}),
        lambda value: value.update(lanes={}),
        lambda value: value["lanes"]["vault"].pop("en"),
        lambda value: value["lanes"]["vault"].update(nl=""),
        lambda value: value["purposes"]["support"].update(parent="debt-help"),
        lambda value: value["purposes"]["support"].update(parent="unheard"),
        lambda value: value["labels"]["open"].pop("rank"),
        lambda value: value["labels"]["open"].update(leaseSeconds="long"),
        lambda value: value.update(version=1.5),
    ],
)
def test_a_broken_catalogue_is_refused(change):
    """Missing lists or words, a loop in the tree, wrong types."""
    with pytest.raises(CatalogueError):
        parse_catalogue(changed(change))


@given(st.binary(max_size=60))
def test_only_our_errors_leave(data):
    """Random bytes are no catalogue and nothing but our error says so."""
    with pytest.raises(CatalogueError):
        parse_catalogue(data)


def test_a_later_version_keeps_every_code():
    """Dropping a code would close old items and break old replays: it is refused."""
    smaller = parse_catalogue(changed(lambda value: value["roles"].pop("auditor")))
    both = load_catalogues([smaller, CURRENT])
    assert both == Catalogues({smaller.hash: smaller, CURRENT.hash: CURRENT}, CURRENT)
    with pytest.raises(CatalogueError):
        load_catalogues([CURRENT, smaller])
    with pytest.raises(CatalogueError):
        load_catalogues([])
