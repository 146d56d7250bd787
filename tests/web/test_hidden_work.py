"""What is hidden costs as much as what is not there: the same statements, so that no answer's time tells them apart (N54).

The tick at which a 404 leaves hides what is left (dossier.hiding.ticks): how long each statement took.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import requests

from tests.web.serving import world
from tests.web.test_hidden import (
    OPEN,
    WORKERS,
    absent_like,
    bodies,
    operations,
    places,
    reading,
    settle,
    shown,
    withdrawal,
)

SESSION = "SELECT s.*, t.hash, t.use"
"""How the statement begins that finds who asks: it is remembered for a second, whatever is asked."""

USERS = ["citizen", "professional", "system"]


class Watched:
    """A served town whose service writes down what each request made the database do."""

    def __init__(self, town, kept):
        self.town, self._kept = town, kept
        self._read, self._work, self._lock = 0, {}, threading.Lock()

    def work(self, *request, **more):
        """Send a request; return the refusal as its sender sees it, and what it made the database do."""
        answer = requests.request(*request, timeout=20, **more)
        assert answer.status_code in {400, 401, 403, 404}, answer.text
        return shown(answer), self._find(answer.headers["request-id"])

    def _find(self, request):
        until = time.monotonic() + 20
        while time.monotonic() < until:
            with self._lock:
                self._read_on()
                if request in self._work:
                    return self._work.pop(request)
            time.sleep(0.01)
        raise AssertionError("the service wrote nothing down")

    def _read_on(self):
        with self._kept.open("rb") as lines:
            lines.seek(self._read)
            for line in lines:
                if not line.endswith(b"\n"):
                    break
                self._read += len(line)
                name, work = json.loads(line)
                # Not in what order: it takes the same time.
                self._work[name] = sorted(one for one in work if not one[1:2] or not str(one[1]).startswith(SESSION))


@contextmanager
def watching(urls, folder):
    """Serve a settled town from a folder, and watch it."""
    kept = folder / "work"
    with world(urls, folder, ("tests.web.watched", str(kept))) as settled:
        settle(settled)
        yield Watched(settled, kept)


@pytest.fixture(scope="module")
def watched(database_urls, tmp_path_factory):
    with watching(database_urls, tmp_path_factory.mktemp("served")) as town:
        yield town


def code_of(seen):
    """Status and code of a refusal that `shown` gave."""
    status, _headers, content = seen
    return status, json.loads(content)["code"] if content else ""


def cases(town):
    """(operation, method, path, body) of every route with an id that hides what it names."""
    for method, path, operation in operations():
        if operation["operationId"] not in OPEN:
            for body in bodies(town, method, path, operation):
                yield operation["operationId"], method, path, body


def differs(watched, user, case):
    """Ask for what is another's and for what is not there; None if both made the database do the same."""
    operation, method, path, body = case
    more = {"content-type": "application/octet-stream"} if path.startswith("/uploads") else {}
    found = []
    for url in places(watched.town, path):
        # The first time makes it known to the process, be it there or not; the second is compared.
        for _ in range(2):
            headers = {"idempotency-key": secrets.token_hex(16), "upload-offset": "0", **more}
            done = watched.work(method, url, json=body, headers=watched.town.headers[user] | headers)
        found.append(done)
    # The sender's own statement may name another dossier or case than the path: that tells nothing.
    if code_of(found[1][0]) in ((400, "wrong-dossier"), (400, "wrong-case")) or found[0] == found[1]:
        return None
    return operation, str(body)[:80], *found


@pytest.mark.parametrize("user", USERS)
def test_absent_and_hidden_are_the_same_work(watched, user):
    """For every route with an id, in any body: another's id and an id of nothing make the database do the same (N54)."""
    asked = list(cases(watched.town))
    with ThreadPoolExecutor(WORKERS) as workers:
        found = list(workers.map(lambda case: differs(watched, user, case), asked))
    assert [each for each in found if each is not None] == []
    assert len({operation for operation, *_ in asked}) > 30


@pytest.mark.parametrize("user", USERS)
def test_signed_acts_on_what_is_hidden_are_the_same_work(watched, user):
    """A well-signed reading, and a well-signed withdrawal, of another's or of nothing make the database do the same (N54)."""
    town = watched.town
    read, ended = [], []
    for item in (town.ids["item"], absent_like(town.ids["item"])):
        for _ in range(2):
            body, headers = reading(town, user, item)
            done = watched.work("POST", f"{town.origin}/v1/items/{item}/readings", json=body, headers=headers)
        read.append(done)
    for consent in (town.ids["consent"], absent_like(town.ids["consent"])):
        for _ in range(2):
            headers = town.headers[user] | {"idempotency-key": secrets.token_hex(16)}
            url = f"{town.origin}/v1/consents/{consent}/withdrawal"
            done = watched.work("POST", url, json=withdrawal(town, user, consent), headers=headers)
        ended.append(done)
    assert read[0] == read[1]
    assert ended[0] == ended[1]
    assert {code_of(each[0]) for each in (*read, *ended)} == {(404, "not-found")}
