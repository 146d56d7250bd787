from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from audit.errors import LogFormatError
from audit.note import ED25519, VerifierKey
from audit.verify import LogState, parse_state, verify_log
from tests.audit.small_log import LOG, ORIGIN, WITNESS, SmallLog, entry


def codes(report):
    """Return the codes of the findings."""
    return [finding.code for finding in report.findings]


def test_log_in_order_gives_a_state_to_keep():
    """P5: anybody with the verifier key can check the log, and keep what was seen."""
    log = SmallLog(300)
    report = verify_log(log, LOG)
    assert report.ok
    assert (report.origin, report.size, report.root) == (ORIGIN, 300, log.edge.root())
    assert report.state == LogState(ORIGIN, 300, log.edge.root())


@pytest.mark.parametrize("size", [1, 255, 256, 257, 300])
def test_log_that_grew_agrees_with_the_state(size):
    """A log that only grew is consistent with what was seen before."""
    log = SmallLog(size)
    state = verify_log(log, LOG).state
    log.append([entry(number + 1_000) for number in range(400)])
    report = verify_log(log, LOG, state)
    assert report.ok
    assert report.state is not None
    assert report.state.size == size + 400


def test_same_log_agrees_with_its_state():
    """Checking again changes nothing."""
    log = SmallLog(300)
    report = verify_log(log, LOG)
    assert verify_log(log, LOG, report.state) == report


def test_rewritten_log_is_a_fork():
    """P5: a log that is whole in itself, but whose beginning differs from what was seen, is a fork; the state stays."""
    state = verify_log(SmallLog(300), LOG).state
    other = SmallLog(200)
    other.append([entry(number + 5_000) for number in range(200)])
    report = verify_log(other, LOG, state)
    assert codes(report) == ["fork"]
    assert report.state == state


def test_two_roots_of_one_size_are_a_fork():
    """N24: the same size with another root is a fork."""
    state = verify_log(SmallLog(300), LOG).state
    other = SmallLog(299)
    other.append([entry(5_000)])
    assert codes(verify_log(other, LOG, state)) == ["fork"]


def test_smaller_log_is_a_rollback():
    """N26: a log that shrank is reported, and the state stays."""
    state = verify_log(SmallLog(300), LOG).state
    report = verify_log(SmallLog(200), LOG, state)
    assert codes(report) == ["rollback"]
    assert report.state == state


def test_state_of_another_log_is_reported():
    """A state is of one origin."""
    state = LogState("audit.example.nl/log2", 1, bytes(32))
    assert codes(verify_log(SmallLog(300), LOG, state)) == ["origin"]


def test_state_of_an_empty_log_fits_every_log():
    """Whoever saw the log before it began learns nothing new about its beginning."""
    empty = SmallLog()
    empty.sign()
    state = verify_log(empty, LOG).state
    assert verify_log(SmallLog(300), LOG, state).ok


@pytest.mark.parametrize("data", [None, b"", b"not a note"])
def test_missing_or_malformed_checkpoint_is_reported(data):
    """Without a checkpoint nothing is believed."""
    log = SmallLog(300)
    log.files.pop("checkpoint")
    if data is not None:
        log.files["checkpoint"] = data
    report = verify_log(log, LOG)
    assert codes(report) == ["missing" if data is None else "checkpoint"]
    assert (report.size, report.findings[0].where) == (0, "checkpoint")


def test_other_verifier_key_is_reported():
    """A checkpoint that another key signed is not this log's; neither is one that lacks a demanded witness."""
    log = SmallLog(300)
    assert codes(verify_log(log, VerifierKey(ORIGIN, ED25519, WITNESS.public))) == ["checkpoint"]
    assert codes(verify_log(log, VerifierKey("other", ED25519, LOG.public))) == ["checkpoint"]
    assert codes(verify_log(log, LOG, witnesses=[WITNESS])) == ["checkpoint"]


def test_damaged_log_does_not_move_the_state():
    """Findings of the walk stand in the report, and the state stays where it was."""
    log = SmallLog(300)
    state = verify_log(log, LOG).state
    log.append([entry(1_000)])
    log.flip("tile/entries/000", -10)
    report = verify_log(log, LOG, state)
    assert codes(report) == ["entry"]
    assert report.state == state


def test_state_reads_back():
    """A state survives its bytes."""
    state = LogState(ORIGIN, 300, b"r" * 32)
    assert parse_state(state.encode()) == state


_STATES = st.builds(
    '{{"origin":"{}","root":"{}","size":{},"version":{}}}'.format,
    st.sampled_from([ORIGIN, "a b", ""]),
    st.sampled_from(["A" * 43 + "=", "AA==", "!"]),
    st.sampled_from(["7", "-1", "true", "07", '"7"', "null"]),
    st.sampled_from(["1", "2", "true"]),
).map(str.encode)


@given(st.one_of(st.binary(max_size=60), st.sampled_from([b"[]", b"{}", b"7"]), _STATES))
@example(b"[]")
@settings(max_examples=200)
def test_state_that_parses_encodes_to_the_same_bytes(data):
    """On any bytes: a state that encodes to them, or LogFormatError and nothing else."""
    try:
        state = parse_state(data)
    except LogFormatError:
        return
    assert state.encode() == data
