"""A session in a thief's hands: sealed things may be looked at, and nothing is given, changed or ended with it (N84, P6)."""

from __future__ import annotations

import asyncio
import json
import secrets
import time

import pytest

from crypto.encoding import encode_base64
from crypto.keys import SigningKey
from crypto.statements import sign
from dossier.client import sharing
from dossier.client.errors import RefusedError
from tests.scenarios.story import CATALOGUE, recipient, standing, tell
from web.description import FILE
from web.description.examples import example

KEPT = json.loads(FILE.read_bytes())
FRESH = {
    "createDossier",
    "addStatement",
    "rotateSection",
    "endAuthority",
    "endAdmission",
    "giveConsent",
    "acceptCase",
    "answerAccessRequest",
}
"""Operations that a person does only with a sign-in of the last five minutes, whatever else is said."""

NOT_CACHED = 1.1
"""Seconds after which a cached session is read again."""


@pytest.fixture
async def stolen(cast, owner_pool):
    """The owner's session as it is an hour later, and nobody there to sign in again."""
    session = await asyncio.to_thread(cast.session, "hanneke-de-wit")
    session._again = None
    session.step_up = lambda: None
    person, then = cast.owner.identity.person, int(time.time()) - 3_600
    await owner_pool.execute("UPDATE dossier.session SET auth_time = $2 WHERE party = $1", person, then)
    await asyncio.sleep(NOT_CACHED)
    yield session
    await owner_pool.execute("UPDATE dossier.session SET auth_time = $2 WHERE party = $1", person, int(time.time()))


def refusal(act):
    with pytest.raises(RefusedError) as caught:
        act()
    return caught.value.status, caught.value.code


async def rules(pool, cast):
    return await pool.fetchval("SELECT rules_seq FROM audit.head WHERE stream = $1", cast.dossier)


async def test_an_old_session_changes_nothing(cast, stolen, pool):
    """Every act that gives, takes or binds asks for a new sign-in first; what needs no key to end asks for one too."""

    def attempts():
        ids = {name: cast.dossier.hex() for name in ("dossier", "case", "consent", "person", "admission", "request_id")}
        tried = {}
        for path, operations in KEPT["paths"].items():
            for method, operation in operations.items():
                if method != "post" or operation["operationId"] not in FRESH:
                    continue
                root = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
                body = example(KEPT["components"]["schemas"][root], KEPT["components"]["schemas"])
                where = f"/v1{path.format(**ids)}"
                tried[operation["operationId"]] = refusal(lambda where=where, body=body: stolen.post(where, body))
        assert tried == dict.fromkeys(FRESH, (403, "step-up-required"))
        for where in (
            f"/v1/consents/{ids['consent']}/withdrawal",
            f"/v1/cases/{ids['case']}/participants/{'ab' * 16}/end",
        ):
            assert refusal(lambda where=where: stolen.post(where, {"statement": ""})) == (403, "step-up-required")
        person = cast.owner.identity.person.hex()
        wrapped = {"wrapped": encode_base64(secrets.token_bytes(64)), "version": 2}
        assert refusal(lambda: stolen.put(f"/v1/persons/{person}/keyring", wrapped)) == (403, "step-up-required")

    before = await rules(pool, cast)
    await tell(attempts)
    assert await rules(pool, cast) == before


async def test_a_session_without_keys_gives_nothing(cast, pool):
    """Even freshly signed in, who lacks the owner's key signs no consent, reads no item, and sees what is sealed (P1, P6)."""

    def attempts():
        thief, session, owner = SigningKey.generate(), cast.session("hanneke-de-wit"), cast.owner
        terms = sharing.Terms(sections=["debts"], purpose="debt-help", end=session.now() + 3_600)
        payload = sharing.consent_payload(owner, owner.hold(cast.dossier), recipient(cast), terms, CATALOGUE, "tekst")
        body = {"statement": encode_base64(sign("consent", payload, thief).envelope)}
        where = f"/v1/dossiers/{cast.dossier.hex()}"
        assert refusal(lambda: session.post(f"{where}/consents", body)) == (403, "wrong-signer")
        nonce = secrets.token_hex(16)
        asked = {"item": cast.item.hex(), "version": 0, "action": "read", "purpose": "", "case": "", "reason": ""}
        signer = {"signer": owner.identity.person.hex(), "organisation": "", "role": "", "issuedAt": session.now()}
        request = sign("reading-request", asked | signer | {"nonce": nonce}, thief)
        reading = {"request": encode_base64(request.envelope)}
        read = f"/v1/items/{cast.item.hex()}/readings"
        assert refusal(lambda: session.post(read, reading, key=nonce)) == (403, "wrong-signer")
        for found in (session.get(where), session.get(f"{where}/items")):
            shown = json.dumps(found).encode()
            held = owner.hold(cast.dossier).keys
            for secret in (held.root, held.signing_seed, owner.identity.signing.seed):
                assert secret.hex().encode() not in shown
                assert encode_base64(secret).encode() not in shown

    before = await rules(pool, cast)
    await tell(attempts)
    assert await rules(pool, cast) == before
    assert await asyncio.to_thread(standing, cast) == []
