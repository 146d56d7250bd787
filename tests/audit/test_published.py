from __future__ import annotations

from audit.published import Finding, Published
from audit.tiles import Bundle, Tile
from tests.audit.small_log import SmallLog


def test_what_is_there_is_read():
    """Hashes and entries come at their width, without a finding."""
    log = SmallLog(300)
    hashes, finding = Published(log).hashes(Tile(0, 1, 44))
    assert hashes is not None
    assert (len(hashes), finding) == (44, None)
    entries, finding = Published(log).entries(Bundle(1, 44))
    assert entries is not None
    assert (len(entries), finding) == (44, None)


def test_partial_file_may_be_gone_once_the_full_one_exists():
    """A client that asks for a partial tile takes the beginning of the full one instead."""
    log = SmallLog(300)
    small = Published(log).hashes(Tile(0, 1, 44))
    log.append([b"\x02" + bytes((number,)) for number in range(212)])
    del log.files["tile/0/001.p/44"], log.files["tile/entries/001.p/44"]
    assert Published(log).hashes(Tile(0, 1, 44)) == small
    entries, finding = Published(log).entries(Bundle(1, 44))
    assert entries is not None
    assert (len(entries), finding) == (44, None)


def test_missing_file_is_named():
    """A file that is not there gives a finding with its path."""
    assert Published(SmallLog()).hashes(Tile(0, 0)) == (None, Finding("missing", "tile/0/000", "is not there"))
    assert str(Finding("missing", "tile/0/000", "is not there")) == "tile/0/000: is not there"


def test_malformed_file_is_named():
    """A file of another length gives a finding with its path."""
    log = SmallLog(300)
    log.files["tile/0/000"] += b"\0"
    row, finding = Published(log).hashes(Tile(0, 0))
    assert row is None
    assert finding is not None
    assert (finding.code, finding.where) == ("malformed", "tile/0/000")
