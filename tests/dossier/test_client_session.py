"""The client's session: repeats under one key, renewals, problems as errors."""

from __future__ import annotations

import json

import pytest

from dossier.client.assertion import new_sign_in_key
from dossier.client.carrier import Answer, Carrier
from dossier.client.errors import RefusedError, SignInError, UnreachableError
from dossier.client.flow import read_form
from dossier.client.session import TRIES, Session

SERVER = "http://localhost:1"


class Service(Carrier):
    """A token endpoint, and an answer to everything else that each test chooses."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []
        self.tokens = self.busy = 0

    def close(self):
        self.closed = True

    def send(self, request):
        if request.path == "/oauth/token" and self.busy:
            self.busy -= 1
            return answer(503, code="unavailable")
        if request.path == "/oauth/token":
            self.tokens += 1
            return answer(200, access_token=f"t{self.tokens}", token_type="Bearer", expires_in=300)
        if request.path.startswith("/.well-known"):
            return answer(200, issuer=SERVER)
        self.asked.append(request)
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(found, Exception):
            raise found
        return found


def answer(status, **body):
    return Answer(status, (("content-type", "application/json"),), json.dumps(body).encode())


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr("dossier.client.session.time.sleep", lambda _seconds: None)


def signed_in(service, clock):
    opened = Session(SERVER, transport=service, clock=lambda: clock[0])
    opened.sign_in_system("ab" * 16, new_sign_in_key("k1"))
    return opened


def test_a_lost_answer_is_asked_again_under_the_same_key():
    """After a broken connection or a 503 the act is sent again with one and the same idempotency key (P10)."""
    service = Service(UnreachableError("gone"), answer(503, code="unavailable"), answer(201, id="x"))
    with signed_in(service, [0.0]) as opened:
        assert opened.post("/v1/things", {"a": 1}) == {"id": "x"}
    assert len(service.asked) == 3
    assert len({request.headers["idempotency-key"] for request in service.asked}) == 1
    assert {request.content for request in service.asked} == {service.asked[0].content}


def test_an_unknown_outcome_is_said_to_be_unknown():
    """When the service stays away nothing is guessed (P10)."""
    service = Service(UnreachableError("away"))
    with signed_in(service, [0.0]) as opened, pytest.raises(UnreachableError):
        opened.post("/v1/things", {})
    assert len(service.asked) == TRIES


def test_a_busy_service_is_asked_again_to_sign_in():
    """A 503 at sign-in is no refusal: it begins anew, and gives up after a few times."""
    service = Service(answer(200))
    service.busy = TRIES - 1
    with signed_in(service, [0.0]):
        assert (service.busy, service.tokens) == (0, 1)
    service.busy = TRIES
    with pytest.raises(UnreachableError):
        signed_in(service, [0.0])


def test_two_acts_have_two_keys():
    """Each act is one of its own."""
    service = Service(answer(201))
    with signed_in(service, [0.0]) as opened:
        opened.post("/v1/things", {})
        opened.post("/v1/things", {})
        opened.post("/v1/things", {}, key="ab" * 16)
    keys = [request.headers["idempotency-key"] for request in service.asked]
    assert len(set(keys)) == 3
    assert keys[2] == "ab" * 16


def test_a_problem_becomes_an_error():
    """Status, code and detail of a problem document reach the caller; nothing is tried again."""
    service = Service(answer(403, code="step-up-required", detail="sign in again to do this"))
    with signed_in(service, [0.0]) as opened, pytest.raises(RefusedError) as caught:
        opened.post("/v1/things", {})
    assert (caught.value.status, caught.value.code) == (403, "step-up-required")
    assert str(caught.value) == "sign in again to do this"
    assert len(service.asked) == 1


def test_a_refusal_without_document_is_one_too():
    """An answer that is no problem document keeps its status."""
    service = Service(Answer(502, content=b"<html>"))
    with signed_in(service, [0.0]) as opened, pytest.raises(RefusedError) as caught:
        opened.get("/v1/things")
    assert (caught.value.status, caught.value.code) == (502, "502")


def test_tokens_renew_before_their_end():
    """A token is used until shortly before its end, then another is fetched."""
    service, clock = Service(answer(200)), [0.0]
    with signed_in(service, clock) as opened:
        opened.get("/v1/things")
        clock[0] = 269
        opened.get("/v1/things")
        clock[0] = 271
        opened.get("/v1/things")
    used = [request.headers["authorization"] for request in service.asked]
    assert used == ["Bearer t1", "Bearer t1", "Bearer t2"]


def test_an_ended_token_is_replaced_once():
    """A 401 leads to one fresh sign-in, not to a loop."""
    service = Service(answer(401, code="unauthenticated"), answer(200, ok=True))
    with signed_in(service, [0.0]) as opened:
        assert opened.get("/v1/things") == {"ok": True}
    assert [request.headers["authorization"] for request in service.asked] == ["Bearer t1", "Bearer t2"]
    service = Service(answer(401, code="unauthenticated"))
    with signed_in(service, [0.0]) as opened, pytest.raises(RefusedError):
        opened.get("/v1/things")
    assert len(service.asked) == 2


def test_step_up_signs_in_again_when_needed():
    """A fresh sign-in is left alone, an old one is done again; nobody signed in is an error."""
    service, clock = Service(answer(200)), [0.0]
    with signed_in(service, clock) as opened:
        opened.step_up()
        assert service.tokens == 1
        clock[0] = 241
        opened.step_up()
        assert service.tokens == 2
    with Session(SERVER, transport=service) as nobody, pytest.raises(SignInError):
        nobody.step_up()


def test_a_page_without_form_is_no_sign_in():
    """The provider's page must hold a form; hidden fields are taken over, others are not."""
    form = read_form('<form action="go"><input type="hidden" name="a" value="1&amp;2"><input name="secret"></form>')
    assert (form.action, form.fields) == ("go", {"a": "1&2"})
    with pytest.raises(SignInError):
        read_form("<p>nothing</p>")
