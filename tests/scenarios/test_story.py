"""Deliver, grant, read, withdraw, refused, proved: the clients of four people against the real application."""

from __future__ import annotations

import pytest

from audit.history import StreamEvent, first_head, verify_stream
from audit.opening import opening_from_json
from crypto.encoding import decode_base64, encode_base64, sha256
from crypto.errors import PinError
from crypto.keys import SigningKey
from crypto.statements import sign
from dossier.client import sharing
from dossier.client.errors import RefusedError, UntrustedError
from dossier.client.opened import OpenedItem
from dossier.client.passing import find_missing, serve
from dossier.client.reading import check_released, request_reading
from tests.scenarios.story import (
    ASKED,
    CATALOGUE,
    LETTER,
    MARKER,
    content_of,
    deliver,
    grant,
    recipient,
    refused,
    standing,
    tell,
)
from tests.values import replace


async def test_story(cast):
    """Delivered sealed, granted, read, withdrawn, refused: each step through the service over HTTP (P2, P3, P6, P7)."""

    def story():
        reader = cast.reader
        assert refused(reader.read, cast.item, ASKED) == (404, "not-found")
        _consent, given = grant(cast)
        assert given["state"] == "active"
        released = reader.read(cast.item, ASKED)
        assert content_of(reader, released) == LETTER
        assert released.metadata["title"] == MARKER
        assert [each.title for each in reader.items(cast.dossier, ASKED)] == [MARKER]
        (shown,) = standing(cast)
        ended = sharing.withdraw(cast.owner, shown)
        assert ended["state"] == "withdrawn"
        assert "cannot be taken back" in ended["remains"]
        assert refused(reader.read, cast.item, ASKED) == (404, "not-found")
        assert standing(cast) == []

    await tell(story)


async def test_owner_sees_every_look(cast):
    """The owner's stream is complete and shows every look with actor, purpose and decision (P4, P5)."""

    def look():
        grant(cast)
        cast.reader.read(cast.item, ASKED)
        page = cast.owner.session.get(f"/v1/dossiers/{cast.dossier.hex()}/events")
        events = [
            StreamEvent(each["seq"], decode_base64(each["leaf"]), opening_from_json(each["openings"]))
            for each in page["events"]
        ]
        checked = verify_stream(cast.dossier.hex(), [cast.stream_key], events, first_head(sha256(cast.stream_key)))
        looks = [fields for fields in checked.events.values() if fields["schema"] == "decision/v1"]
        assert looks
        assert {(each["actor"], each["organisation"], each["role"]) for each in looks} == {
            (cast.noor.person.hex(), cast.organisation.hex(), "debt-counsellor")
        }
        assert all((each["purpose"], each["decision"]) == ("debt-help", "permit") for each in looks)
        for shown in standing(cast):
            sharing.withdraw(cast.owner, shown, with_key=False)

    await tell(look)


async def test_content_without_promise_is_refused(cast):
    """A client opens nothing that comes without the promise of exactly this reading (P3; N42)."""

    def check():
        grant(cast)
        reader = cast.reader
        request, answer = request_reading(
            reader.session, reader.identity, cast.item, replace(ASKED, role="debt-counsellor")
        )
        other = {**answer, "promise": {**answer["promise"], "index": answer["promise"]["index"] + 1}}
        for wrong in ({**answer, "promise": {}}, other):
            with pytest.raises(UntrustedError):
                check_released(request, wrong, cast.log, reader._author_key, reader._item_key)
        again, _answer = request_reading(
            reader.session, reader.identity, cast.item, replace(ASKED, role="debt-counsellor")
        )
        with pytest.raises(UntrustedError):
            check_released(again, answer, cast.log, reader._author_key, reader._item_key)
        for shown in standing(cast):
            sharing.withdraw(cast.owner, shown)

    await tell(check)


async def test_only_keys_widen(cast):
    """A professional, an administrator or the service's own sign-in cannot make a consent: only a holder's key (P6)."""

    def check():
        owner = cast.owner
        held = owner.hold(cast.dossier)
        terms = sharing.Terms(sections=["debts"], purpose="debt-help", end=owner.session.now() + 3_600)
        payload = sharing.consent_payload(owner, held, recipient(cast), terms, CATALOGUE, "tekst")
        forged = sign("consent", {**payload, "signer": cast.noor.person.hex()}, cast.noor.signing)
        body = {"statement": encode_base64(forged.envelope), "capsules": []}
        path = f"/v1/dossiers/{cast.dossier.hex()}/consents"
        assert refused(cast.reader.session.post, path, body) == (404, "not-found")
        assert refused(owner.session.post, path, body) == (403, "wrong-signer")
        other = sign("consent", payload, SigningKey.generate())
        assert refused(owner.session.post, path, {"statement": encode_base64(other.envelope)}) == (403, "wrong-signer")

    await tell(check)


async def test_large_parts_by_lease(cast):
    """A part beyond 64 KiB is read range by range, and a withdrawal stops the next range (410, reading-stopped)."""

    def check():
        content = bytes(range(256)) * 40_000
        item = deliver(cast, content, "Groot")
        grant(cast)
        released = cast.reader.read(item, ASKED)
        assert "content" not in released.shown["parts"][0]
        assert content_of(cast.reader, released) == content
        state = cast.reader.session.get(f"/v1/readings/{released.reading}")
        assert state["leaseUntil"] >= released.shown["leaseUntil"]
        (shown,) = standing(cast)
        sharing.withdraw(cast.owner, shown)
        assert refused(content_of, cast.reader, released) == (410, "reading-stopped")
        assert refused(content_of, cast.reader, released) == (410, "reading-ended")
        assert cast.reader.session.get(f"/v1/readings/{released.reading}")["state"] == "stopped"

    await tell(check)


async def test_single_items_and_later_ones(cast):
    """A consent of single items opens these alone; its later keys follow when a holder finishes it."""

    def check():
        other = deliver(cast, b"tweede", "Tweede")
        grant(cast, items=[cast.item], later_items=False)
        assert content_of(cast.reader, cast.reader.read(cast.item, ASKED)) == LETTER
        assert refused(cast.reader.read, other, ASKED) == (404, "not-found")
        (shown,) = standing(cast)
        sharing.withdraw(cast.owner, shown)

    await tell(check)


async def test_later_items_wait_for_a_holder(cast):
    """Where a consent covers later items but no whole lane, a later item is permitted and waits for its key."""

    def check():
        grant(cast, types=["decision"])
        later = deliver(cast, b"later", "Later")
        reader = replace(cast.reader, keys={})  # one who kept no key of an earlier consent
        with pytest.raises(PinError):
            reader.read(later, ASKED)
        (shown,) = standing(cast)
        held = cast.owner.hold(cast.dossier)
        (waiting,) = find_missing(cast.owner, held, shown, [recipient(cast)], {})
        (added,) = serve(cast.owner.session, [waiting])
        assert added["added"] == 1
        assert find_missing(cast.owner, held, shown, [recipient(cast)], {}) == []
        assert content_of(reader, reader.read(later, ASKED)) == b"later"
        sharing.withdraw(cast.owner, shown)

    await tell(check)


async def test_preview_is_what_happens(cast):
    """The preview names who would see what; afterwards exactly that is so."""

    def check():
        owner = cast.owner
        held = owner.hold(cast.dossier)
        terms = sharing.Terms(sections=["debts"], purpose="debt-help", end=owner.session.now() + 3_600)
        seen = sharing.preview(
            owner, held, sharing.consent_payload(owner, held, recipient(cast), terms, CATALOGUE, "tekst")
        )
        gained = {each["item"] for each in seen["changes"] if each["action"] == "read" and each["permitted"]}
        grant(cast)
        listed = {each.item for each in cast.reader.items(cast.dossier, ASKED) if isinstance(each, OpenedItem)}
        assert gained == listed
        assert {each["actor"] for each in seen["changes"]} == {cast.noor.person.hex()}
        for shown in standing(cast):
            sharing.withdraw(owner, shown)

    await tell(check)


async def test_nothing_readable_at_rest(cast, owner_pool):
    """Neither database nor object store holds a title, a line of content or a citizen's number in the clear (P1, N80)."""
    tables = await owner_pool.fetch(
        "SELECT quote_ident(table_schema) || '.' || quote_ident(table_name) AS name FROM information_schema.tables"
        " WHERE table_schema IN ('audit', 'dossier') AND table_type = 'BASE TABLE'"
    )
    number = cast.bsn.partition(":")[2]
    # Nor a number of a person, or what a billion guesses would find it by (N80).
    guesses = [
        f(text.encode()) for text in (number, cast.bsn) for f in (sha256, lambda data: sha256(data).hex().encode())
    ]
    needles = (MARKER.encode(), LETTER[:24], number.encode(), *guesses)
    for table in tables:
        rows = await owner_pool.fetch(f"SELECT * FROM {table['name']}")
        for row in rows:
            for value in row.values():
                data = value if isinstance(value, bytes) else str(value).encode()
                assert not any(needle in data for needle in needles), table["name"]
    for path in cast.settings.data_dir.rglob("*"):
        if path.is_file() and path.name != "personas.json":
            assert not any(needle in path.read_bytes() for needle in needles), path.name


async def test_hidden_answers_are_equal(cast, app):
    """Absent and hidden give the same body and headers, and neither leaves within 50 ms (N52, N54)."""

    def check():
        reader = cast.reader
        absent = cast.dossier[:2] + bytes(14)
        seen = []
        for item in (cast.item, absent, bytes(16)):
            try:
                request_reading(reader.session, reader.identity, item, replace(ASKED, role="debt-counsellor"))
            except RefusedError as error:
                seen.append((error.status, error.code, str(error)))
        assert len(seen) == 3
        assert len(set(seen)) == 1

    await tell(check)
