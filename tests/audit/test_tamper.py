"""What each kind of tampering looks like to whoever checks: the public log, and the owner's own list."""

from __future__ import annotations

import hashlib

import pytest

from audit.control import encode_identity
from audit.errors import AuditError, IncompleteError, ProofError, SplitViewError
from audit.history import StreamEvent, first_head
from audit.opening import OpenField, open_fields
from audit.tiles import parse_bundle
from audit.verify import verify_log
from dossier.client.history import check_history, read_tags
from tests.audit.examples import KEYS, STREAM, reading, seed_of, stream_of
from tests.audit.small_log import IDENTITY, LOG, SmallLog, entry

NOW = 1_700_000_000
FIRST = first_head(hashlib.sha256(KEYS[0]).digest())
EVENTS = [reading(time=NOW - 600 + number) for number in range(6)]
SHOWN = stream_of(EVENTS)
ROWS = 300


def a_log(*leaves, width=ROWS):
    """A log of many streams' leaves with these among them."""
    log = SmallLog()
    others = [entry(number) for number in range(1, width)]
    log.append([encode_identity(IDENTITY), *others[:150], *leaves, *others[150:]])
    return log


def checked(shown=tuple(SHOWN), log=None, now=NOW):
    log = log or a_log(*[event.leaf for event in SHOWN])
    return check_history(STREAM, list(KEYS), list(shown), FIRST, read_tags(log, LOG), now)


def test_whole_list_is_in_order():
    """P5: the owner proves that the list shown is complete: every leaf is in the log, and the next tag is not."""
    found = checked()
    assert (found.head.seq, found.waiting) == (6, ())
    assert found.checked.events[1]["actor"] == EVENTS[0]["actor"]


@pytest.mark.parametrize(
    "path", ["tile/0/000", "tile/entries/000", "tile/0/001.p/50", "tile/entries/001.p/50", "tile/1/000.p/1"]
)
def test_flipped_byte_is_one_finding_at_its_place(path):
    """P5: one flipped byte anywhere in the published files gives one finding, which names the file or entry."""
    log = a_log(*[event.leaf for event in SHOWN])
    log.flip(path, -5)
    report = verify_log(log, LOG)
    (finding,) = report.findings
    if "entries" in path:
        bundle = int("001" in path)
        last = bundle * 256 + len(parse_bundle(log.files[path], 256 if bundle == 0 else 50)) - 1
        assert (finding.code, finding.where) == ("entry", f"entry {last}")
    else:
        assert (finding.code, finding.where) == ("tile", path)


def test_dropped_entry_is_found_against_the_signed_root():
    """P5: a log without one of its entries does not lead to the root that was signed."""
    whole, less = a_log(*[e.leaf for e in SHOWN]), a_log(*[e.leaf for e in SHOWN if e.seq != 3])
    less.files["checkpoint"] = whole.files["checkpoint"]
    assert not verify_log(less, LOG).ok


def test_dropped_entry_is_found_against_the_state_when_all_is_signed_anew():
    """P5: the service itself, with the log key, cannot take an entry back from those who saw it."""
    state = verify_log(a_log(*[e.leaf for e in SHOWN]), LOG).state
    less = a_log(*[e.leaf for e in SHOWN if e.seq != 3], width=ROWS + 20)
    assert [finding.code for finding in verify_log(less, LOG, state).findings] == ["fork"]


def test_dropped_entry_is_found_by_the_owner_at_first_sight():
    """P5: who sees the log for the first time, with the list of their own events, misses the entry by its tag."""
    less = a_log(*[e.leaf for e in SHOWN if e.seq != 3])
    assert verify_log(less, LOG).ok
    with pytest.raises(IncompleteError, match=r"^event 3: it is not in the log$"):
        checked(log=less)


def test_young_event_may_wait():
    """An event within the merge delay need not be in the log yet; a moment later it must, and a future time is none."""
    less = a_log(*[e.leaf for e in SHOWN if e.seq != 6])
    assert checked(log=less, now=NOW - 595 + 60).waiting == (6,)
    for now in (NOW - 595 + 61, NOW - 595 - 61):
        with pytest.raises(IncompleteError, match="event 6"):
            checked(log=less, now=now)


@pytest.mark.parametrize("seq", [1, 3, 5])
def test_event_left_out_of_the_list(seq):
    """P5: a hole in the list is named."""
    with pytest.raises(IncompleteError, match=f"^event {seq}: not shown$"):
        checked([event for event in SHOWN if event.seq != seq])


def test_end_left_out_of_the_list():
    """P5: a list that stops early is refuted by the log: the tag of the next event is there."""
    with pytest.raises(SplitViewError, match=r"^event 6: it is in the log and was not shown$"):
        checked(SHOWN[:-1])


def test_rewritten_payload():
    """P5: an event shown with other words than its leaf commits to is named."""
    event = SHOWN[2]
    other = open_fields(reading(time=NOW - 598, actor="99" * 16), seed_of(3), "owner")
    with pytest.raises(ProofError, match=r"^event 3: opening is not that of the leaf$"):
        checked([*SHOWN[:2], StreamEvent(3, event.leaf, other), *SHOWN[3:]])
    at = next(at for at, field in enumerate(event.opening) if isinstance(field, OpenField) and field.name == "actor")
    field = event.opening[at]
    changed = (*event.opening[:at], OpenField(field.salt, field.name, "99" * 16), *event.opening[at + 1 :])
    with pytest.raises(ProofError, match=r"^event 3"):
        checked([*SHOWN[:2], StreamEvent(3, event.leaf, changed), *SHOWN[3:]])


def test_rewritten_leaf():
    """P5: a history rewritten from one event on, leaves and all, is not the one in the log."""
    other = stream_of([*EVENTS[:2], reading(time=NOW - 590, decision="deny"), *EVENTS[3:]])
    with pytest.raises(SplitViewError, match=r"^event 3: the log has another leaf for it$"):
        checked(other)


def test_payload_gone_without_an_erasure():
    """A payload that is not shown, and that no event says was erased, is named."""
    with pytest.raises(IncompleteError, match=r"^event 4: payload is gone and no later event says why$"):
        checked([*SHOWN[:3], StreamEvent(4, SHOWN[3].leaf, None), *SHOWN[4:]])


@pytest.mark.parametrize("path", ["tile/entries/000", "tile/entries/001.p/50", "checkpoint"])
def test_damaged_log_is_not_read(path):
    """The owner believes nothing of a log whose entries do not lead to the signed root."""
    log = a_log(*[event.leaf for event in SHOWN])
    log.flip(path, 40)
    with pytest.raises(AuditError):
        read_tags(log, LOG)
