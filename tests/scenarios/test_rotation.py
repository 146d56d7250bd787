"""A representative with full authority joins, reads, and is ended: keys get new epochs, and all others go on, over HTTP."""

from __future__ import annotations

import time

import pytest

from audit.errors import AuditError
from audit.note import parse_verifier_key
from audit.stream import event_tag
from audit.tags import tag_of
from audit.verify import verify_log
from consent.catalogue import shipped_catalogues
from crypto.encoding import decode_base64, encode_base64
from crypto.errors import CryptoError, PinError
from crypto.keys import SigningKey
from crypto.sections import unwrap_section
from crypto.statements import parse_statement, sign
from dossier.auditing.replaying import Replayer
from dossier.auditing.store import EventStore
from dossier.client import rotating, sharing
from dossier.client.delivering import Content, Record
from dossier.client.errors import RefusedError
from dossier.client.governing import NewHolder, appoint, dismiss, end_authority, held_by
from dossier.client.groups import People
from dossier.client.history import dossier_history, read_tags
from dossier.client.making import next_authority
from dossier.client.opened import OpenedItem
from dossier.client.owner import Owner
from dossier.client.professional import Reader
from dossier.client.publiclog import WebLog
from dossier.client.reading import Asked
from dossier.client.rotating import rotate
from dossier.monthkeys import FileMonthKeys
from tests.scenarios.story import ASKED, LETTER, content_of, deliver, enrol_son, grant, refused, standing, tell
from tests.web.browsing import ORIGIN, LoopTransport


@pytest.fixture(scope="module")
async def cast(cast):
    """The people of the story, and a son."""
    await tell(enrol_son, cast)
    return cast


def join(cast, **changes):
    """The son holds the dossier in full."""
    appoint(cast.owner, cast.dossier, NewHolder(cast.son.identity.person, **changes))


def pending(owner, dossier):
    """The keys that wait, as kinds and places, at both places where they are shown."""
    at_rotations = owner.session.get(f"/v1/dossiers/{dossier.hex()}/rotations")["rotations"]
    shown = owner.session.get(f"/v1/dossiers/{dossier.hex()}")["rotations"]
    assert [each | {"deliveries": 0} for each in at_rotations] == shown
    return {(each["key"], each["section"], each["lane"]) for each in at_rotations}


def people(owner):
    return People(owner.session, owner.register, owner.seen)


def stream_keys(session, dossier):
    return [each["key"] for each in session.get(f"/v1/streams/{dossier.hex()}/keys")["keys"]]


async def test_from_joining_to_the_new_epochs(cast):
    """Whoever lost full authority opens no new delivery, computes no new tag, signs with no key; all others go on (P7)."""

    def story():
        owner, son, dossier = cast.owner, cast.son, cast.dossier
        grant(cast)
        join(cast)
        had = son.hold(dossier)
        assert [each.title for each in son.items(had)]
        keys_before = stream_keys(son.session, dossier)
        end_authority(owner, dossier, son.identity.person)
        waiting = pending(owner, dossier)
        assert ("dossier-key", "", "") in waiting
        assert ("dossier-root", "", "") in waiting
        assert ("stream-key", "", "") not in waiting  # the service began its next epoch with the end
        assert {(s, lane) for key, s, lane in waiting if key == "section-key"} == {
            (s, lane) for s in ("debts", "income") for lane in ("ordinary", "confidential", "vault")
        }
        between = deliver(cast, b"tussen twee sleutels", "Tussen")
        done = rotate(owner, dossier, people(owner))
        assert (done.sequence, len(done.sections), done.resealed, done.skipped, done.left) == (1, 6, 1, set(), [])
        assert pending(owner, dossier) == set()
        later = deliver(cast, b"na de nieuwe sleutel", "Daarna")
        # The owner opens everything, old and new.
        titles = [each.title for each in owner.items(owner.hold(dossier)) if isinstance(each, OpenedItem)]
        assert sorted(titles) == sorted(["ZEEKOE-7731", "Tussen", "Daarna"])
        # The professional too: with the capsules that came with the new epoch.
        fresh = Reader(cast.reader.session, cast.noor, owner.register, cast.log, "debt-counsellor")
        assert content_of(cast.reader, cast.reader.read(later, ASKED)) == b"na de nieuwe sleutel"
        for item, content in (
            (cast.item, LETTER),
            (between, b"tussen twee sleutels"),
            (later, b"na de nieuwe sleutel"),
        ):
            assert content_of(fresh, fresh.read(item, ASKED)) == content
        # The son sees nothing any more, and what he kept opens nothing new.
        for path in ("", "/rotations", "/items", "/events"):
            assert refused(son.session.get, f"/v1/dossiers/{dossier.hex()}{path}")[0] == 404
        assert refused(son.session.get, f"/v1/streams/{dossier.hex()}/keys")[0] == 404
        keys_after = stream_keys(owner.session, dossier)
        assert keys_after[:1] == keys_before
        assert len(keys_after) == 2
        opened = next(each for each in owner.items(owner.hold(dossier)) if each.item == later.hex())
        with pytest.raises(CryptoError):
            had.item_key(opened.header, {**opened.shown, "wraps": []})
        shown = owner.session.get(f"/v1/dossiers/{dossier.hex()}")
        new = [each for each in shown["sections"] if each["epoch"] == 1]
        held = owner.hold(dossier)
        for each in new:
            section = held.sections[each["section"], each["lane"], 1]
            with pytest.raises(CryptoError):
                unwrap_section(had.keys.root, decode_base64(each["wrapped"]), section.place, section.public_key)
        cast.had = had

    await tell(story)


async def test_old_key_signs_nothing(cast):
    """A list that the old dossier key signed is refused, by the service and by whoever checks the lists (P6)."""

    def story():
        owner, dossier = cast.owner, cast.dossier
        owner.session.step_up()
        held = owner.hold(dossier)
        shown = owner.session.get(f"/v1/dossiers/{dossier.hex()}/rotations")
        by = held_by(owner, held, shown["authority"])
        old = cast.had.keys.signing_seed
        forged = next_authority(by.newest, by.entries, owner.identity, old, held.after, owner.session.now())
        body = {"statement": encode_base64(forged.envelope)}
        assert refused(owner.session.post, f"/v1/dossiers/{dossier.hex()}/statements", body)[0] == 403
        key = next(each for each in reversed(held.statements) if each.kind == "section-key")
        following = dict(key.payload) | {"epoch": 2, "previous": key.hash.hex()}
        del following["keyHash"]
        late = sign("section-key", following, SigningKey.from_seed(old))
        answer = owner.session.get(f"/v1/dossiers/{dossier.hex()}")
        answer["statements"].append(encode_base64(late.envelope))

        class Shown:
            def get(self, *_arguments):
                return answer

        with pytest.raises((CryptoError, PinError)):
            Owner(Shown(), owner.identity, owner.register).hold(dossier)

    await tell(story)


async def test_history_and_agency_follow_the_chain(cast, pool):
    """The owner's list is whole across epochs of the stream key, the agency's pin moved along the chain (P5, P8)."""
    owner, dossier = cast.owner, cast.dossier

    def checked():
        assert cast.agency.pins[dossier.hex()] == owner.hold(dossier).chain.head.hex()
        logged = logged_tags(cast, owner.hold(dossier))
        return logged, dossier_history(owner.session, owner.hold(dossier), logged)

    logged, history = await tell(checked)
    epochs = [seq for seq, fields in history.checked.events.items() if fields["schema"] == "epoch/v1"]
    assert len(epochs) == 1
    # What the former holder computes with the key that he kept is in the log up to the end of its epoch, and no further.
    first = decode_base64((await tell(stream_keys, owner.session, dossier))[0])
    assert event_tag(first, epochs[0]) in logged.leaves
    assert all(event_tag(first, seq) not in logged.leaves for seq in range(epochs[0] + 1, history.head.seq + 1))
    months = FileMonthKeys(cast.settings.data_dir / "keys" / "months")
    found = await Replayer(EventStore(pool), months, shipped_catalogues()).run()
    assert [str(each) for each in found.findings] == []


async def test_an_epoch_kept_back_is_found_out(cast):
    """A service that shows the former stream key alone, or another, cannot show the events after its end (P5)."""

    def check():
        held = cast.owner.hold(cast.dossier)
        logged = logged_tags(cast, held)
        shown = stream_keys(cast.owner.session, cast.dossier)
        for keys in (shown[:1], [shown[0], shown[0]]):
            with pytest.raises(AuditError):
                dossier_history(Showing(cast.owner.session, keys), held, logged)

    await tell(check)


class Showing:
    """A session to which the service shows other stream keys than there are."""

    def __init__(self, session, keys):
        self._session, self._keys = session, keys

    def get(self, path, query=None, **headers):
        if path.endswith("/keys"):
            return {"keys": [{"key": each} for each in self._keys]}
        return self._session.get(path, query, **headers)

    def now(self):
        return self._session.now()


def logged_tags(cast, held):
    """The log, as soon as it has all that the dossier's stream has now."""
    dossier = held.dossier.hex()
    key = parse_verifier_key(cast.owner.session.send("GET", "/log/vkey").text.strip())
    head = cast.owner.session.get(f"/v1/dossiers/{dossier}")["head"]["seq"]
    events = []
    while not events or events[-1]["seq"] < head:
        page = cast.owner.session.get(f"/v1/dossiers/{dossier}/events", {"after": len(events)})["events"]
        events += page
    last = next(decode_base64(each["leaf"]) for each in events if each["seq"] == head)
    for _ in range(400):
        with WebLog(f"{ORIGIN}/log", LoopTransport(cast.app, cast.loop)) as log:
            logged, report = read_tags(log, key), verify_log(log, key)
            assert list(report.findings) == []
        if tag_of(last) in logged.leaves:
            return logged
        time.sleep(0.05)
    raise AssertionError("the log does not get there")


async def test_of_two_rotations_one_is_let_through(cast):
    """Two successors of one key: the second is refused with the key that stands, and no key is replaced twice (P6)."""

    def race():
        owner, dossier = cast.owner, cast.dossier
        before = len(owner.hold(dossier).chain.keys)
        first, second = (rotating.Run(owner, dossier, people(owner), lambda _: None) for _ in range(2))
        first.succeed()
        with pytest.raises(RefusedError) as caught:
            second.succeed()
        assert (caught.value.status, caught.value.code) == (409, "wrong-sequence")
        assert len(owner.hold(dossier).chain.keys) == before + 1
        assert rotate(owner, dossier, people(owner)).sections == []

    await tell(race)


async def test_stopped_between_steps_the_next_run_goes_on(cast, monkeypatch):
    """Killed before deliveries were sealed again, or among them, the next run does the rest and nothing twice."""

    def stopped():
        owner, dossier = cast.owner, cast.dossier
        if not standing(cast):
            grant(cast)  # what is read below needs one, whichever tests ran before
        join(cast)
        end_authority(cast.son, dossier, cast.son.identity.person)  # he steps down himself
        for content in (b"een", b"twee", b"drie"):
            deliver(cast, content, "Wacht")
        placed = rotating.Run._place
        done = []

        def once(run, item):
            if done:
                raise KeyboardInterrupt
            done.append(item.item)
            return placed(run, item)

        with monkeypatch.context() as patched:
            patched.setattr(rotating.Run, "_place", once)
            with pytest.raises(KeyboardInterrupt):
                rotate(owner, dossier, people(owner))
        assert pending(owner, dossier) == set()
        waiting = owner.session.get(f"/v1/dossiers/{dossier.hex()}/rotations")["waiting"]
        assert len(waiting) == 2
        again = rotate(owner, dossier, people(owner))
        assert (again.sequence, again.sections, again.resealed) == (-1, [], 2)
        assert rotate(owner, dossier, people(owner)).resealed == 0
        fresh = Reader(cast.reader.session, cast.noor, owner.register, cast.log, "debt-counsellor")
        assert {each.title for each in fresh.items(dossier, ASKED)} >= {"Wacht"}

    await tell(stopped)


async def test_representative_rotates_and_leaves_the_vault(cast):
    """A full holder who is not the owner rotates all but the vault, whose secrets are never shown to them."""

    def turn():
        owner, son, dossier = cast.owner, cast.son, cast.dossier
        join(cast, capacity="legal-representative")
        shown = son.session.get(f"/v1/dossiers/{dossier.hex()}")
        assert "vault" not in {each["lane"] for each in shown["sections"]}
        secret = Record("debts", "vault", "decision", "personal", "Dagboek")
        owner.add(owner.hold(dossier), secret, [Content("dagboek.txt", "text/plain", b"lief dagboek")])
        note = Record("debts", "ordinary", "decision", "personal", "Van de zoon")
        written = bytes.fromhex(
            son.add(son.hold(dossier), note, [Content("brief.txt", "text/plain", b"lieve ma")])["item"]
        )
        done = rotate(son, dossier, people(son), anew=True)
        assert content_of(owner, owner.read(owner.hold(dossier), written, Asked(), cast.log)) == b"lieve ma"
        assert {lane for _, lane, _ in done.sections} == {"ordinary", "confidential"}
        assert done.left == []
        # The owner goes on under the representative's keys, the vault still under her own older root.
        titles = {each.title for each in owner.items(owner.hold(dossier)) if isinstance(each, OpenedItem)}
        assert {"Dagboek", "Daarna", "Van de zoon"} <= titles
        dismiss(owner, dossier, son.identity.person)
        assert ("section-key", "debts", "vault") in pending(owner, dossier)
        last = rotate(owner, dossier, people(owner))
        assert ("debts", "vault") in {(section, lane) for section, lane, _ in last.sections}
        assert pending(owner, dossier) == set()
        titles = {each.title for each in owner.items(owner.hold(dossier)) if isinstance(each, OpenedItem)}
        assert {"Dagboek", "Daarna"} <= titles

    await tell(turn)


async def test_limited_holder_leaves_their_sections(cast):
    """The end of a holder of some sections makes the keys of these wait, and no other (P7)."""

    def part():
        owner, dossier = cast.owner, cast.dossier
        before = len(stream_keys(owner.session, dossier))
        join(cast, full=False, sections=["debts"])
        end_authority(owner, dossier, cast.son.identity.person)
        assert pending(owner, dossier) == {
            ("section-key", "debts", lane) for lane in ("ordinary", "confidential", "vault")
        }
        done = rotate(owner, dossier, people(owner))
        assert done.sequence == -1
        assert pending(owner, dossier) == set()
        assert len(stream_keys(owner.session, dossier)) == before

    await tell(part)


async def test_withdrawn_consent_leaves_its_section(cast):
    """After the end of a whole-lane consent its section waits; what came meanwhile is sealed to the new key (P7)."""

    def part():
        owner, dossier = cast.owner, cast.dossier
        for shown in standing(cast):
            sharing.withdraw(owner, shown)
        assert pending(owner, dossier) == {("section-key", "debts", "ordinary")}
        item = deliver(cast, b"na het einde", "Later")
        (waits,) = owner.session.get(f"/v1/dossiers/{dossier.hex()}/rotations")["rotations"]
        assert waits["deliveries"] == 1
        done = rotate(owner, dossier, people(owner))
        assert ([each[:2] for each in done.sections], done.resealed) == ([("debts", "ordinary")], 1)
        shown = next(each.shown for each in owner.items(owner.hold(dossier)) if each.item == item.hex())
        placed = parse_statement(decode_base64(shown["placement"])).payload
        assert placed["epoch"] == owner.hold(dossier).current("debts", "ordinary").place.epoch
        grant(cast)
        fresh = Reader(cast.reader.session, cast.noor, owner.register, cast.log, "debt-counsellor")
        assert content_of(fresh, fresh.read(item, ASKED)) == b"na het einde"

    await tell(part)
