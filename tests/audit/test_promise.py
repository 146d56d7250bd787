from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.errors import LogFormatError, NoteError, ProofError
from audit.merkle import leaf_hash
from audit.note import parse_note, sign_note
from audit.promise import MERGE_DELAY, Promise, make_promise, padding_count, parse_promise, verify_promise
from tests.audit.small_log import LOG, LOG_KEY, ORIGIN, PROMISE, PROMISE_KEY, entry
from tests.values import replace

ISSUED = 1_700_000_000_123
LEAVES = [entry(number) for number in range(1, 6)]


def batch_of(leaves):
    """Return the promise over some leaves."""
    padding = [bytes((number,)) * 32 for number in range(padding_count(len(leaves)))]
    return make_promise(ORIGIN, [leaf_hash(leaf) for leaf in leaves], padding, ISSUED, PROMISE.name, PROMISE_KEY)


BATCH = batch_of(LEAVES)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 8, 9, 33])
def test_every_leaf_of_a_batch_is_promised(count):
    """One note covers a batch; each reader verifies his own leaf with his path."""
    leaves = [entry(number) for number in range(count)]
    batch = batch_of(leaves)
    for index, leaf in enumerate(leaves):
        promise = verify_promise(batch.note, PROMISE, ORIGIN, leaf, index, batch.path(index))
        assert (promise.issued, promise.delay, promise.due) == (ISSUED, MERGE_DELAY, ISSUED + 60_000)


def test_text_of_a_promise():
    """Six lines: format, origin, root, count, time and delay."""
    lines = parse_note(BATCH.note).text.split("\n")
    assert lines[:2] == ["dossier-audit-promise/v1", ORIGIN]
    assert lines[3:] == ["8", str(ISSUED), "60", ""]


@pytest.mark.parametrize("count, padding", [(1, 0), (2, 0), (3, 1), (5, 3), (64, 0), (65, 63)])
def test_padding_fills_to_a_power_of_two(count, padding):
    """The count in a note is a power of two, so it hardly tells how busy the service was."""
    assert padding_count(count) == padding


@pytest.mark.parametrize("leaves, padding", [([], []), ([], [bytes(32)]), ([bytes(32)] * 3, []), ([bytes(31)], [])])
def test_batch_that_cannot_be_promised(leaves, padding):
    """An empty batch, or one that is not filled up, is refused."""
    with pytest.raises(LogFormatError):
        make_promise(ORIGIN, leaves, padding, ISSUED, PROMISE.name, PROMISE_KEY)


def test_too_large_a_batch_is_refused():
    """At most 4,096 leaves."""
    with pytest.raises(LogFormatError):
        make_promise(ORIGIN, [bytes(32)] * 8_192, [], ISSUED, PROMISE.name, PROMISE_KEY)


def test_promise_for_another_leaf_is_refused():
    """A reader cannot be put off with a promise about somebody else's event."""
    with pytest.raises(ProofError):
        verify_promise(BATCH.note, PROMISE, ORIGIN, entry(9), 0, BATCH.path(0))
    with pytest.raises(ProofError):
        verify_promise(BATCH.note, PROMISE, ORIGIN, LEAVES[0], 1, BATCH.path(0))
    with pytest.raises(ProofError):
        verify_promise(BATCH.note, PROMISE, ORIGIN, LEAVES[0], 0, BATCH.path(0)[:-1])


def test_promise_by_another_key_or_log_is_refused():
    """Only the pinned promise key of the pinned log promises."""
    with pytest.raises(NoteError):
        verify_promise(BATCH.note, LOG, ORIGIN, LEAVES[0], 0, BATCH.path(0))
    with pytest.raises(NoteError):
        verify_promise(BATCH.note, PROMISE, "other", LEAVES[0], 0, BATCH.path(0))
    forged = sign_note(parse_note(BATCH.note).text, PROMISE.name, LOG_KEY)
    with pytest.raises(NoteError):
        verify_promise(forged.encode(), PROMISE, ORIGIN, LEAVES[0], 0, BATCH.path(0))


def test_another_note_of_the_promise_key_is_no_promise():
    """Only the text of a promise counts as one."""
    note = sign_note("some other text\n", PROMISE.name, PROMISE_KEY)
    with pytest.raises(LogFormatError):
        verify_promise(note.encode(), PROMISE, ORIGIN, LEAVES[0], 0, BATCH.path(0))


GOOD = Promise(ORIGIN, bytes(32), 8, ISSUED)


@pytest.mark.parametrize(
    "wrong",
    [{"count": 0}, {"count": 6}, {"count": 8_192}, {"root": b""}, {"issued": -1}, {"origin": "a b"}, {"delay": -1}],
)
def test_promise_out_of_bounds_is_refused(wrong):
    """Count is a power of two up to 4,096, the root 32 bytes, times not negative."""
    with pytest.raises(LogFormatError):
        replace(GOOD, **wrong)


_NEAR = st.lists(
    st.sampled_from(["dossier-audit-promise/v1", ORIGIN, "A" * 43 + "=", "AA==", "8", "08", "60", "", "7"]), max_size=8
).map("\n".join)


@given(st.one_of(st.text(max_size=60), _NEAR, st.integers(0, 120).map(lambda at: GOOD.encode()[:at])))
@settings(max_examples=250)
def test_promise_that_parses_encodes_to_the_same(text):
    """On any text: a promise that encodes to it, or LogFormatError and nothing else."""
    try:
        promise = parse_promise(text)
    except LogFormatError:
        return
    assert promise.encode() == text


@pytest.mark.parametrize(
    "old, new", [("\n8\n", "\n08\n"), ("\n8\n", "\n\uff16\n"), ("=", ""), ("/v1", "/v2"), ("60", "60\n")]
)
def test_malformed_promise_is_refused(old, new):
    """Every departure from the form is LogFormatError."""
    assert parse_promise(GOOD.encode()) == GOOD
    with pytest.raises(LogFormatError):
        parse_promise(GOOD.encode().replace(old, new))
