from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.control import encode_control, encode_identity, parse_control, parse_identity
from audit.errors import LogFormatError
from tests.audit.small_log import IDENTITY, PROMISE
from tests.values import replace


def test_identity_reads_back():
    """Leaf 0 carries the origin and every key that a client pins."""
    assert parse_identity(encode_identity(IDENTITY)) == IDENTITY


def test_control_leaf_is_readable_text():
    """0x02, one line of canonical JSON: anybody can read it."""
    assert encode_control("restore", {"size": 7}) == b'\x02{"kind":"restore","size":7}\n'


_FIELDS = st.dictionaries(
    st.from_regex(r"\A[a-z]{1,8}\Z").filter(lambda name: name != "kind"),
    st.one_of(st.booleans(), st.integers(-(2**53) + 1, 2**53 - 1), st.from_regex(r"\A[ -~]{0,9}\Z")),
    max_size=4,
)


@given(st.from_regex(r"\A[a-z0-9]{1,5}(-[a-z0-9]{1,5})?\Z"), _FIELDS)
@settings(max_examples=80)
def test_control_leaf_reads_back(kind, fields):
    """A control leaf survives its bytes."""
    leaf = parse_control(encode_control(kind, fields))
    assert (leaf.kind, dict(leaf.fields)) == (kind, fields)


_START = encode_identity(IDENTITY)
_MUTANTS = st.tuples(st.integers(0, len(_START) - 1), st.integers(1, 255)).map(
    lambda change: _START[: change[0]] + bytes((_START[change[0]] ^ change[1],)) + _START[change[0] + 1 :]
)


@given(st.one_of(st.binary(max_size=40), st.binary(max_size=40).map(lambda data: b"\x02" + data + b"\n"), _MUTANTS))
@settings(max_examples=250)
def test_what_parses_encodes_to_the_same_bytes(data):
    """On any bytes: a leaf that encodes to them, or LogFormatError and nothing else."""
    try:
        leaf = parse_control(data)
        assert encode_control(leaf.kind, leaf.fields) == data
        assert encode_identity(parse_identity(data)) == data
    except LogFormatError:
        return


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x02\n",
        b'\x02{"kind":"a"}',
        b'\x01{"kind":"a"}\n',
        b'\x02{"kind": "a"}\n',
        b'\x02["kind"]\n',
        b'\x02{"kind":1}\n',
        b'\x02{"kind":"A"}\n',
        b'\x02{"other":"a"}\n',
        b'\x02{"kind":"a","kind":"a"}\n',
    ],
)
def test_malformed_control_leaf_is_refused(data):
    """Every departure from the form is LogFormatError."""
    with pytest.raises(LogFormatError):
        parse_control(data)


@pytest.mark.parametrize("kind, fields", [("Kind", {}), ("", {}), ("a", {"kind": "b"}), ("a", {"x": 1.5})])
def test_leaf_that_cannot_be_written(kind, fields):
    """The kind is a code, the fields are restricted JSON."""
    with pytest.raises(LogFormatError):
        encode_control(kind, fields)


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "audit.example.nl/log2"},
        {"log_key": PROMISE},
        {"directory_key": b""},
        {"register_keys": (b"r" * 32, b"r" * 32)},
        {"register_keys": (b"r" * 31, b"s" * 32)},
        {"register_threshold": 0},
        {"register_threshold": 3},
    ],
)
def test_identity_that_contradicts_itself_is_refused(wrong):
    """The log key bears the origin's name, register keys differ, and the threshold can be met."""
    with pytest.raises(LogFormatError):
        replace(IDENTITY, **wrong)


def test_identity_with_other_fields_is_refused():
    """Leaf 0 has exactly its fields, each of its kind."""
    fields = dict(parse_control(_START).fields)
    for change in ({"more": 1}, {"registerThreshold": True}, {"registerKeys": "AA=="}, {"origin": 1}, {"logKey": "x"}):
        with pytest.raises(LogFormatError):
            parse_identity(encode_control("log", fields | change))
    with pytest.raises(LogFormatError):
        parse_identity(encode_control("log", fields | {"directoryKey": "!"}))
    with pytest.raises(LogFormatError):
        parse_identity(encode_control("other", fields))
