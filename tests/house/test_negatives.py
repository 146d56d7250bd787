"""The numbered negatives: what must never succeed, each with the test that tries it, or with what it still waits for."""

from __future__ import annotations

import ast
import functools
import re

import pytest

from tests.house.test_rules import tree, written_tests

NEGATIVES = {
    "N01": "unknown, repeated, missing or trailing field",
    "N02": "length, integer or base64 that is not canonical",
    "N03": "a suite that there is not",
    "N04": "one bit of a ciphertext changed",
    "N05": "one field that a ciphertext is bound to changed",
    "N06": "a ciphertext opened under another label",
    "N07": "chunks swapped, dropped, doubled, appended, cut",
    "N08": "known attacks on primitives",
    "N10": "malleable signature, small-order key",
    "N11": "key derivation below the floor or above the ceiling",
    "N12": "passphrase in another Unicode form; a wrong word",
    "N13": "recovery code with a typo",
    "N15": "hostile file names",
    "N16": "bodies of a mebibyte to gibibytes, memory flat",
    "N18": "dates far off, periods that end before they begin",
    "N19": "another key for the grantee in an answer",
    "N20": "a key that the chain did not sign",
    "N21": "an older key of the grantee",
    "N22": "another dossier's section key for an agency",
    "N23": "a section key of a retired epoch",
    "N24": "two checkpoints of one size",
    "N26": "a log smaller than the one seen before",
    "N28": "one item left out of the list",
    "N29": "an older version shown as the newest",
    "N33": "an item in another's name",
    "N34": "an item that nobody signed",
    "N35": "an unlock method slipped in",
    "N36": "a private key replaced by the server",
    "N37": "lower numbers of key derivation at sign-in",
    "N38": "an older suite asked for",
    "N41": "a decision on facts without the withdrawal",
    "N42": "bytes released without their event",
    "N43": "a reading under another reader's name",
    "N44": "an event edited or deleted",
    "N47": "weaker security headers",
    "N48": "silent enrolment in emergency access",
    "N51": "an old statement that would bring somebody back",
    "N52": "broken envelopes as an oracle",
    "N53": "a million entries asked for at once",
    "N54": "another's id in path, body or query",
    "N55": "content asked for with leave to list",
    "N56": "a reading after the end of its consent",
    "N58": "role or scope widened in the request",
    "N59": "a consent made for a citizen",
    "N60": "hundreds of readings in minutes",
    "N61": "no reason where one is wanted",
    "N62": "somebody adds themselves to a case",
    "N65": "a reading after the attestation ended",
    "N67": "assertions with another algorithm or key",
    "N69": "assertions used again, too old, too long",
    "N70": "one system's token with another's items",
    "N71": "delivery without admission, or to a guessed id",
    "N72": "one idempotency key, two bodies",
    "N73": "content that nobody can open",
    "N74": "another's ciphertext under one's own signature",
    "N75": "overwriting another's item",
    "N77": "a flood of deliveries",
    "N79": "items signed after the key's end",
    "N80": "guessing from a dump of the database",
    "N81": "scripts in what others wrote",
    "N83": "the page in a frame",
    "N84": "a stolen session cookie",
    "N86": "an invitation forwarded, used again, too old",
    "N89": "smuggled requests, false hosts, TRACE",
    "N90": "an address of keys that leads inside",
}
LATER = {
    "N14": "scripts in documents: the viewer comes with the pages",
    "N25": "an old checkpoint: witnesses",
    "N32": "a page that lies around a component: the pages",
    "N45": "a back-dated entry: witnesses",
    "N46": "a changed client bundle: the release manifest",
    "N49": "a false emergency key: emergency capsules",
    "N50": "a false recovery share: recovery",
    "N63": "emergency by one person: its route, and who the second person works for; the engine has the rest",
    "N64": "emergency without one: its route, and who may say that it was reviewed",
    "N78": "a record about somebody else: reporting it and its recall; the engine closes what is in quarantine",
    "N85": "a passkey elsewhere: passkeys in the browser",
    "N87": "recovery by one trusted person: recovery",
    "N91": "notices used for phishing: notices",
}
"""What waits, and for what."""


@functools.cache
def named():
    """Every number in the docstring of a test; what a module says that its tests try does not count."""
    texts = [
        ast.get_docstring(node) or ""
        for path in written_tests()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    ]
    return set(re.findall(r"\bN\d{2}\b", " ".join(texts)))


@pytest.mark.parametrize("number", sorted(NEGATIVES))
def test_every_negative_is_tried(number):
    """Each of the negatives is named by at least one test that tries it."""
    assert number in named(), NEGATIVES[number]


def test_what_waits_is_not_tried_yet():
    """A number that waits for something has no test; one that has a test waits for nothing, and no other number is used."""
    assert named() == set(NEGATIVES)
    assert not LATER.keys() & NEGATIVES.keys()
