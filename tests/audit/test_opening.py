from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.errors import AuditError, EventError, LogFormatError, ProofError
from audit.event import AUDIENCES
from audit.opening import OpenField, check_opening, open_fields, opening_from_json, opening_to_json
from audit.stream import NO_PREVIOUS, commitment, event_leaf, field_digests, field_salts, make_leaf
from tests.audit.examples import KEYS, events, reading

SEED = b"\x22" * 32
LEAF = event_leaf(KEYS[0], 1, NO_PREVIOUS, SEED, reading())


@given(events, st.sampled_from(AUDIENCES))
@settings(max_examples=100)
def test_each_audience_sees_exactly_its_fields(event, audience):
    """P4: an opening shows every field of the audience, and no other, under the same leaf."""
    leaf = event_leaf(KEYS[0], 1, NO_PREVIOUS, SEED, event)
    shown = check_opening(leaf, open_fields(event, SEED, audience))
    wanted = {field.name for field in event.schema.fields if audience in field.audience}
    assert shown == {name: event[name] for name in wanted}


def test_owner_sees_who_for_whom_what_when_why_and_on_which_ground():
    """P4: the owner's opening of a reading answers every question of the promise."""
    shown = check_opening(LEAF, open_fields(reading(), SEED, "owner"))
    asked = ("actor", "organisation", "subjects", "action", "time", "purpose", "reason", "basis", "decision")
    assert all(shown[name] for name in asked)


def test_hidden_field_is_only_a_digest():
    """What an audience may not see is there as 32 bytes."""
    event = reading()
    opening = open_fields(event, SEED, "owner")
    for name in ("positions", "rules", "consents", "code"):
        hidden = opening[event.schema.positions[name]]
        assert isinstance(hidden, bytes)
        assert len(hidden) == 32


def test_unknown_audience_is_refused():
    """There are three audiences."""
    with pytest.raises(EventError):
        open_fields(reading(), SEED, "press")


def test_changed_value_does_not_open():
    """A value other than the committed one is refused, in every shown field."""
    opening = open_fields(reading(), SEED, "auditor")
    for at, field in enumerate(opening[1:], 1):
        assert isinstance(field, OpenField)
        changed = (*opening[:at], OpenField(field.salt, field.name, field.value + "0"), *opening[at + 1 :])
        with pytest.raises(ProofError):
            check_opening(LEAF, changed)


def test_swapped_or_missing_fields_do_not_open():
    """Order and number of the fields are committed to."""
    opening = open_fields(reading(), SEED, "owner")
    for changed in ((opening[0], opening[2], opening[1], *opening[3:]), opening[:-1], (*opening, opening[-1])):
        with pytest.raises(AuditError):
            check_opening(LEAF, changed)


def test_opening_of_another_leaf_does_not_open():
    """An opening belongs to one leaf."""
    other = event_leaf(KEYS[0], 1, NO_PREVIOUS, b"\x23" * 32, reading())
    with pytest.raises(ProofError):
        check_opening(other, open_fields(reading(), SEED, "owner"))


@pytest.mark.parametrize(
    "fields",
    [
        [(b"schema", b"erasure/v1"), (b"actor", b"a")],
        [(b"schema", b"epoch/v1"), *[(b"other", b"")] * 9],
        [(b"schema", b"epoch/v1"), (b"actor", b""), *[(b"", b"")] * 8],
    ],
)
def test_commitment_outside_its_schema_is_refused(fields):
    """A leaf that truly commits to something else than its schema allows is the writer's fraud, not an event."""
    leaf = make_leaf(KEYS[0], 1, NO_PREVIOUS, commitment(field_digests(SEED, fields)))
    salts = field_salts(SEED, len(fields))
    opening = tuple(
        OpenField(salt, name.decode(), value.decode()) for salt, (name, value) in zip(salts, fields, strict=True)
    )
    with pytest.raises(ProofError):
        check_opening(leaf, opening)


@pytest.mark.parametrize("opening", [(), (b"\0" * 32,), (OpenField(b"\0" * 32, "schema", "unheard/v1"),)])
def test_opening_must_show_its_schema(opening):
    """Without field 0 nobody knows what the others mean."""
    with pytest.raises(LogFormatError):
        check_opening(LEAF, opening)


def test_text_that_is_no_text_is_refused():
    """A lone surrogate in a shown field is refused as malformed."""
    opening = open_fields(reading(), SEED, "owner")
    with pytest.raises(LogFormatError):
        check_opening(LEAF, (*opening[:1], OpenField(b"\0" * 32, "type", "\ud800"), *opening[2:]))


@given(events, st.sampled_from(AUDIENCES))
@settings(max_examples=50)
def test_json_form_reads_back(event, audience):
    """An opening survives its JSON form."""
    opening = open_fields(event, SEED, audience)
    assert opening_from_json(opening_to_json(opening)) == opening


_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from(["digest", "salt", "name", "value"]), inner, max_size=4),
    ),
    max_leaves=12,
)


@given(_JSON)
@settings(max_examples=200)
def test_other_json_is_refused(value):
    """On any JSON value: an opening that writes the same JSON, or LogFormatError and nothing else."""
    try:
        opening = opening_from_json(value)
    except LogFormatError:
        return
    assert opening_to_json(opening) == value


@pytest.mark.parametrize("digest", ["", "AA==", "!" * 44, "A" * 44])
def test_hash_of_another_length_is_refused(digest):
    """Digests are 32 bytes of strict base64."""
    with pytest.raises(LogFormatError):
        opening_from_json([{"digest": digest}])
