"""Acts of clients that are held back, to be sent all at once: for tests of what races."""

from __future__ import annotations

import secrets
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import requests

from tests.values import replace

PATIENCE = 20


@dataclass(frozen=True)
class Sent:
    """A request on its way: by whom, where to, with what, under which idempotency key."""

    session: Any
    path: str
    body: Any
    key: str


class _HeldError(Exception):
    pass


def held(session, act, ending=""):
    """What a client would send: the first POST of an act whose path ends so, which is not sent."""
    sent, post = [], session.post

    def stop(path, body, **more):
        if not path.endswith(ending) or path.endswith("/consent-previews"):
            return post(path, body, **more)
        sent.append(Sent(session, path, body, secrets.token_hex(16)))
        raise _HeldError

    session.post = stop
    try:
        act()
    except _HeldError:
        return sent[0]
    finally:
        del session.post
    raise AssertionError("nothing was sent")


def anew(sent):
    """The same act under a key of its own."""
    return replace(sent, key=secrets.token_hex(16))


def race(town, *all_sent):
    """Send all at once; a busy service is asked again under the same key, as clients do. Return the answers in order."""
    start = threading.Barrier(len(all_sent))
    for each in all_sent:
        each.session.get("/v1/me")  # a token that ends is renewed

    def send(each):
        headers = {"authorization": f"Bearer {each.session._bearer.access}", "idempotency-key": each.key}
        start.wait(PATIENCE)
        until = time.monotonic() + PATIENCE
        while True:
            answer = requests.post(f"{town.origin}{each.path}", json=each.body, headers=headers, timeout=PATIENCE)
            if answer.status_code != 503 or time.monotonic() > until:
                return answer
            time.sleep(0.05)

    with ThreadPoolExecutor(len(all_sent)) as workers:
        answers = list(workers.map(send, all_sent))
    assert not [each.text for each in answers if each.status_code >= 500]
    return answers


def codes(answers):
    """How often each status and code of refusal came."""
    return Counter((each.status_code, "" if each.ok else each.json()["code"]) for each in answers)
