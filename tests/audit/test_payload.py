from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.errors import AuditError, LogFormatError, ProofError
from audit.payload import (
    BUCKET,
    month_of,
    open_payload,
    open_seed,
    open_stream_key,
    seal_payload,
    seal_seed,
    seal_stream_key,
)
from crypto.labels import Label
from crypto.seal import wrap
from crypto.statements import MAX_ENVELOPE
from tests.audit.examples import events, reading

MONTH, OTHER = b"m" * 32, b"n" * 32
STREAM = bytes.fromhex("0a" * 16)
OVERHEAD = 40


@given(events, st.binary(max_size=900))
@settings(max_examples=60)
def test_payload_opens_in_its_place(event, attachment):
    """Event and attached statement come back as they went in."""
    sealed = seal_payload(MONTH, STREAM, 7, event, attachment)
    assert open_payload(MONTH, STREAM, 7, sealed) == (event, attachment)
    assert (len(sealed) - OVERHEAD) % BUCKET == 0


def test_payload_opens_in_no_other_place():
    """N05: another key, stream or number does not open a payload, a seed or a stream key."""
    payload = seal_payload(MONTH, STREAM, 7, reading())
    seed, key = seal_seed(MONTH, STREAM, 7, b"s" * 32), seal_stream_key(MONTH, STREAM, 7, b"k" * 32)
    for place in ((OTHER, STREAM, 7), (MONTH, b"\x0b" * 16, 7), (MONTH, STREAM, 8)):
        for open_sealed, sealed in ((open_payload, payload), (open_seed, seed), (open_stream_key, key)):
            with pytest.raises(ProofError):
                open_sealed(*place, sealed)


def test_kinds_do_not_open_as_each_other():
    """N06: a seed is no stream key and no payload, under the same key and place."""
    seed = seal_seed(MONTH, STREAM, 7, b"s" * 32)
    with pytest.raises(ProofError):
        open_stream_key(MONTH, STREAM, 7, seed)
    with pytest.raises(ProofError):
        open_payload(MONTH, STREAM, 7, seed)


def test_seed_and_stream_key_read_back():
    """Seeds and stream keys come back as they went in; both are exactly 32 bytes."""
    assert open_seed(MONTH, STREAM, 1, seal_seed(MONTH, STREAM, 1, b"s" * 32)) == b"s" * 32
    assert open_stream_key(MONTH, STREAM, 1, seal_stream_key(MONTH, STREAM, 1, b"k" * 32)) == b"k" * 32
    for seal in (seal_seed, seal_stream_key):
        with pytest.raises(LogFormatError):
            seal(MONTH, STREAM, 1, b"short")


def test_events_of_different_length_look_alike():
    """A refusal and a permit of the same reading take the same room."""
    denied = reading(decision="deny", code="no-consent", rules=[], consents=[])
    assert len(seal_payload(MONTH, STREAM, 1, reading())) == len(seal_payload(MONTH, STREAM, 1, denied))


def test_attachment_has_a_limit():
    """An attachment is a statement, of whatever size statements may have."""
    largest = bytes(MAX_ENVELOPE)
    sealed = seal_payload(MONTH, STREAM, 1, reading(), largest)
    assert open_payload(MONTH, STREAM, 1, sealed) == (reading(), largest)
    with pytest.raises(LogFormatError):
        seal_payload(MONTH, STREAM, 1, reading(), bytes(MAX_ENVELOPE + 1))


@given(st.binary(max_size=64).flatmap(lambda head: st.sampled_from([head, head.ljust(BUCKET, b"\0")])))
@settings(max_examples=100)
def test_other_contents_are_refused(plaintext):
    """Whatever was wrapped, opening gives an event or an error of this package."""
    sealed = wrap(Label.EVENT_PAYLOAD, (STREAM, (1).to_bytes(8, "little")), MONTH, plaintext)
    with pytest.raises(AuditError):
        open_payload(MONTH, STREAM, 1, sealed)


@pytest.mark.parametrize(
    "time, month", [(0, "1970-01"), (1_698_796_799_999, "2023-10"), (1_698_796_800_000, "2023-11")]
)
def test_month_of_a_time(time, month):
    """Month keys go by UTC months, to the millisecond."""
    assert month_of(time) == month


@pytest.mark.parametrize("time", [-1, 253_402_300_800_000])
def test_time_outside_the_calendar_is_refused(time):
    """Years 1970 to 9999."""
    with pytest.raises(LogFormatError):
        month_of(time)
