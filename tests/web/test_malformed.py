"""Malformed, oversized and dishonest requests: each has its documented 4xx, and nothing is stored (N01, N02, N16, N18)."""

from __future__ import annotations

import json
import secrets
import socket
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from dossier.errors import InvalidRequestError
from tests.web.serving import world
from web.description import FILE
from web.strict import check_json

KEPT = json.loads(FILE.read_bytes())
TYPE = "application/problem+json"
ADDRESS = {"identifier": "bsn:999990019"}


@pytest.fixture(scope="module")
def town(database_urls, tmp_path_factory):
    with world(database_urls, tmp_path_factory.mktemp("served")) as settled:
        yield settled


async def stored(pool):
    """How many events and statements there are."""
    return await pool.fetchrow("SELECT (SELECT count(*) FROM audit.event), (SELECT count(*) FROM dossier.statement)")


def post(town, path, body, user="citizen", **headers):
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {"content-type": "application/json", "idempotency-key": secrets.token_hex(16)}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.post(f"{town.origin}{path}", data=sent, headers=town.headers[user] | named, timeout=30)


def is_problem(answer, status, code=None):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == TYPE
    document = answer.json()
    assert document["status"] == status
    assert code in {None, document["code"]}
    return True


def raw(town, head, body=b"", *, most=65_536):
    """Send bytes as they are; return what comes back, empty if the connection is closed without a word."""
    parts = urlsplit(town.origin)
    with socket.create_connection((parts.hostname, parts.port), timeout=3) as line:
        line.sendall(head + b"\r\n\r\n" + body)
        got = b""
        with suppress(TimeoutError, ConnectionResetError):
            while len(got) < most and (piece := line.recv(65_536)):
                got += piece
    return got


def head(town, line, *more, user="citizen", host=True):
    """A request's head, signed in."""
    named = [f"{name}: {value}" for name, value in town.headers[user].items()]
    first = [f"host: {urlsplit(town.origin).netloc}"] if host else []
    return "\r\n".join([line, *first, "connection: close", *named, *more]).encode("latin-1")


def json_operations():
    for path, item in KEPT["paths"].items():
        for method, operation in item.items():
            if method != "servers" and "application/json" in operation.get("requestBody", {}).get("content", {}):
                yield method.upper(), path, operation


BODIES = {
    "nothing": b"",
    "no json": b"statement=1",
    "cut off": b'{"statement": "e',
    "not utf-8": b'{"statement": "\xff"}',
    "byte order mark": b'\xef\xbb\xbf{"statement": ""}',
    "a list": b"[]",
    "null": b"null",
    "a text": b'"statement"',
    "an unknown member": b'{"statement": "", "surprise": 1}',
    "a doubled member": b'{"statement": "", "statement": ""}',
    "a doubled member in another spelling": b'{"statement": "", "\\u0073tatement": ""}',
    "a NUL": b'{"statement": "\\u0000"}',
    "half a surrogate pair": b'{"statement": "\\ud800"}',
    "a huge number": b'{"statement": ' + b"9" * 5_000 + b"}",
    "a number above 2^53": b'{"statement": 9007199254740993}',
    "not a number": b'{"statement": NaN}',
    "a fraction beyond all bounds": b'{"statement": 1e999}',
    "deep lists": b'{"statement": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep objects": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "two documents": b"{}{}",
}


@pytest.mark.parametrize("name", BODIES)
async def test_every_act_refuses_a_malformed_body(town, pool, name):
    """No operation takes what is not I-JSON of its shape: 400 with a problem document, never 422 or 5xx (N01)."""
    before = await stored(pool)
    with requests.Session() as session:
        for method, path, _operation in json_operations():
            where = path
            for parameter, value in town.ids.items():
                where = where.replace(f"{{{parameter}}}", value)
            headers = {"content-type": "application/json", "idempotency-key": secrets.token_hex(16)}
            answer = session.request(
                method,
                f"{town.origin}/v1{where}",
                data=BODIES[name],
                headers=town.headers["citizen"] | headers,
                timeout=30,
            )
            too_large = path == "/items/{item}/readings" and len(BODIES[name]) > 131_072
            assert is_problem(answer, 413 if too_large else 400), (method, path)
    assert await stored(pool) == before


def test_other_media_types(town):
    """A body of another media type, or of none, is refused with 415 (N01)."""
    for media_type in ("text/plain", "application/x-www-form-urlencoded", "application/xml", "application/json; a=b"):
        assert is_problem(post(town, "/v1/dossier-addresses", ADDRESS, "system", content_type=media_type), 415)
        reading = f"/v1/items/{town.ids['item']}/readings"
        assert is_problem(post(town, reading, {"request": ""}, content_type=media_type), 415)
    assert is_problem(post(town, "/v1/dossier-addresses", ADDRESS, content_type="application/json; charset=utf-8"), 403)
    coded = post(town, "/v1/dossier-addresses", b"\x1f\x8b\x08\x00", "system", content_encoding="gzip")
    assert is_problem(coded, 400)


def test_idempotency_keys(town):
    """A missing, malformed or doubled Idempotency-Key is 400, under its own code."""
    path, body = f"/v1/dossiers/{town.ids['dossier']}/consents", {"statement": "e30="}
    for value in ("0", "g" * 32, "AB" * 16, "ab" * 15, "ab" * 17, "ab" * 16 + " x"):
        assert is_problem(post(town, path, body, idempotency_key=value), 400)
    assert is_problem(post(town, "/v1/dossier-addresses", ADDRESS, "system", idempotency_key="x"), 400)
    line = f"POST /v1/dossiers/{town.ids['dossier']}/uploads HTTP/1.1"
    sent = json.dumps({"length": 1, "hash": "ab" * 32}).encode()
    doubled = [f"idempotency-key: {secrets.token_hex(16)}"] * 2
    got = raw(town, head(town, line, *doubled, "content-type: application/json", f"content-length: {len(sent)}"), sent)
    assert got.startswith(b"HTTP/1.1 400")


def test_base64_has_one_spelling(town):
    """Base64 without its padding, with loose bits, white space or the other alphabet is refused (N02)."""
    path = f"/v1/dossiers/{town.ids['dossier']}/consents"
    for text in ("YQ", "YQ=", "YR==", "YQ==\n", " YQ==", "YQ==YQ==", "_-==", "Y Q=="):
        assert is_problem(post(town, path, {"statement": text}), 400)


@pytest.mark.parametrize(
    "until", ["2027-01-01T00:00:00-00:00", "2027-01-01T00:00:00Z", "", None, 1.5, -1, 2**53, 1e300]
)
def test_times_are_whole_seconds(town, until):
    """A time is an integer of UTC seconds: zones (also -00:00), fractions, negatives and the far future are 400 (N18)."""
    path = f"/v1/organisations/{town.ids['organisation']}/members"
    body = {"subject": "anouk-peeters", "name": "Anouk Peeters", "roles": ["debt-counsellor"], "until": until}
    assert is_problem(post(town, path, body, "administrator"), 400)


def test_a_title_of_a_mebibyte(town):
    """A text of a mebibyte where a name is wanted is refused, and so is a statement of that size (N16)."""
    path = f"/v1/organisations/{town.ids['organisation']}/members"
    body = {"subject": "anouk-peeters", "name": "A" * 2**20, "roles": ["debt-counsellor"]}
    assert post(town, path, body, "administrator").status_code in {400, 413}
    consent = f"/v1/dossiers/{town.ids['dossier']}/consents"
    assert post(town, consent, {"statement": "YWFh" * 2**18}).status_code in {400, 413}


@pytest.mark.parametrize("path", ["/v1/dossiers/{dossier}/items", "/v1/items/{item}/readings", "/v1/dossiers"])
def test_ten_gibibytes(town, path):
    """A body said to be 10 GiB is refused by what its head says, before it is sent (N16)."""
    where = path.format(**town.ids)
    more = ["content-type: application/json", f"content-length: {10 * 2**30}", f"idempotency-key: {'ab' * 16}"]
    got = raw(town, head(town, f"POST {where} HTTP/1.1", *more), b'{"request": "' + b"A" * 200_000, most=9)
    assert got.startswith((b"HTTP/1.1 413", b"HTTP/1.1 400")), got[:40]


def test_a_body_without_end(town):
    """A chunked body that never says its length is cut off at the limit with 413 (N16)."""

    def pieces():
        for _ in range(400):
            yield b" " * 65_536

    for path in ("/v1/dossiers", f"/v1/items/{town.ids['item']}/readings"):
        headers = {"content-type": "application/json", "idempotency-key": secrets.token_hex(16)}
        try:
            answer = requests.post(
                f"{town.origin}{path}", data=pieces(), headers=town.headers["citizen"] | headers, timeout=30
            )
        except requests.ConnectionError:
            continue  # refused while it was still being sent: the answer is lost with the connection
        assert is_problem(answer, 413, "too-large")
    assert requests.get(f"{town.origin}/health/live", timeout=10).status_code == 200


def peak(town):
    """The most memory that the service ever had, in KiB."""
    status = Path(f"/proc/{town.process}/status").read_text("ascii")
    return int(status.partition("VmHWM:")[2].split()[0])


def test_memory_stays_flat(town):
    """However long a body goes on, the service holds no more of it than its limit (N16)."""

    def pieces():
        for _ in range(3_000):
            yield b" " * 65_536

    before = peak(town)
    for path in ("/v1/dossiers", f"/v1/items/{town.ids['item']}/readings"):
        headers = {"content-type": "application/json", "idempotency-key": secrets.token_hex(16)}
        with suppress(requests.ConnectionError):
            requests.post(f"{town.origin}{path}", data=pieces(), headers=town.headers["citizen"] | headers, timeout=60)
    assert peak(town) - before < 48 * 1024


@pytest.mark.parametrize("listed", ["dossiers/{dossier}/items", "dossiers/{dossier}/events", "events"])
def test_pages_are_bounded(town, listed):
    """A list comes in pages: nobody can ask for a million entries at once (N53)."""
    where = f"{town.origin}/v1/{listed.format(**town.ids)}?size="
    headers = town.headers["auditor" if listed == "events" else "citizen"]
    assert is_problem(requests.get(f"{where}1000000", headers=headers, timeout=20), 400)
    if listed != "events":
        page = requests.get(f"{where}1", headers=headers, timeout=20).json()
        assert len(page[listed.rpartition("/")[2]]) == 1


def test_queries(town):
    """A repeated or malformed query parameter is 400, whatever it is about (N01)."""
    for query in (
        "size=0",
        "size=100001",
        "size=%D9%A1",
        "size=1&size=2",
        "after=" + "9" * 400,
        "after=-1",
        "after=x",
        "a=%00",
    ):
        answer = requests.get(
            f"{town.origin}/v1/dossiers/{town.ids['dossier']}/events?{query}",
            headers=town.headers["citizen"],
            timeout=10,
        )
        assert is_problem(answer, 400), query
    for name in ("a" * 101, "\0"):
        listed = requests.get(
            f"{town.origin}/v1/professionals", params={"name": name}, headers=town.headers["citizen"], timeout=10
        )
        assert is_problem(listed, 400)


@pytest.mark.parametrize("text", ["..%2f..%2fetc", "%00", "%ff", "a" * 3_000, "0" * 31, "AB" * 16, "%d9%a1" * 16])
def test_strange_ids(town, text):
    """An id that is none is refused like one that is absent or malformed, in every route."""
    for path in ("/v1/dossiers/{}", "/v1/readings/{}", "/v1/cases/{}", "/v1/events/{}/proof", "/v1/streams/{}/keys"):
        answer = requests.get(town.origin + path.format(text), headers=town.headers["citizen"], timeout=10)
        assert answer.status_code in {400, 404}
        assert answer.headers["content-type"] == TYPE


@pytest.mark.parametrize(
    "place", ["../../../etc/passwd", "%2e%2e/%2e%2e/keys", "0/x000/../../../personas.json", "0/000.p/0", "64/000"]
)
def test_tiles_are_tiles(town, place):
    """Nothing but published tiles can be had below /log."""
    got = raw(town, head(town, f"GET /log/tile/{place} HTTP/1.1"))
    assert got.startswith((b"HTTP/1.1 404", b"HTTP/1.1 400"))


def test_strange_ranges_and_offsets(town):
    """A range or an offset that is not one of ours is 400."""
    ids, own = town.ids, town.headers
    for value in ("bytes=-5", "bytes=5-1-2", "bytes=0-1,3-4", "items=0-1", "bytes=0-" + "9" * 40):
        answer = requests.get(
            f"{town.origin}/v1/readings/{ids['reading']}/content",
            headers=own["professional"] | {"range": value.encode()},
            timeout=10,
        )
        assert is_problem(answer, 400)
    for value in ("-1", "01", "1e1", "", "9" * 40):
        headers = own["citizen"] | {"content-type": "application/octet-stream", "upload-offset": value}
        answer = requests.patch(f"{town.origin}/v1/uploads/{ids['upload']}", data=b"x", headers=headers, timeout=10)
        assert is_problem(answer, 400)


def test_trace_and_made_up_methods(town):
    """TRACE and unknown methods echo nothing: 405 with Allow (N89)."""
    for method in ("TRACE", "CONNECT", "PROPFIND", "get"):
        got = raw(town, head(town, f"{method} /v1/me HTTP/1.1", "x-secret: marker-3141"))
        assert got.startswith((b"HTTP/1.1 405", b"HTTP/1.1 400")), got[:60]
        assert b"marker-3141" not in got
    answer = requests.request("TRACE", f"{town.origin}/v1/me", headers=town.headers["citizen"], timeout=10)
    assert is_problem(answer, 405, "method-not-allowed")
    assert "GET" in answer.headers["allow"]


@pytest.mark.parametrize("host", ["attacker.example", "attacker.example:80", "localhost.attacker.example", "a b", ""])
def test_another_host(town, host):
    """A request for another host is refused (421), so that no page elsewhere can reach a service on loopback (N89)."""
    got = raw(town, head(town, "GET /v1/register HTTP/1.1", f"host: {host}", host=False))
    assert got.startswith((b"HTTP/1.1 421", b"HTTP/1.1 400")), got[:60]
    assert b"attacker" not in got


def test_claimed_addresses_count_for_nothing(town):
    """X-Forwarded-For and its kin change no answer: what the service says of itself comes from its settings (N89)."""
    claims = {"x-forwarded-for": "203.0.113.9", "x-forwarded-host": "attacker.example", "forwarded": "for=203.0.113.9"}
    path = f"{town.origin}/.well-known/oauth-authorization-server"
    plain, claimed = requests.get(path, timeout=10), requests.get(path, headers=claims, timeout=10)
    assert plain.content == claimed.content
    begun = requests.get(f"{town.origin}/signin", headers=claims, timeout=10, allow_redirects=False)
    assert "attacker" not in begun.headers["location"]


SMUGGLED = (
    ("content-length: 5", "content-length: 6"),
    ("content-length: 5", "transfer-encoding: chunked"),
    ("transfer-encoding: chunked, identity",),
    ("transfer-encoding: xchunked",),
    ("content-length: +5",),
    ("content-length: 0x5",),
)


@pytest.mark.parametrize("lines", SMUGGLED)
def test_smuggling(town, lines):
    """Heads whose body length two readers could take differently give one refusal and no second answer (N89)."""
    body = b"0\r\n\r\nGET /v1/me HTTP/1.1\r\nhost: localhost\r\n\r\n"
    got = raw(town, head(town, "POST /v1/dossiers HTTP/1.1", "content-type: application/json", *lines), body)
    assert got.count(b"HTTP/1.1 ") <= 1
    assert got == b"" or got.startswith(b"HTTP/1.1 4")


def test_absurd_heads(town):
    """A head of a mebibyte, ten thousand headers, or a bare line feed end in a refusal; the service goes on."""
    for lines in (["x-a: " + "a" * 2**20], [f"x-{n}: a" for n in range(10_000)], ["x-a: b\nx-c: d\r y"]):
        try:
            got = raw(town, head(town, "GET /v1/me HTTP/1.1", *lines))
        except ConnectionError:
            continue  # closed while it was still being sent
        assert got == b"" or got.startswith((b"HTTP/1.1 4", b"HTTP/1.1 200"))
    assert requests.get(f"{town.origin}/v1/me", headers=town.headers["citizen"], timeout=10).status_code == 200


def test_two_proofs_at_once(town):
    """A token and a cookie together are refused: which one counts would be a guess."""
    headers = town.headers["citizen"] | {"cookie": "__Host-dossier-session=x"}
    assert is_problem(requests.get(f"{town.origin}/v1/me", headers=headers, timeout=10), 400)


@pytest.mark.parametrize(
    "body", [b'{"a":"\\u00e9 \\ud83d\\ude00"}', b"[1, -9007199254740991]", b'{"a":{"b":1},"c":{"b":1}}']
)
def test_sound_json_passes(body):
    """Escapes of whole characters, numbers within 2^53 and equal names at different places are sound."""
    assert check_json(body) is None


@pytest.mark.parametrize("body", [b'[{"a":1,"a":2}]', b'{"a\\u0000":1}', b"[9007199254740993]", b"Infinity"])
def test_unsound_json_does_not(body):
    """Doubled names at any depth, NUL in a name, numbers above 2^53 and words for numbers are refused."""
    with pytest.raises(InvalidRequestError):
        check_json(body)
