from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from audit.tags import TagIndex, tag_of
from tests.audit.small_log import entry


def found(entries):
    """Return the repeats that an index over some entries finds."""
    tags = TagIndex()
    tags.add(entries)
    return list(tags.repeated(lambda index: entries[index]))


def test_tag_of_an_entry():
    """Only the leaf of an event has a tag."""
    assert tag_of(entry(1)) == entry(1)[1:33]
    assert [tag_of(other) for other in (b"", entry(1)[:-1], b"\x02" + entry(1)[1:])] == [None] * 3


def test_repeated_tag_is_found_with_its_first_place():
    """P5: a second history of one stream needs a tag twice; both places are named."""
    entries = [entry(number) for number in range(20)]
    again = entry(4)[:33] + entry(19)[33:]
    assert found([*entries, again, again]) == [(20, 4), (21, 4)]


def test_equal_beginnings_are_not_equal_tags():
    """Two tags that share 8 bytes are two tags."""
    one = entry(1)
    other = one[:9] + bytes(24) + one[33:]
    assert found([one, other]) == []


def test_entries_without_a_tag_do_not_count():
    """Control leaves may repeat, and unreadable entries keep their place."""
    control = b'\x02{"kind":"a"}\n'
    tags = TagIndex()
    tags.add([control, control, entry(1)])
    tags.skip(2)
    tags.add([b"", b"", entry(1)])
    entries = {2: entry(1), 7: entry(1)}
    assert list(tags.repeated(lambda index: entries.get(index, b""))) == [(7, 2)]


@given(st.lists(st.integers(0, 30), max_size=40))
@settings(max_examples=80)
def test_repeats_are_those_of_a_plain_search(numbers):
    """The index finds what comparing all pairs finds."""
    expected = [(at, numbers.index(number)) for at, number in enumerate(numbers) if number in numbers[:at]]
    assert found([entry(number) for number in numbers]) == expected
