"""Existence stays hidden: what is another's and what is not there give the same answer, byte for byte (N54, P6)."""

from __future__ import annotations

import json
import secrets
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from crypto.encoding import decode_base64, encode_base64
from crypto.keys import SealingKey, SigningKey
from crypto.statements import sign
from dossier.client.assertion import new_sign_in_key
from dossier.client.enrolment import enrol
from dossier.client.organisation import add_member, add_system, attest, enter_organisation
from dossier.client.owner import Owner
from tests.scenarios import story
from tests.web.serving import world
from web.demo.founding import register_signers
from web.description import FILE
from web.description.examples import example

KEPT = json.loads(FILE.read_bytes())
OUTSIDERS = ("nobody", "citizen", "professional", "system", "administrator", "auditor")
OPEN = {
    "showOrganisation": "the register is public",
    "listSystems": "the register is public",
    "listAttestations": "whom an organisation vouches for is for everybody signed in",
    "showKeys": "keys are verified by whoever knows the person's id",
    "showProof": "a proof says nothing of the event to whoever knows its id",
}
"""Operations that show a thing to everybody who knows its id."""

WORKERS = 6
VARYING = {"date", "request-id", "connection"}
"""What belongs to one answer or to the connection, which the server closes when it left a body unread."""


@pytest.fixture(scope="module")
def town(database_urls, tmp_path_factory):
    with world(database_urls, tmp_path_factory.mktemp("served")) as settled:
        settle(settled)
        yield settled


def settle(town):
    """People who have nothing to do with the story's dossier: a citizen, and an agency with its people and system."""
    cast = town.cast
    signers = register_signers(cast.settings.data_dir)
    citizen = cast.session("yusuf-kaya")
    identity = enrol(citizen).identity
    made = Owner(citizen, identity, cast.register()).create("private", ["debts"])
    key, signing, sign_in = SigningKey.generate(), SigningKey.generate(), new_sign_in_key("v-1")
    with cast.session("registrar") as registrar:
        other = enter_organisation(registrar, "Vlonder", key, signers, administrator=("koen-dijkstra", "Koen Dijkstra"))
    clerk, worker, machine = cast.session("koen-dijkstra"), None, cast.session()
    person = add_member(clerk, other, "marieke-bos", "Marieke Bos", ["housing-consultant"])
    worker = cast.session("marieke-bos")
    working = enrol(worker).identity
    attest(clerk, other, key, person, ["housing-consultant"])
    system = add_system(clerk, other, key, "Koppeling", signing, SealingKey.generate(), sign_in)
    machine.sign_in_system(system.hex(), sign_in)
    sessions = {"citizen": citizen, "professional": worker, "system": machine, "administrator": clerk}
    town.headers |= {name: {"authorization": f"Bearer {each._bearer.access}"} for name, each in sessions.items()}
    town.signers = {
        "citizen": (identity.person, b"", "", identity.signing),
        "professional": (working.person, working.organisation, "housing-consultant", working.signing),
        "system": (system, other, "", signing),
    }
    town.own = {"citizen": made.dossier}
    town.sessions, town.other = sessions, other
    town.identities = {"citizen": identity, "professional": working}
    town.system = (system, signing)


def operations():
    for path, item in KEPT["paths"].items():
        for method, operation in item.items():
            if method != "servers" and "{" in path and not path.startswith("/log/"):
                yield method.upper(), path, operation


def bodies(town, method, path, operation):
    """What to send: nothing, the example, and what a real client sent there."""
    media = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if media is None:
        return [None]
    root = media["schema"]["$ref"].rpartition("/")[2]
    sent = [{}, example(KEPT["components"]["schemas"][root], KEPT["components"]["schemas"])]
    start, _, end = f"/v1{path}".partition("{")
    end = end.partition("}")[2]
    for exchange in town.exchanges:
        if (
            exchange.method == method
            and exchange.path.startswith(start)
            and exchange.path.endswith(end)
            and exchange.request
        ):
            return [*sent, json.loads(exchange.request)]
    return sent


def places(town, path):
    """The path with ids of what is another's, and with ids of nothing."""
    names = [piece.partition("}")[0] for piece in path.split("{")[1:]]
    real = {name: town.ids.get(name, "0") for name in names}
    free = {name: absent_like(value) if len(value) > 1 else value for name, value in real.items()}
    return [f"{town.origin}/v1{path.format(**ids)}" for ids in (real, free)]


def shown(answer):
    headers = {k: v for k, v in answer.headers.items() if k.lower() not in VARYING}
    # A problem as a page names the request.
    return answer.status_code, headers, answer.content.replace(answer.headers["request-id"].encode(), b"")


def absent_like(identifier):
    """An id in the same bucket that nobody has."""
    return identifier[:4] + secrets.token_hex(14)


@pytest.mark.parametrize("user", OUTSIDERS)
def test_absent_and_another_s_look_alike(town, user):
    """For every route with an id, in any body: another's id and an id of nothing give the same answer."""
    compared, differing = set(), []
    with requests.Session() as session:
        session.headers.update(town.headers[user])
        for method, path, operation in operations():
            if operation["operationId"] in OPEN:
                continue
            names = [each["name"] for each in operation["parameters"] if each.get("in") == "path"]
            real = {name: town.ids.get(name, "0") for name in names}
            free = {name: absent_like(value) if len(value) > 1 else value for name, value in real.items()}
            for body in bodies(town, method, path, operation):
                headers = {"idempotency-key": secrets.token_hex(16), "upload-offset": "0"}
                if path.startswith("/uploads"):
                    headers["content-type"] = "application/octet-stream"
                answers = [
                    session.request(
                        method, f"{town.origin}/v1{path.format(**ids)}", json=body, headers=headers, timeout=20
                    )
                    for ids in (real, free)
                ]
                if answers[1].status_code == 400 and answers[1].json()["code"] == "wrong-dossier":
                    continue  # the sender's own statement names another dossier than the path: that tells nothing
                if shown(answers[0]) != shown(answers[1]) or answers[0].status_code not in {400, 401, 403, 404}:
                    differing.append(
                        (method, path, str(body)[:60], *(f"{a.status_code} {a.text[:200]}" for a in answers))
                    )
            compared.add(operation["operationId"])
    assert differing == []
    assert len(compared) > 30
    assert "showDossier" in compared


def reading(town, user, item):
    """The body and the headers of a well-signed request to read an item."""
    person, organisation, role, key = town.signers[user]
    nonce = secrets.token_hex(16)
    payload = {
        "item": item,
        "version": 1,
        "action": "read",
        "purpose": "debt-help",
        "case": "",
        "reason": "intake",
        "nonce": nonce,
        "signer": person.hex(),
        "organisation": organisation.hex(),
        "role": role,
        "issuedAt": story.Session(town.origin).now(),
    }
    body = {"request": encode_base64(sign("reading-request", payload, key).envelope)}
    return body, town.headers[user] | {"idempotency-key": nonce}


@pytest.mark.parametrize("user", ["citizen", "professional", "system"])
def test_a_signed_reading_of_what_is_hidden(town, user):
    """A well-signed request to read another's item is answered like one for an item that nobody has."""
    answers = []
    for item in (town.ids["item"], absent_like(town.ids["item"])):
        body, headers = reading(town, user, item)
        answers.append(requests.post(f"{town.origin}/v1/items/{item}/readings", json=body, headers=headers, timeout=20))
    assert shown(answers[0]) == shown(answers[1])
    assert answers[0].json()["code"] == "not-found"


VARIED = {
    "no key": {"idempotency-key": None},
    "no such key": {"idempotency-key": "nonsense"},
    "another media type": {"content-type": "text/plain"},
    "no offset": {"upload-offset": None},
    "no such offset": {"upload-offset": "-1"},
    "no such range": {"range": "bytes=9-1"},
    "beyond the end": {"range": "bytes=999999999-"},
    "codes that are none": {"dossier-purpose": "Geen code", "dossier-case": "00", "dossier-role": "-"},
    "another language": {"accept-language": "nl", "accept": "text/html"},
    "conditional": {"if-none-match": "*", "if-modified-since": "Thu, 01 Jan 1970 00:00:00 GMT"},
}
"""Headers that are wrong or ask for something else: what is refused for them must not depend on what is there."""

OTHERS = ("HEAD", "OPTIONS", "PUT", "DELETE", "PATCH")
QUERIES = ("size=0", "after=nonsense", "section=Geen", "unknown=1", "size=1&size=2")


def compare(town, user, case):
    """Ask for what is another's and for what is not there; None if the answers are the same."""
    method, path, body, headers, query = case
    sent = {"idempotency-key": secrets.token_hex(16), "upload-offset": "0", **town.headers[user], **headers}
    answers = [
        requests.request(method, url, params=query, json=body, headers=sent, timeout=20) for url in places(town, path)
    ]
    if shown(answers[0]) == shown(answers[1]) or b"wrong-dossier" in answers[1].content:
        return None
    return method, path, headers, query, *(f"{a.status_code} {a.text[:150]}" for a in answers)


def told(town, user, asked):
    """Those of many cases in which the answers differ."""
    with ThreadPoolExecutor(WORKERS) as workers:
        return [each for each in workers.map(lambda case: compare(town, user, case), asked) if each is not None]


@pytest.mark.parametrize("user", ["professional", "system"])
def test_wrong_headers_and_queries_tell_nothing(town, user):
    """Whatever is wrong with a request beside its id, what is another's and what is not there are refused alike (N54)."""
    asked = []
    for method, path, operation in operations():
        if operation["operationId"] not in OPEN:
            body = bodies(town, method, path, operation)[-1]
            asked += [(method, path, body, headers, "") for headers in VARIED.values()]
            asked += [(method, path, body, {}, query) for query in QUERIES if method == "GET"]
    assert len(asked) > 400
    assert told(town, user, asked) == []


@pytest.mark.parametrize("user", ["citizen", "professional", "system", "auditor"])
def test_other_methods_tell_nothing(town, user):
    """HEAD, OPTIONS, PUT and DELETE on every path: the same for what is another's and for what is not there (N54)."""
    paths = {path for _method, path, operation in operations() if operation["operationId"] not in OPEN}
    asked = [(method, path, None, {}, "") for path in sorted(paths) for method in OTHERS]
    assert len(asked) > 100
    assert told(town, user, asked) == []


@pytest.mark.parametrize("user", OUTSIDERS)
def test_another_s_idempotency_key_is_nothing(town, user):
    """Sent again by somebody else, body and key alike, no act is answered with what its own sender was told (N72, N54)."""
    own, answered, tried = town.headers[user].get("authorization", ""), [], 0
    done = [each for each in town.exchanges if each.method == "POST" and each.key and each.response.is_success]
    for each in done:
        if each.bearer == own or not each.path.startswith("/v1/"):
            continue
        headers = town.headers[user] | {"idempotency-key": each.key, "content-type": "application/json"}
        answer = requests.post(f"{town.origin}{each.path}", data=each.request, headers=headers, timeout=20)
        tried += 1
        if answer.status_code < 400 or answer.content == each.response.content:
            answered.append((each.path, answer.status_code, answer.text[:150]))
    assert answered == []
    assert tried > 10


def test_one_s_own_key_stays_one_s_own(town):
    """After all others tried the same keys, who used them first is given the very answers of then (N72, P10)."""
    kept = ("/consents", "/statements", "/cases", "/access-requests")
    own = {town.headers[user].get("authorization", "") for user in ("professional", "system")}
    done = [
        each
        for each in town.exchanges
        if each.method == "POST" and each.key and each.response.is_success and each.path.endswith(kept)
    ]
    assert len(done) > 3
    for each in done:
        assert each.bearer not in own
        headers = {"authorization": each.bearer, "idempotency-key": each.key, "content-type": "application/json"}
        again = requests.post(f"{town.origin}{each.path}", data=each.request, headers=headers, timeout=20)
        assert (again.status_code, again.content) == (each.response.status_code, each.response.content)


def test_broken_envelopes_tell_nothing(town):
    """However a signature or what it covers is broken, the refusal is one, byte for byte: no oracle (N52)."""
    item, answers = town.ids["item"], set()
    with requests.Session() as session:
        for at in range(100):
            body, headers = reading(town, "citizen", item)
            envelope = bytearray(decode_base64(body["request"]))
            # The last of an envelope is the signature, in base64: one letter of it becomes another.
            place = len(envelope) - 10 - at % 80
            envelope[place] = ord("A") if envelope[place] != ord("A") else ord("B")
            sent = {"request": encode_base64(bytes(envelope))}
            answer = session.post(f"{town.origin}/v1/items/{item}/readings", json=sent, headers=headers, timeout=20)
            answers.add((answer.status_code, answer.text))
    assert len(answers) == 1
    ((status, text),) = answers
    assert (status, json.loads(text)["code"]) == (403, "wrong-signer")


@pytest.mark.parametrize("user", ["citizen", "professional", "administrator", "system", "auditor"])
def test_ids_beside_the_path(town, user):
    """An id in a body or a query hides as one in a path does: holders, admissions, requests, lists with a purpose."""
    key = {"idempotency-key": secrets.token_hex(16)}
    headers = town.headers[user]

    def ask(dossier, where, body=None, query=None, extra=None):
        url = f"{town.origin}/v1{where}"
        if body is None:
            return requests.get(url, params=query, headers=headers | (extra or {}), timeout=20)
        return requests.post(url, json=body, headers=headers | key, timeout=20)

    looking = {"dossier-purpose": "debt-help", "dossier-reason": "intake"}
    for make in (
        lambda dossier: ask(dossier, f"/authorities/{town.ids['person']}/end", {"dossier": dossier}),
        lambda dossier: ask(dossier, f"/admissions/{town.ids['admission']}/end", {"dossier": dossier}),
        lambda dossier: ask(dossier, "/access-requests", query={"dossier": dossier}),
        lambda dossier: ask(dossier, f"/dossiers/{dossier}/items", extra=looking),
        lambda dossier: ask(dossier, f"/dossiers/{dossier}/items", extra=looking | {"dossier-case": town.ids["case"]}),
    ):
        real, free = make(town.ids["dossier"]), make(absent_like(town.ids["dossier"]))
        assert shown(real) == shown(free)
        assert real.status_code in {400, 403, 404}


def test_addresses_hide_who_has_a_dossier(town):
    """A system that is not admitted is told the same of a citizen with a dossier and of one without (N54)."""
    answers = [
        requests.post(
            f"{town.origin}/v1/dossier-addresses",
            json={"identifier": identifier},
            headers=town.headers["system"],
            timeout=20,
        )
        for identifier in (town.cast.bsn, "bsn:999990792")
    ]
    assert shown(answers[0]) == shown(answers[1])
    assert answers[0].status_code == 404


def withdrawal(town, user, consent="", **changes):
    """A well-formed withdrawal, signed by an outsider with a key of their own."""
    person, organisation, _role, key = town.signers[user]
    fields = {
        "consent": consent,
        "consentHash": "ab" * 32,
        "dossier": town.ids["dossier"],
        "reason": "withdrawn",
        "capacity": "grantee" if organisation else "owner",
        "signer": person.hex(),
        "issuedAt": story.Session(town.origin).now(),
    } | changes
    return {"statement": encode_base64(sign("withdrawal", fields, key).envelope)}


@pytest.mark.parametrize("user", ["citizen", "professional", "system"])
def test_a_signed_withdrawal_of_what_is_hidden(town, user):
    """A well-formed withdrawal by somebody who may not know of the consent is answered as if there were none (P7)."""
    answers = [
        requests.post(
            f"{town.origin}/v1/consents/{consent}/withdrawal",
            json=withdrawal(town, user, consent),
            headers=town.headers[user] | {"idempotency-key": secrets.token_hex(16)},
            timeout=20,
        )
        for consent in (town.ids["consent"], absent_like(town.ids["consent"]))
    ]
    assert shown(answers[0]) == shown(answers[1])
    assert answers[0].json()["code"] == "not-found"


def test_answers_to_requests_hide_them(town):
    """A malformed answer to another's access request is refused like one to a request that nobody made."""
    answers = [
        requests.post(
            f"{town.origin}/v1/access-requests/{request}/answer",
            json={"statement": "eyJ9"},
            headers=town.headers["professional"] | {"idempotency-key": secrets.token_hex(16)},
            timeout=20,
        )
        for request in (town.ids["request_id"], absent_like(town.ids["request_id"]))
    ]
    assert shown(answers[0]) == shown(answers[1])
