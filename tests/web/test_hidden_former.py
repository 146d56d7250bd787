"""Who was in a dossier once and is no longer finds what a stranger finds: nothing, at the same cost (N54, P7).

A professional whose consent was withdrawn and whose part in the case ended, a representative who was dismissed, and the
system of an agency whose admission ended. What they had themselves (their own reading) they may still ask about.
"""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from dossier.client import listed, sharing
from dossier.client.agency import Agency
from dossier.client.cases import Capacity, CaseClient
from dossier.client.delivering import Content, Record
from dossier.client.governing import NewHolder, appoint, dismiss
from dossier.client.groups import as_recipient
from dossier.client.parties import Pins, check_professional
from dossier.client.reading import Asked, request_reading
from tests.scenarios import story
from tests.web.test_hidden import WORKERS, absent_like, reading, shown, withdrawal
from tests.web.test_hidden_work import cases, code_of, differs, watching

FORMER = ["citizen", "professional", "system"]
ROLE = "housing-consultant"


@pytest.fixture(scope="module")
def watched(database_urls, tmp_path_factory):
    with watching(database_urls, tmp_path_factory.mktemp("served")) as found:
        let_in_and_out(found.town)
        yield found


def let_in_and_out(town):
    """Each of the three is let in, does what they may, and goes again."""
    cast = town.cast
    represented(town)
    delivered(town)
    owner, session = cast.owner, town.sessions["professional"]
    found = owner.session.get("/v1/professionals", {"name": "marieke"})["professionals"]
    worker = as_recipient(check_professional(found[0], cast.register(), Pins(), owner.session.now()))
    terms = sharing.Terms(sections=["debts"], purpose="debt-help", end=owner.session.now() + 3_600)
    _consent, given = sharing.grant(owner, cast.dossier, worker, terms, story.CATALOGUE, "Mag Marieke?")
    asked = Asked(purpose="debt-help", reason="intake", role=ROLE)
    _request, read = request_reading(session, town.identities["professional"], cast.item, asked)
    case = bytes.fromhex(town.ids["case"])
    coordinator = CaseClient(cast.reader.session, cast.reader.identity, "debt-counsellor")
    who = Capacity(worker.id, town.other, ROLE)
    coordinator.add(case, who, "debt-help", owner.session.now() + 3_600)
    inside = CaseClient(session, town.identities["professional"], ROLE)
    assert inside.show(case).case == case
    coordinator.end(case, worker.id)
    (ended,) = [each for each in listed.consents(owner.session, cast.dossier) if each.consent.id == given["consent"]]
    sharing.withdraw(owner, ended)
    town.had = {"consent": given["consent"], "reading": read["reading"], "hash": given["statement"]}


def represented(town):
    cast, person = town.cast, town.identities["citizen"].person
    appoint(cast.owner, cast.dossier, NewHolder(person, "legal-representative"))
    assert town.sessions["citizen"].get(f"/v1/dossiers/{cast.dossier.hex()}")
    dismiss(cast.owner, cast.dossier, person)


def delivered(town):
    cast, (system, signing) = town.cast, town.system
    admission = cast.owner.admit(cast.dossier, town.other)
    agency = Agency(town.sessions["system"], town.other, system, signing, cast.agency.directory_key)
    record = Record("debts", "ordinary", "decision", "personal", "Van Vlonder")
    agency.deliver(cast.bsn, record, [Content("brief.txt", "text/plain", b"Van Vlonder")])
    path = f"/v1/admissions/{admission}/end"
    cast.owner.session.step_up()
    cast.owner.session.post(path, {"dossier": cast.dossier.hex()})


@pytest.mark.parametrize("user", FORMER)
def test_former_ones_find_what_strangers_find(watched, user):
    """For every route with an id: what they once had to do with looks and costs as what was never there (N54, N56)."""
    asked = [each for each in cases(watched.town) if (user, each[0]) != ("system", "listItems")]
    with ThreadPoolExecutor(WORKERS) as workers:
        found = list(workers.map(lambda case: differs(watched, user, case), asked))
    assert [each for each in found if each is not None] == []
    assert len({operation for operation, *_ in asked}) > 30


def test_a_former_source_lists_its_own(watched):
    """A source that is admitted no more still sees what it delivered, and nothing of what others did."""
    town = watched.town
    url = f"{town.origin}/v1/dossiers/{town.ids['dossier']}/items"
    answer = requests.get(url, headers=town.headers["system"], timeout=20)
    assert {each["source"] for each in answer.json()["items"]} == {town.other.hex()}


@pytest.mark.parametrize("user", FORMER)
def test_signed_acts_of_former_ones(watched, user):
    """A well-signed reading by a former one is answered, and costs, as of an item that nobody has (N54, N56)."""
    town, done = watched.town, []
    for item in (town.ids["item"], absent_like(town.ids["item"])):
        for _ in range(2):
            body, headers = reading(town, user, item)
            last = watched.work("POST", f"{town.origin}/v1/items/{item}/readings", json=body, headers=headers)
        done.append(last)
    assert done[0] == done[1]
    assert code_of(done[0][0]) == (404, "not-found")


@pytest.mark.parametrize("user", ["citizen", "system"])
def test_others_consents_stay_hidden_from_former_ones(watched, user):
    """Who once held the dossier or delivered to it ends nobody's consent, and finds none to end (N54, N62)."""
    town, done = watched.town, []
    for consent in (town.had["consent"], town.ids["consent"], absent_like(town.ids["consent"])):
        headers = town.headers[user] | {"idempotency-key": secrets.token_hex(16)}
        body = withdrawal(town, user, consent)
        url = f"{town.origin}/v1/consents/{consent}/withdrawal"
        done.append(shown(requests.post(url, json=body, headers=headers, timeout=20)))
    assert done[0] == done[1] == done[2]
    assert code_of(done[0]) == (404, "not-found")


def test_what_one_had_oneself_says_that_it_is_over(watched):
    """A former reader may ask after their own reading and end their own consent again; neither gives anything (P7)."""
    town, headers = watched.town, watched.town.headers["professional"]

    def ask(method, path, **more):
        keyed = headers | {"idempotency-key": secrets.token_hex(16)}
        return requests.request(method, f"{town.origin}/v1{path}", headers=keyed, timeout=20, **more)

    state = ask("GET", f"/readings/{town.had['reading']}")
    assert (state.status_code, state.json()["item"]) == (200, town.ids["item"])
    part = ask("GET", f"/readings/{town.had['reading']}/parts/0")
    assert (part.status_code, part.json()["code"]) == (410, "reading-stopped")
    fields = {"consent": town.had["consent"], "consentHash": town.had["hash"]}
    again = ask("POST", f"/consents/{town.had['consent']}/withdrawal", json=withdrawal(town, "professional", **fields))
    assert (again.status_code, again.json()["state"]) == (200, "withdrawn")
    for path in (f"/consents/{town.had['consent']}/capsules", f"/dossiers/{town.ids['dossier']}/consents"):
        assert ask("GET", path).status_code == 404


def test_a_reading_kept_from_then_is_not_given_again(watched):
    """The very request that was permitted, sent again under its nonce, is over, and says so by its event (N56)."""
    town = watched.town
    path = f"/v1/items/{town.ids['item']}/readings"
    sent = [each for each in town.exchanges if each.path == path and each.response.status_code == 201]
    mine = next(each for each in sent if each.response.json()["reading"] == town.had["reading"])
    headers = town.headers["professional"] | {"idempotency-key": mine.key, "content-type": "application/json"}
    again = requests.post(f"{town.origin}{path}", data=mine.request, headers=headers, timeout=20)
    assert (again.status_code, again.json()["code"]) == (409, "reading-ended")
    # Under another's session the nonce is nobody's: nothing is there.
    for user in ("citizen", "system", "administrator"):
        other = requests.post(
            f"{town.origin}{path}", data=mine.request, headers=headers | town.headers[user], timeout=20
        )
        assert (other.status_code, other.json()["code"]) == (403, "wrong-signer")
