"""Events, leaves, openings and streams, read from the page alone, against the vectors."""

from __future__ import annotations

import hashlib
from base64 import b64decode

import pytest

from tests.independent import event, log
from tests.independent.encodings import Fault
from tests.independent.vectors import cases, outcome, raw


@cases("leaf", operation="formula")
def test_leaves_follow_the_formula(case):
    """Salts, digests, commitment, tag and link are those of the page."""
    key, seed = raw(case, "key", "seed")
    salts = [event.salt(seed, index) for index in range(len(case["fields"]))]
    digests = [event.digest(salt, *field) for salt, field in zip(salts, case["fields"], strict=True)]
    commit = event.commitment(digests)
    leaf = event.leaf_of(key, case["seq"], bytes.fromhex(case["previous"]), commit)
    assert ([s.hex() for s in salts], [d.hex() for d in digests]) == (case["salts"], case["digests"])
    assert (commit.hex(), [leaf], log.leaf_hash(leaf).hex()) == (case["commit"], raw(case, "leaf"), case["leafHash"])


@cases("leaf", operation="event")
def test_events_decode(case):
    """An event has the fields of its schema, each of its kind."""
    values = outcome(case, lambda case: event.decode_event(*raw(case, "payload")))
    assert values is None or values == case["values"]


@cases("leaf", operation="opening")
def test_openings_fit_their_leaves(case):
    """An opening shows fields of exactly this leaf."""
    values = outcome(case, lambda case: event.open_leaf(raw(case, "leaf")[0], case["opening"]))
    assert values is None or values == case["values"]


@cases("leaf", operation="stream")
def test_streams_are_whole(case):
    """P5: a stream is one history without a gap, and erasure is told by the stream itself."""
    keys = [b64decode(key) for key in case["keys"]]
    events = [(e["seq"], b64decode(e["leaf"]), e["opening"]) for e in case["events"]]
    found = outcome(case, lambda case: event.check_stream(case["stream"], keys, bytes.fromhex(case["pinned"]), events))
    if found is not None:
        seq, last, following, erased = found
        assert (seq, last.hex(), following.hex()) == (case["seq"], case["leafHash"], case["nextTag"])
        assert sorted(erased) == case["erased"]


def test_an_opening_of_the_project_fits_its_leaf(log_folder):
    """The opening of an event that the project writes now fits its leaf in the log, by the page alone."""
    values = event.open_leaf(log_folder.entries[log_folder.proved], log_folder.opening)
    assert values["actor"] == log_folder.actor
    assert "code" not in values


def test_a_stream_of_the_project_is_whole(log_folder):
    """P5: 299 events that the project chains now are one history; without one of them they are not."""
    events = [(seq, leaf, log_folder.opening) for seq, leaf in enumerate(log_folder.entries) if seq]
    pinned = hashlib.sha256(log_folder.stream_key).digest()
    last, *_ = event.check_stream("", [log_folder.stream_key], pinned, events)
    assert last == len(events)
    with pytest.raises(Fault, match="incomplete"):
        event.check_stream("", [log_folder.stream_key], pinned, events[:7] + events[8:])
