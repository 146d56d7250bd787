"""The client's HTTP, against a server that answers as no good one does."""

from __future__ import annotations

import socket
import threading

import pytest

from dossier.client.carrier import Answer, HttpCarrier, Request
from dossier.client.errors import ClientError, RefusedError, UnreachableError, UntrustedError
from dossier.client.session import Session

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


class Peer:
    """A server that says one text for each request on each of its connections, and keeps what was asked."""

    def __init__(self, *connections):
        self.asked = []
        self._connections = connections
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._thread.join(5)
        self._listener.close()

    def _serve(self):
        for answers in self._connections:
            connection, _ = self._listener.accept()
            with connection, connection.makefile("rb") as file:
                for answer in answers:
                    self.asked.append(self._request(file))
                    connection.sendall(answer)

    @staticmethod
    def _request(file):
        head = [file.readline()]
        while head[-1] not in (b"\r\n", b""):
            head.append(file.readline())
        length = next((int(each.partition(b":")[2]) for each in head if each.lower().startswith(b"content-length")), 0)
        return b"".join(head), file.read(length)


@pytest.fixture
def carrier():
    made = HttpCarrier(timeout=5.0)
    yield made
    made.close()


def test_requests_share_a_connection(carrier):
    """Two requests go over one connection; path, headers and body come as they were given."""
    with Peer([OK, OK]) as peer:
        assert carrier.send(Request("GET", f"{peer.url}/a b?c=d")).content == b"ok"
        assert carrier.send(Request("PATCH", f"{peer.url}/up", {"upload-offset": "3"}, b"\x00" * 70_000)).status == 200
    (first, _), (second, body) = peer.asked
    assert first.startswith(b"GET /a%20b?c=d HTTP/1.1\r\n")
    assert b"upload-offset: 3\r\n" in second
    assert body == bytes(70_000)


def test_a_connection_that_was_ended_meanwhile_is_made_anew(carrier):
    """An idle connection that the service closed is seen to be closed before anything is sent on it."""
    with Peer([OK], [OK]) as peer:
        carrier.send(Request("POST", peer.url))
        assert carrier._connections[peer.url].sock.recv(1, socket.MSG_PEEK) == b""
        assert carrier.send(Request("POST", peer.url)).content == b"ok"
    assert len(peer.asked) == 2


@pytest.mark.parametrize(
    "cut",
    [
        b"",
        b"HTTP/1.1 200 OK\r\ncontent-",
        OK[:-1],
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab",
        b"HTTP/1.1 200 OK\r\n\r\nok",
        b"what is this\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxy\r\nab\r\n",
    ],
)
def test_an_answer_that_is_cut_is_none(carrier, cut):
    """An answer that ends too early, or is no HTTP, leaves the outcome unknown and is never taken for a whole (P10)."""
    with Peer([cut], [OK]) as peer:
        with pytest.raises(UnreachableError):
            carrier.send(Request("GET", peer.url))
        assert carrier.send(Request("GET", peer.url)).content == b"ok"


@pytest.mark.parametrize(
    "large",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n" + bytes(11),
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nb\r\n" + bytes(11) + b"\r\n0\r\n\r\n",
    ],
)
def test_an_answer_above_its_bound_is_refused(carrier, large):
    """However its length is told, a body above the bound is not taken; one at the bound is."""
    fitting = large.replace(b": 11", b": 10").replace(b"\r\nb\r\n", b"\r\na\r\n").replace(bytes(11), bytes(10))
    with Peer([large], [fitting]) as peer:
        with pytest.raises(UntrustedError):
            carrier.send(Request("GET", peer.url, most=10))
        assert carrier.send(Request("GET", peer.url, most=10)).content == bytes(10)


def test_a_chunk_of_a_size_below_zero_has_no_end(carrier):
    """A chunk whose size is told as less than nothing is held to the bound like any other: it is not read to its end."""
    endless = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-1\r\n" + bytes(300_000)
    with Peer([endless]) as peer, pytest.raises(UntrustedError):
        carrier.send(Request("GET", peer.url, most=10))


def test_nobody_there(carrier):
    """Where nobody listens the service does not answer."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with pytest.raises(UnreachableError):
        carrier.send(Request("GET", f"http://127.0.0.1:{port}/"))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nowhere",
        "ftp://nowhere",
        "http://",
        "http://a:port/",
        "http://name:word@nowhere/",
        "http://[::1",
        "http://a:0/",
    ],
)
def test_what_is_no_address(carrier, url):
    """An address that is none is told from a service that is away."""
    with pytest.raises(ClientError) as refused:
        carrier.send(Request("GET", url))
    assert not isinstance(refused.value, UnreachableError)


@pytest.mark.parametrize("headers", [{"reason": "a\r\nb: c"}, {"reason": "\u20ac"}, {"a b": "c"}])
def test_what_cannot_be_asked(carrier, headers):
    """A header that would become another one, or none, is not sent."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with pytest.raises(ClientError):
            carrier.send(Request("GET", f"http://127.0.0.1:{listener.getsockname()[1]}/", headers))
        carrier.close()


def test_lines_of_one_name():
    """Lines of one name stay apart, and a redirect is one only by its status."""
    headers = (("set-cookie", "a=b"), ("location", "/there"), ("set-cookie", "c=d"))
    assert Answer(302, headers).lines("set-cookie") == ["a=b", "c=d"]
    assert (Answer(302, headers).location, Answer(200, headers).location) == ("/there", "")
    assert Answer(200).header("location") == ""


@pytest.mark.parametrize("content", [b"", b"<html>", b"\xff", b"[" * 100_000])
def test_what_is_no_json(content):
    """Whatever else answers there, a page of another site or nesting without end, is told in our words."""
    with pytest.raises(UntrustedError):
        Answer(200, (), content).json()
    assert Answer(200, (), b"{}").json() == {}


@pytest.mark.parametrize(
    "answer, error",
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n<html>", UntrustedError),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", UntrustedError),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]", UntrustedError),
        (b"HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\n[]", RefusedError),
        (b'HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\n""', RefusedError),
    ],
)
def test_another_server_is_no_service(answer, error):
    """A server that is not ours is told from one that refuses; whatever it sends, no other error comes out."""
    with Peer([answer]) as peer, Session(peer.url) as session, pytest.raises(error):
        _ = session.issuer
