"""Acts that race each other over HTTP: each is done once or refused, none is lost, and what ended stays ended (P7, P10)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
import requests

from crypto.encoding import decode_base64
from crypto.statements import parse_statement
from dossier.client import answering, sharing
from dossier.client.cases import CaseClient, Wish, accept
from dossier.client.delivering import Content, Record
from dossier.client.groups import People
from dossier.client.listed import consents
from dossier.client.parties import Pins, check_professional
from dossier.client.reading import request_reading
from dossier.client.rotating import Run, rotate
from tests.scenarios import story
from tests.values import replace
from tests.web.racing import anew, codes, held, race
from tests.web.serving import world

ROLE = "debt-counsellor"
ASKED = replace(story.ASKED, role=ROLE)


@pytest.fixture(scope="module")
def town(database_urls, tmp_path_factory):
    with world(database_urls, tmp_path_factory.mktemp("served")) as settled:
        yield settled


@pytest.fixture(autouse=True)
def nothing_stands(town):
    """Every test begins without a consent that stands."""
    for each in story.standing(town.cast):
        sharing.withdraw(town.cast.owner, each)


def reads(town):
    """Whether the professional may read now."""
    cast = town.cast
    try:
        request_reading(cast.reader.session, cast.reader.identity, cast.item, ASKED)
    except story.RefusedError as refused:
        if refused.status not in (403, 404):
            raise
        return False
    return True


def giving(town, **changes):
    """A consent for the professional on its way."""
    return held(town.cast.owner.session, lambda: story.grant(town.cast, **changes), "/consents")


def ending(town, shown, *, with_key=True):
    """The end of a consent on its way."""
    return held(town.cast.owner.session, lambda: sharing.withdraw(town.cast.owner, shown, with_key=with_key))


def events_of(town, schema):
    """The events of the dossier of one schema, as the owner sees them."""
    found, after = [], 0
    while page := town.cast.owner.session.get(
        f"/v1/dossiers/{town.ids['dossier']}/events", {"after": after, "size": 100}
    )["events"]:
        after = page[-1]["seq"]
        opened = ({each["name"]: each["value"] for each in one["openings"] if "value" in each} for one in page)
        found += [each for each in opened if each["schema"] == schema]
    return found


def test_one_consent_ended_many_times(town):
    """Eight withdrawals at once, signed or not, all say that it is over; it ended once, and stays so (P7)."""
    story.grant(town.cast)
    (shown,) = story.standing(town.cast)
    signed, plain = ending(town, shown), ending(town, shown, with_key=False)
    answers = race(town, *(anew(each) for each in (signed, plain) * 4))
    assert codes(answers) == {(200, ""): 8}
    assert {each.json()["state"] for each in answers} == {"withdrawn"}
    listed = {each.consent.id: each for each in consents(town.cast.owner.session, town.cast.dossier)}
    assert listed[shown.consent.id].ended_at == min(each.json()["promise"]["seq"] for each in answers)
    assert not reads(town)


def test_a_withdrawal_against_what_replaces_the_consent(town):
    """Either the consent ends and nothing replaces it, or it was replaced before: never both, and the answer says which."""
    seen = set()
    for _ in range(6):
        story.grant(town.cast)
        (shown,) = story.standing(town.cast)
        end, new = ending(town, shown), giving(town, replaces=shown.consent.id)
        ended, given = race(town, end, new)
        assert ended.status_code == 200
        assert (given.status_code, "" if given.ok else given.json()["code"]) in {(201, ""), (409, "stale-position")}
        assert reads(town) == given.ok
        # Whoever ended it is not told that nothing is read any more where something else stands.
        assert ("no new reading" in ended.json()["remains"]) != given.ok
        seen.add(given.status_code)
        nothing = [sharing.withdraw(town.cast.owner, each) for each in story.standing(town.cast)]
        assert len(nothing) == given.ok
    assert seen


def test_one_request_sent_many_times(town):
    """Six at once under one key are one act with one answer: a consent, its end, a case, a request, a delivery (N72, P10)."""
    cast = town.cast
    give = giving(town)
    work = CaseClient(cast.reader.session, cast.reader.identity, ROLE)
    chain = cast.owner.hold(cast.dossier).chain
    record = Record("debts", "ordinary", "decision", "personal", "Eenmaal")
    contents = [Content("brief.txt", "text/plain", b"eenmaal")]
    acts = [
        give,
        held(cast.reader.session, lambda: work.open("debt-help", [cast.bsn])),
        held(cast.agency.session, lambda: cast.agency.deliver(cast.bsn, record, contents), "/items"),
    ]
    for act in acts:
        answers = race(town, *([act] * 6))
        assert codes(answers) == {(201, ""): 6}
        assert len({each.content for each in answers}) == 1
    (shown,) = story.standing(cast)
    wish = Wish("debt-help", cast.owner.session.now() + 3_600, sections=["income"])
    asks = held(cast.reader.session, lambda: work.ask(chain, wish), "/access-requests")
    ends = ending(town, shown)
    for act, status in ((asks, 201), (ends, 200)):
        answers = race(town, *([act] * 6))
        assert codes(answers) == {(status, ""): 6}
        assert len({each.content for each in answers}) == 1
    owner = cast.owner.session
    assert len([each for each in cast.owner.items(cast.owner.hold(cast.dossier)) if each.title == "Eenmaal"]) == 1
    asked = owner.get("/v1/access-requests")["requests"]
    assert len([each for each in asked if each["request"] == answers[0].json().get("request", "")]) <= 1


def test_one_reading_asked_for_many_times(town):
    """Six at once under one nonce are one reading with one event; another body under it is refused (P3, N72)."""
    cast = town.cast
    story.grant(cast)
    ask = held(cast.reader.session, lambda: request_reading(cast.reader.session, cast.noor, cast.item, ASKED))
    before = len(events_of(town, "decision/v1"))
    answers = race(town, *([replace(ask, key=nonce_of(ask))] * 6))
    assert codes(answers) == {(201, ""): 6}
    assert len({(each.json()["reading"], each.json()["promise"]["event"]) for each in answers}) == 1
    assert len(events_of(town, "decision/v1")) == before + 1


def nonce_of(sent):
    """The nonce of a reading request, which is its key."""
    return parse_statement(decode_base64(sent.body["request"])).payload["nonce"]


def test_answers_that_contradict_each_other(town):
    """Grant and refusal of one request at once: one of them counts, and only a grant opens anything (P6)."""
    cast = town.cast
    session = cast.owner.session
    shown = session.get("/v1/professionals", {"name": "noor"})["professionals"]
    asker = check_professional(shown[0], cast.register(), Pins(), session.now())
    work = CaseClient(cast.reader.session, cast.reader.identity, ROLE)
    story.grant(cast)  # so that the professional may know of the dossier
    for _ in range(3):
        chain = cast.owner.hold(cast.dossier).chain
        wish = Wish("debt-help", session.now() + 3_600, sections=["income"])
        name = work.ask(chain, wish)
        (request,) = [each for each in answering.requests(cast.owner, cast.dossier) if each.id.hex() == name]
        grant = partial(answering.grant_request, cast.owner, request, asker, story.CATALOGUE, "tekst")
        grants = [held(session, grant, "/answer") for _ in range(2)]
        refusal = held(session, partial(answering.refuse, cast.owner, request, asker), "/answer")
        answers = race(town, *grants, refusal, anew(refusal))
        done = [each for each in answers if each.ok]
        assert len(done) == 1
        others = codes(each for each in answers if not each.ok)
        assert set(others) <= {(409, "already-answered"), (409, "stale-position")}
        (now,) = [each for each in answering.requests(cast.owner, cast.dossier) if each.id.hex() == name]
        assert now.state == done[0].json()["state"]
        opened = [each for each in story.standing(cast) if each.consent.scope.sections == {"income"}]
        assert len(opened) == len(done[0].json()["consents"])
        for each in opened:
            sharing.withdraw(cast.owner, each)


def test_a_closure_against_an_acceptance(town):
    """However they meet: a closed case is closed, and who accepted in time is told so; nothing is half done."""
    cast = town.cast
    for _ in range(4):
        work = CaseClient(cast.reader.session, cast.reader.identity, ROLE)
        case = work.open("debt-help", [cast.bsn])
        view = CaseClient(cast.owner.session, cast.owner.identity).show(case)
        until = cast.owner.session.now() + 3_600
        accepting = held(cast.owner.session, partial(accept, cast.owner, view, cast.dossier, until), "/acceptances")
        closing = held(cast.reader.session, partial(work.close, case), "/closure")
        accepted, closed, again = race(town, accepting, closing, anew(closing))
        assert codes([closed, again]) == {(201, ""): 1, (409, "case-closed"): 1}
        assert codes([accepted]) in ({(201, ""): 1}, {(409, "case-closed"): 1})
        shown = cast.owner.session.get(f"/v1/cases/{case.hex()}")
        assert shown["closedAt"]
        assert shown["relation"] == ("owner" if accepted.ok else "invited")


def test_rotations_and_a_consent(town):
    """Two new epochs and a consent at once: at most one epoch, which leaves out nobody who may read, and the consent (P6)."""
    cast = town.cast
    story.grant(cast)
    for each in story.standing(cast):
        sharing.withdraw(cast.owner, each)
    session = cast.owner.session
    people = People(session, cast.register(), Pins())
    runs = [Run(cast.owner, cast.dossier, people, lambda _: None) for _ in range(2)]
    rotations = [held(session, lambda run=run: run.rotate_section("debts", "ordinary"), "/rotations") for run in runs]
    answers = race(town, *rotations, giving(town))
    # Where the consent came first, a new epoch that serves nobody by it is of a dossier as it was.
    rotated = codes(answers[:2])
    assert rotated in ({(201, ""): 1, (409, "retired-epoch"): 1}, {(409, "left-out"): 2})
    assert codes([answers[2]]) == {(201, ""): 1}
    assert reads(town) == answers[2].ok


def test_a_rotation_that_a_consent_overtakes(town):
    """A consent given between the look and the new epoch: the client looks again, and who may read now is served (P6)."""
    cast = town.cast
    story.grant(cast)
    for each in story.standing(cast):
        sharing.withdraw(cast.owner, each)
    told = []

    def tell(step):
        if step.startswith("a new key") and not told:
            story.grant(cast)
        told.append(step)

    people = People(cast.owner.session, cast.register(), Pins())
    done = rotate(cast.owner, cast.dossier, people, tell=tell)
    assert told[0] == told[1]
    assert len(done.sections) == len({(section, lane) for section, lane, _epoch in done.sections})
    assert done.skipped == set()
    assert not done.left
    assert reads(town)


def test_a_reading_is_stopped_once(town):
    """Six ranges asked for at once after the withdrawal: none is sent, and one event says that the reading stopped (P4)."""
    cast = town.cast
    item = story.deliver(cast, bytes(200_000), "Groot")
    story.grant(cast)
    _request, read = request_reading(cast.reader.session, cast.noor, item, ASKED)
    (shown,) = story.standing(cast)
    sharing.withdraw(cast.owner, shown)
    headers = {"authorization": f"Bearer {cast.reader.session._bearer.access}"}
    url = f"{town.origin}/v1/readings/{read['reading']}/parts/0"
    with ThreadPoolExecutor(6) as workers:
        answers = list(workers.map(lambda _: requests.get(url, headers=headers, timeout=20), range(6)))
    assert {each.status_code for each in answers} == {410}
    stops = [each for each in events_of(town, "stopped/v1") if each["event"] == read["reading"]]
    assert len(stops) == 1
