from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.errors import EventError, LogFormatError
from audit.event import (
    AUDIENCES,
    MAX_FIELDS,
    REQUIRED,
    SCHEMAS,
    Event,
    _schema,
    encode_event,
    is_value,
    make_event,
    parse_event,
)
from tests.audit.examples import ACTOR, events, reading


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_every_schema_starts_with_its_id_and_names_actor_and_time(name):
    """Field 0 is the schema id, actor and time are always there, 24 fields at most, every audience is known."""
    schema = SCHEMAS[name]
    assert schema.fields[0].name == "schema"
    assert {"actor", "time"} <= schema.positions.keys()
    assert len(schema.fields) <= MAX_FIELDS
    assert all(field.audience <= set(AUDIENCES) and "auditor" in field.audience for field in schema.fields)


def test_schema_actor_and_time_are_shown_to_everyone():
    """P4: whoever may see an event sees of which kind it is, who did it and when."""
    for schema in SCHEMAS.values():
        for name in ("schema", "actor", "time"):
            assert schema.fields[schema.positions[name]].audience == set(AUDIENCES)


def test_how_the_decision_was_made_is_for_the_auditor_alone():
    """Positions, rules, consents and code of a decision are hidden from owner and actor."""
    schema = SCHEMAS["decision/v1"]
    for name in ("positions", "rules", "consents", "code"):
        assert schema.fields[schema.positions[name]].audience == {"auditor"}


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_event_without_actor_cannot_exist(name):
    """An event that nobody did is refused by construction, whatever its schema."""
    with pytest.raises(EventError):
        make_event(name, {"time": 1})
    with pytest.raises(EventError):
        make_event(name, {"actor": "", "time": 1})
    assert make_event(name, {"actor": ACTOR, "time": 1})["actor"] == ACTOR


def test_event_without_time_cannot_exist():
    """An event without a time is refused."""
    with pytest.raises(EventError):
        make_event("decision/v1", {"actor": ACTOR})


def test_values_are_read_back_by_kind():
    """Text, integers and lists come back as they went in; an absent field is empty."""
    event = reading()
    assert event["role"] == "debt-counsellor"
    assert event.number("time") == 1_700_000_000
    assert event.items("positions") == [["0a" * 16, 12]]
    assert (event["case"], event.number("holdsUntil"), event.items("rules")) == ("", 0, ["4e" * 16])
    assert reading(rules=[]).items("rules") == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"actor": "Ångström"},
        {"organisation": "2C" * 16},
        {"organisation": "2c" * 15},
        {"role": "debt counsellor"},
        {"role": "a" * 70_000},
        {"catalogue": "5f" * 31},
        {"time": -1},
        {"time": "01"},
        {"time": 10**16},
        {"engine": "line\nbreak"},
        {"engine": "\ud800"},
        {"engine": "e\u0301"},
        {"rules": "4e"},
        {"rules": [1.5]},
        {"rules": True},
        {"rules": None},
        {"unheard": "of"},
    ],
)
def test_value_that_is_not_of_its_kind_is_refused(wrong):
    """A field takes only what its kind allows; a name outside the schema is refused."""
    with pytest.raises(EventError):
        reading(**wrong)


@pytest.mark.parametrize(
    "rows",
    [
        [["schema", "text", "owner"], ["actor", "party", "owner"]],
        [["schema", "text", "owner"], *[["time", "time", "owner"], ["actor", "party", "owner"]] * 2],
        [[name, "text", "owner"] for name in ("schema", "actor", "time", *map(str, range(22)))],
    ],
)
def test_table_with_a_wrong_schema_does_not_load(rows):
    """A schema without actor or time, with a name twice, or with 25 fields is refused before anything is written."""
    with pytest.raises(EventError):
        _schema("wrong/v1", rows)


def test_unknown_schema_is_refused():
    """Only schemas of the table exist."""
    with pytest.raises(EventError):
        make_event("decision/v2", {"actor": ACTOR, "time": 1})


def test_wrong_number_of_values_is_refused():
    """The number of fields is fixed per schema."""
    event = reading()
    with pytest.raises(EventError):
        Event(event.schema, event.values[:-1])
    with pytest.raises(EventError):
        Event(SCHEMAS["epoch/v1"], event.values)


@given(events)
@settings(max_examples=150)
def test_what_is_encoded_parses_to_the_same(event):
    """Every event of every schema survives encoding."""
    assert parse_event(encode_event(event)) == event


def _mutants(data: bytes):
    flipped = st.tuples(st.integers(0, len(data) - 1), st.integers(1, 255)).map(
        lambda change: data[: change[0]] + bytes((data[change[0]] ^ change[1],)) + data[change[0] + 1 :]
    )
    return st.one_of(flipped, st.integers(0, len(data)).map(lambda end: data[:end]), st.just(data + b"\0"))


@given(st.one_of(st.binary(max_size=200), events.map(encode_event).flatmap(_mutants)))
@settings(max_examples=120)
def test_what_parses_encodes_to_the_same_bytes(data):
    """On any bytes: either the one spelling of an event, or LogFormatError and nothing else."""
    try:
        event = parse_event(data)
    except LogFormatError:
        return
    assert encode_event(event) == data


@pytest.mark.parametrize("rules", [b'["a", "b"]', b"[]", b"[1.0]", b'{"a":1}', b"[null]", b"["])
def test_list_in_another_spelling_is_refused(rules):
    """A list has one spelling: canonical JSON, and nothing at all for the empty list."""
    event = reading()
    values = list(event.values)
    values[event.schema.positions["rules"]] = rules
    data = len(values).to_bytes(2, "big") + b"".join(len(value).to_bytes(2, "big") + value for value in values)
    with pytest.raises(LogFormatError):
        parse_event(data)


@pytest.mark.parametrize("value", ["9007199254740992", "9999999999999999"])
def test_numbers_end_where_javascript_does(value):
    """A count above 2^53-1 is no value of a field: a browser could not hold it."""
    with pytest.raises(EventError):
        make_event("delivery/v1", {"actor": "a" * 32, "time": 1, "version": int(value)})
    assert (
        make_event("delivery/v1", {"actor": "a" * 32, "time": 1, "version": 2**53 - 1}).number("version") == 2**53 - 1
    )


def test_codes_have_at_most_64_letters():
    """A code of 65 letters is refused, one of 64 is not."""
    assert make_event("delivery/v1", {"actor": "a" * 64, "time": 1, "section": "b" * 64})["section"] == "b" * 64
    for field in ("actor", "section"):
        with pytest.raises(EventError):
            make_event("delivery/v1", {"actor": "sweeper", "time": 1} | {field: "c" * 65})


@given(
    st.sampled_from(sorted(SCHEMAS)),
    st.lists(
        st.sampled_from([b"", b"0", b"01", b"9" * 15, b"9" * 16, b"a-b", b"a--b", b"a" * 64, b"a" * 65, b"0a" * 16])
        | st.sampled_from([b"0a" * 32, b"[1]", b"[", b"[\x00]", b"a b", b"a\x00b", "\u00e9".encode(), b"\xff", b"\x7f"])
        | st.binary(max_size=3),
        min_size=MAX_FIELDS,
        max_size=MAX_FIELDS,
    ),
)
def test_one_look_at_all_values_is_as_strict_as_one_at_each(name, values):
    """What passes the joined pattern of a schema passes the check of each value by itself."""
    schema = SCHEMAS[name]
    values = (schema.encoded, *values[1 : len(schema.fields)])
    filled = [
        value if value and is_value(field, value) else b"" if field.name not in REQUIRED else b"1"
        for field, value in zip(schema.fields, values, strict=True)
    ]
    for at in range(1, len(values)):
        mixed = (schema.encoded, *filled[1:at], values[at], *filled[at + 1 :])
        if schema.plain.fullmatch(b"\0".join(mixed)):
            assert Event(schema, mixed)._check() is None
            assert is_value(schema.fields[at], values[at]) or schema.fields[at].kind == "list"


def test_plain_values_are_checked_in_one_look():
    """The usual event matches the joined pattern of its schema, so that its values are not looked at one by one."""
    event = reading()
    assert event.schema.plain.fullmatch(b"\0".join(event.values))
