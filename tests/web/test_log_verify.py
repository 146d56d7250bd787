"""Facts of the command `dossier log verify`, on a folder and over HTTP."""

from __future__ import annotations

import json
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from audit.verify import parse_state
from crypto.encoding import encode_base64
from dossier.client import publiclog
from dossier.client.errors import ClientError, UnreachableError
from dossier.client.publiclog import FolderLog, WebLog, open_log
from tests.audit.small_log import LOG, ORIGIN, WITNESS, SmallLog, entry
from web.cli import main


def write(log, folder):
    """Write the files of a log into a folder."""
    for path, data in log.files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)


@pytest.fixture
def log():
    return SmallLog(300)


@pytest.fixture
def folder(log, tmp_path):
    write(log, tmp_path / "log")
    return tmp_path / "log"


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *_arguments):
        return

    def end_headers(self):
        self.send_header("connection", "close")
        super().end_headers()


@pytest.fixture
def server(folder):
    """The folder over HTTP, as a cache before the service would serve it."""
    serving = ThreadingHTTPServer(("127.0.0.1", 0), lambda *a: Quiet(*a, directory=str(folder.parent)))
    thread = threading.Thread(target=serving.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{serving.server_port}/log"
    serving.shutdown()
    thread.join()
    serving.server_close()


def verify(where, *more, key=LOG):
    return main(["log", "verify", str(where), "--vkey", str(key), *more])


def test_folder_in_order(log, folder, capsys):
    """A log in order: one line with origin, size and root, and exit code 0."""
    assert verify(folder) == 0
    assert capsys.readouterr().out == f"ok: {ORIGIN}, 300 entries, root {encode_base64(log.edge.root())}\n"


def test_url_in_order(server, capsys):
    """P5: the same over HTTP."""
    assert verify(server + "/", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["ok"], told["size"], told["origin"], told["findings"]) == (True, 300, ORIGIN, [])


@pytest.mark.parametrize("how", ["folder", "url"])
def test_flipped_byte_is_named(log, folder, server, capsys, how):
    """P5: one flipped byte in a tile is one finding, with its file and place, and exit code 1."""
    log.flip("tile/0/000", 100)
    write(log, folder)
    assert verify(folder if how == "folder" else server, "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert told["findings"] == [
        {"code": "tile", "where": "tile/0/000", "text": "level 0 hash 3 is not that of the entry"}
    ]


def test_missing_checkpoint_is_named(folder, capsys):
    """A log without a checkpoint is said to have none, not to have a bad one."""
    (folder / "checkpoint").unlink()
    assert verify(folder) == 1
    assert capsys.readouterr().out.startswith("not ok  missing: checkpoint: is not there\n")


def test_entry_left_out_of_a_bundle_is_counted(folder, capsys):
    """P5: a bundle with an entry less is named, with how many it holds and how many it should."""
    place = folder / "tile/entries/000"
    data = place.read_bytes()
    place.write_bytes(data[2 + int.from_bytes(data[:2], "big") :])
    assert verify(folder) == 1
    assert "malformed: tile/entries/000: bundle holds 255 entries, not 256" in capsys.readouterr().out


def test_dropped_event_is_named(log, folder, capsys):
    """P5: a log signed anew without one of its entries is a fork for whoever saw it before; the state stays."""
    state = folder.parent / "state"
    assert verify(folder, "--state", str(state)) == 0
    kept = state.read_bytes()
    other = SmallLog(200)
    other.append([entry(number) for number in range(201, 310)])
    write(other, folder)
    capsys.readouterr()
    assert verify(folder, "--state", str(state)) == 1
    first, last = capsys.readouterr().out.splitlines()
    assert first.startswith("not ok  fork: checkpoint: the first 300 entries are not those that were seen before")
    assert last == f"1 finding in {ORIGIN}, 309 entries"
    assert state.read_bytes() == kept


def test_state_moves_with_a_log_in_order(log, folder):
    """The state is what was seen last, and lies in a file of its owner's only."""
    state = folder.parent / "state"
    verify(folder, "--state", str(state))
    log.append([entry(5_000)])
    write(log, folder)
    assert verify(folder, "--state", str(state)) == 0
    assert parse_state(state.read_bytes()).size == 301
    assert state.stat().st_mode & 0o777 == 0o600


def test_wrong_key_is_a_finding(folder, capsys):
    """A log that another key signed is not the one that was asked for."""
    assert verify(folder, key=WITNESS) == 1
    assert "not ok  checkpoint" in capsys.readouterr().out


@pytest.mark.parametrize("state", ["{}", ""])
def test_wrongly_called(folder, capsys, state):
    """What is no key, and what is no state, is told in one line with exit code 2."""
    assert main(["log", "verify", str(folder), "--vkey", "nothing"]) == 2
    path = folder.parent / "state"
    path.write_text(state)
    assert verify(folder, "--state", str(path)) == 2
    assert verify(folder, "--state", str(folder)) == 2
    told = capsys.readouterr().err.splitlines()
    assert told[0] == "dossier: not a verifier key"
    assert len(told) == 3


def test_log_that_cannot_be_read(folder, server, capsys, monkeypatch):
    """A log that does not answer is not in order and not out of order: exit code 3."""
    monkeypatch.setattr(publiclog, "TRIES", 1)
    assert verify("http://127.0.0.1:1/log") == 3
    assert verify(folder / "nowhere") == 3
    assert len(capsys.readouterr().err.splitlines()) == 2
    with pytest.raises(ClientError):
        open_log("ftp://nowhere")
    monkeypatch.setattr(publiclog, "MAX_FILE", 10)
    for log in (FolderLog(folder), WebLog(server)):
        with log, pytest.raises(UnreachableError, match="too large"):
            log.checkpoint()


def test_files_that_are_not_there(folder, server):
    """What is not there is nothing, whatever stands in its place."""
    for log in (FolderLog(folder), WebLog(server)):
        with log:
            assert log.read("nowhere") is None
            assert log.read("checkpoint/nowhere") is None
