"""Versioned code lists: purposes (a tree), roles, item types, labels, sections, lanes, actions, bases, reasons.

A catalogue is a data file under `consent/catalogues/`; its hash, SHA-256 of the canonical JSON, is its version as far
as statements are concerned. Files are added and never changed, and a later one keeps every code of the earlier ones,
so that an old item or request stays readable. See docs/spec/catalogue.md.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

from consent.errors import CatalogueError
from consent.terms import LEASE_SECONDS, Obligations
from crypto.canonical import encode_json
from crypto.errors import CryptoError

LISTS = ("purposes", "roles", "types", "labels", "sections", "lanes", "actions", "bases", "reasons", "outcomes")
LANGUAGES = ("nl", "en")


@dataclass(frozen=True, slots=True)
class Label:
    """Sensitivity of an item: `rank` orders labels, a `high` one is never for later team members.

    `due` are the obligations of a consent's permit on such an item.
    """

    rank: int
    high: bool
    due: Obligations


@dataclass(frozen=True, slots=True)
class Catalogue:
    """One version. `hash` is the SHA-256 of its canonical bytes, in hex.

    `purposes` maps each code to its parent ("" for a root), `reasons` to what it is a reason for, `actions` to the
    actions that it needs besides itself. `texts` holds the words per list and code, as read.
    """

    hash: str
    version: str
    purposes: Mapping[str, str]
    roles: frozenset[str]
    types: frozenset[str]
    labels: Mapping[str, Label]
    sections: frozenset[str]
    lanes: frozenset[str]
    actions: Mapping[str, frozenset[str]]
    bases: frozenset[str]
    reasons: Mapping[str, str]
    outcomes: frozenset[str]
    texts: Mapping[str, Mapping[str, Any]] = field(compare=False, repr=False)

    def is_within(self, purpose: str, ancestor: str) -> bool:
        """Whether `purpose` is `ancestor` or lies below it; false if either is unknown."""
        if ancestor not in self.purposes:
            return False
        while purpose in self.purposes:
            if purpose == ancestor:
                return True
            purpose = self.purposes[purpose]
        return False

    def word(self, listed: str, code: str, language: str) -> str:
        """What people call a code of one of the lists; the code itself if it is unknown."""
        entry = self.texts.get(listed, {}).get(code)
        return str(entry[language]) if entry else code


@dataclass(frozen=True, slots=True)
class Catalogues:
    """All versions by hash; `current` is the one whose codes a request may use."""

    versions: Mapping[str, Catalogue]
    current: Catalogue


def parse_catalogue(data: bytes) -> Catalogue:
    """Read one catalogue file; raises CatalogueError if a list is missing, empty, wordless or the tree has a loop."""
    try:
        value = json.loads(data)
        digest = hashlib.sha256(encode_json(value)).hexdigest()
        catalogue = _catalogue(value, digest)
    except (ValueError, KeyError, TypeError, AttributeError, CryptoError) as error:
        raise CatalogueError("catalogue is malformed") from error
    _check(catalogue)
    return catalogue


def load_catalogues(catalogues: Iterable[Catalogue]) -> Catalogues:
    """Put versions together, oldest first; raises CatalogueError if a later one drops a code or there is none."""
    versions = tuple(catalogues)
    if not versions:
        raise CatalogueError("no catalogue")
    for older, newer in itertools.pairwise(versions):
        for name in LISTS:
            if set(older.texts[name]) - set(newer.texts[name]):
                raise CatalogueError("a later catalogue drops a code")
    return Catalogues({catalogue.hash: catalogue for catalogue in versions}, versions[-1])


@functools.cache
def shipped_catalogues() -> Catalogues:
    """The catalogues that come with the program, in order of their file names."""
    folder = resources.files("consent") / "catalogues"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".json")), key=lambda f: f.name)
    return load_catalogues(parse_catalogue(f.read_bytes()) for f in files)


def _catalogue(value: Mapping[str, Any], digest: str) -> Catalogue:
    if set(value) != {"version", *LISTS}:
        raise KeyError("lists")
    return Catalogue(
        hash=digest,
        version=value["version"],
        purposes={code: entry["parent"] for code, entry in value["purposes"].items()},
        labels={code: _label(entry) for code, entry in value["labels"].items()},
        actions={code: frozenset(entry["needs"]) for code, entry in value["actions"].items()},
        reasons={code: entry["kind"] for code, entry in value["reasons"].items()},
        texts={name: value[name] for name in LISTS},
        **{name: frozenset(value[name]) for name in ("roles", "types", "sections", "lanes", "bases", "outcomes")},
    )


def _label(entry: Mapping[str, Any]) -> Label:
    lease = min(entry["leaseSeconds"], LEASE_SECONDS)
    return Label(entry["rank"], entry["high"], Obligations(reason_wanted=entry["reasonWanted"], lease_seconds=lease))


def _check(catalogue: Catalogue) -> None:
    for name in LISTS:
        words = catalogue.texts[name]
        if not words:
            raise CatalogueError("a list is empty")
        if name != "outcomes" and not all(entry.get(language) for entry in words.values() for language in LANGUAGES):
            raise CatalogueError("a code has no words")
    for purpose in catalogue.purposes:
        _check_path(catalogue.purposes, purpose)


def _check_path(purposes: Mapping[str, str], purpose: str) -> None:
    seen = set()
    while purpose:
        if purpose in seen or purpose not in purposes:
            raise CatalogueError("the purpose tree is broken")
        seen.add(purpose)
        purpose = purposes[purpose]
