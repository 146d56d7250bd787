from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.errors import AuditError, IncompleteError, ProofError, SplitViewError
from audit.history import first_head, verify_stream
from audit.merkle import leaf_hash
from audit.stream import event_tag
from tests.audit.examples import KEYS, STREAM, epoch, erasure, reading, stream_of
from tests.values import replace

START = first_head(hashlib.sha256(KEYS[0]).digest())
FIVE = stream_of([reading(time=at) for at in range(1, 6)])


def test_whole_stream_verifies_and_names_the_tag_that_must_be_absent():
    """P5: the owner recomputes every leaf, and learns which tag the log must not hold."""
    checked = verify_stream(STREAM, KEYS[:1], FIVE, START)
    assert checked.head.seq == 5
    assert checked.head.leaf_hash == leaf_hash(FIVE[-1].leaf)
    assert [checked.events[seq]["time"] for seq in range(1, 6)] == ["1", "2", "3", "4", "5"]
    assert checked.next_tag == event_tag(KEYS[0], 6)
    assert checked.erased == ()


def test_empty_stream_verifies():
    """A new stream has no events, and its first tag must be absent."""
    checked = verify_stream(STREAM, KEYS[:1], [], START)
    assert (checked.head, checked.next_tag) == (START, event_tag(KEYS[0], 1))


@pytest.mark.parametrize("gone", range(4))
def test_event_left_out_is_named(gone):
    """P5: any event but the last that is left out is seen at once, and its number named."""
    with pytest.raises(IncompleteError, match=f"^event {gone + 1}: "):
        verify_stream(STREAM, KEYS[:1], FIVE[:gone] + FIVE[gone + 1 :], START)


def test_event_left_out_and_renumbered_is_named():
    """P5: closing the gap does not help: the leaves do not fit their new numbers."""
    renumbered = [FIVE[0], *(replace(event, seq=event.seq - 1) for event in FIVE[2:])]
    with pytest.raises(SplitViewError, match=r"^event 2: "):
        verify_stream(STREAM, KEYS[:1], renumbered, START)


def test_doubled_and_swapped_events_are_refused():
    """Every number comes once and in order."""
    for shown in ([FIVE[0], *FIVE], [FIVE[1], FIVE[0], *FIVE[2:]]):
        with pytest.raises(IncompleteError):
            verify_stream(STREAM, KEYS[:1], shown, START)


def test_event_of_another_history_is_refused():
    """A leaf that does not link to the one before it shows that history was rewritten."""
    other = stream_of([reading(time=9), *[reading(time=at) for at in range(2, 6)]])
    with pytest.raises(SplitViewError, match=r"^event 2: leaf does not follow"):
        verify_stream(STREAM, KEYS[:1], [FIVE[0], *other[1:]], START)


def test_rewritten_payload_is_named():
    """P5: other fields under the same leaf are refused, and the event is named."""
    forged = replace(FIVE[2], opening=stream_of([reading(time=9)])[0].opening)
    with pytest.raises(ProofError, match=r"^event 3: "):
        verify_stream(STREAM, KEYS[:1], [*FIVE[:2], forged, *FIVE[3:]], START)


def test_wrong_first_key_is_refused():
    """P5: the stream key is the one pinned in the signed statement that made the stream."""
    with pytest.raises(SplitViewError):
        verify_stream(STREAM, KEYS[1:2], stream_of([reading()], keys=KEYS[1:]), START)


def test_epochs_follow_each_other():
    """The last event of an epoch commits SHA-256 of the next key, and the next event is under that key."""
    events = [reading(), epoch(KEYS[1]), reading(), epoch(KEYS[2])]
    checked = verify_stream(STREAM, KEYS[:3], stream_of(events), START)
    assert checked.head.key_hash == hashlib.sha256(KEYS[2]).digest()
    assert checked.next_tag == event_tag(KEYS[2], 5)


def test_check_goes_on_from_a_head():
    """What was checked once need not be fetched again, also across an epoch."""
    shown = stream_of([reading(), epoch(KEYS[1]), reading(), reading()])
    first = verify_stream(STREAM, KEYS[:1], shown[:2], START)
    second = verify_stream(STREAM, KEYS[1:2], shown[2:], first.head)
    assert second == replace(second, head=verify_stream(STREAM, KEYS[:2], shown, START).head)
    assert first.next_tag is None


def test_key_that_was_not_committed_is_refused():
    """A new epoch under another key than the committed one is another history."""
    shown = stream_of([epoch(KEYS[1]), reading()], keys=[KEYS[0], KEYS[2]])
    with pytest.raises(SplitViewError, match=r"^event 2: stream key"):
        verify_stream(STREAM, [KEYS[0], KEYS[2]], shown, START)


def test_missing_key_of_an_epoch_is_named():
    """Without the key of an epoch its events cannot be checked."""
    with pytest.raises(IncompleteError, match=r"^event 2: key"):
        verify_stream(STREAM, KEYS[:1], stream_of([epoch(KEYS[1]), reading()]), START)


def test_event_under_a_retired_key_is_refused():
    """After the end of an epoch nothing more is written under its key."""
    shown = stream_of([epoch(KEYS[0]), reading()], keys=[KEYS[0], KEYS[0]])
    assert verify_stream(STREAM, [KEYS[0], KEYS[0]], shown, START).head.seq == 2
    shown = stream_of([epoch(KEYS[1]), reading()], keys=[KEYS[0], KEYS[0]])
    with pytest.raises(SplitViewError):
        verify_stream(STREAM, KEYS[:2], shown, START)


def test_erased_payload_leaves_the_stream_whole():
    """Erasing a payload leaves the leaf: the stream verifies, and the erasure says why."""
    shown = stream_of([reading(), reading(), erasure(1)], erased={1})
    checked = verify_stream(STREAM, KEYS[:1], shown, START)
    assert checked.erased == (1,)
    assert checked.events[3]["ground"] == "retention"


@pytest.mark.parametrize("why", [reading(), erasure(2), erasure(1, stream="ff" * 16)])
def test_payload_gone_without_an_erasure_is_named(why):
    """P5: a payload may be gone only if an event of the same stream names its number."""
    with pytest.raises(IncompleteError, match=r"^event 1: payload"):
        verify_stream(STREAM, KEYS[:1], stream_of([reading(), why], erased={1}), START)


def test_erased_end_of_an_epoch_stops_the_check():
    """The event that commits the next key is never erased: without it nothing after it is believed."""
    shown = stream_of([epoch(KEYS[1]), reading(), erasure(1)], erased={1})
    with pytest.raises(SplitViewError, match=r"^event 2: "):
        verify_stream(STREAM, KEYS[:2], shown, START)


@given(st.integers(0, 4), st.integers(0, 96), st.integers(1, 255))
@settings(max_examples=60)
def test_any_changed_byte_of_any_leaf_is_seen(at, position, change):
    """Whatever byte of whatever leaf is changed, the check fails."""
    leaf = bytearray(FIVE[at].leaf)
    leaf[position] ^= change
    shown = [*FIVE[:at], replace(FIVE[at], leaf=bytes(leaf)), *FIVE[at + 1 :]]
    with pytest.raises(AuditError):
        verify_stream(STREAM, KEYS[:1], shown, START)
