from __future__ import annotations

import pytest

from audit.checkpoint import verify_checkpoint
from audit.fsck import MAX_FINDINGS, check_log
from audit.growth import edge_root, grow
from audit.merkle import EMPTY_ROOT
from audit.note import ED25519, VerifierKey
from tests.audit.small_log import IDENTITY, LOG, ORIGIN, SmallLog, entry


def check(log, then=0, key=LOG, progress=None):
    """Check a log under its own signed checkpoint."""
    return check_log(log, verify_checkpoint(log.files["checkpoint"], LOG), key, then, progress)


def found(log):
    """Return (code, where) of each finding."""
    return [(finding.code, finding.where) for finding in check(log).findings]


@pytest.fixture(scope="module")
def large():
    """A log with tiles on three levels; tests that break a file mend it again."""
    return SmallLog(65_536 + 300)


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 511, 512, 513])
def test_log_in_order_has_no_findings(size):
    """P5: a log of any size around the widths of tiles is found in order from its public files alone."""
    assert found(SmallLog(size)) == []


def test_large_log_in_order_has_no_findings(large):
    """The same with three levels of tiles; the control leaves are returned."""
    walked = check(large)
    assert walked.findings == ()
    assert [(index, leaf.kind) for index, leaf in walked.controls] == [(0, "log")]


def test_empty_log_is_in_order():
    """A log that has not begun yet has nothing wrong."""
    log = SmallLog()
    log.sign()
    assert check(log).findings == ()


@pytest.mark.parametrize(
    "path, at, where, text",
    [
        ("tile/0/007", 32 * 9 + 5, "tile/0/007", "level 0 hash 9 is not that of the entry"),
        ("tile/0/257.p/44", 32 * 43, "tile/0/257.p/44", "level 0 hash 43 is not that of the entry"),
        ("tile/1/000", 32 * 255, "tile/1/000", "level 1 hash 255 is not that of level 0"),
        ("tile/1/001.p/1", 0, "tile/1/001.p/1", "level 1 hash 0 is not that of level 0"),
        ("tile/2/000.p/1", 31, "tile/2/000.p/1", "level 2 hash 0 is not that of level 1"),
    ],
)
def test_flipped_bit_in_a_tile_is_named(large, path, at, where, text):
    """N44: one flipped bit in a tile of any level, full or partial, is one finding that names tile and hash."""
    large.flip(path, at)
    try:
        findings = check(large).findings
    finally:
        large.flip(path, at)
    assert [(finding.code, finding.where, finding.text) for finding in findings] == [("tile", where, text)]


@pytest.mark.parametrize(
    "path, at, where", [("tile/entries/003", 99 * 5 + 50, "entry 773"), ("tile/entries/257.p/44", 60, "entry 65792")]
)
def test_changed_entry_is_named(large, path, at, where):
    """N44: one changed byte of an entry is one finding that names the entry; the tiles are not blamed."""
    large.flip(path, at)
    try:
        assert found(large) == [("entry", where)]
    finally:
        large.flip(path, at)


def test_entries_rewritten_together_with_their_tile_are_named(large):
    """Rewriting a bundle and the tile over it shows one level up, as a range of entries."""
    forged = grow(type(large.edge)(), [entry(number + 1_000_000) for number in range(256)])
    kept = {path: large.files[path] for path in ("tile/0/002", "tile/entries/002")}
    large.files |= {"tile/0/002": forged.tiles[0][1], "tile/entries/002": forged.bundles[0][1]}
    try:
        assert found(large) == [("entry", "entries 512 to 767")]
    finally:
        large.files |= kept


def test_dropped_entry_is_seen():
    """P5: a log published without one of its entries no longer leads to the root that was signed."""
    log, shorter = SmallLog(600), SmallLog()
    shorter.append([first for first in _entries_of(log) if first != entry(300)] + [entry(9_999)])
    shorter.files["checkpoint"] = log.files["checkpoint"]
    codes = {code for code, _ in found(shorter)}
    assert "root" in codes


def _entries_of(log):
    from audit.tiles import bundles_between, parse_bundle

    bundles = bundles_between(0, log.edge.size)
    return [found for bundle in bundles for found in parse_bundle(log.files[bundle.path], bundle.width)]


def test_other_root_is_seen():
    """A signed root that the entries do not have is one finding."""
    log = SmallLog(300)
    log.sign(root=b"x" * 32)
    assert found(log) == [("root", "checkpoint")]


@pytest.mark.parametrize("path", ["tile/0/001", "tile/0/002.p/88", "tile/1/000.p/2", "tile/entries/001"])
def test_missing_file_is_named(path):
    """A file that is gone is one finding; what can still be checked is."""
    log = SmallLog(600)
    del log.files[path]
    assert found(log) == [("missing", path)]


@pytest.mark.parametrize("path", ["tile/0/001", "tile/entries/001", "tile/entries/002.p/88"])
def test_cut_file_is_named(path):
    """A file that lost its end is one finding."""
    log = SmallLog(600)
    log.files[path] = log.files[path][:-1]
    assert found(log) == [("malformed", path)]


def test_nothing_left_to_check_is_seen():
    """When entries and the tiles over them are both gone, the root cannot be reached."""
    log = SmallLog(300)
    for path in ("tile/0/001.p/44", "tile/entries/001.p/44"):
        del log.files[path]
    assert [code for code, _ in found(log)] == ["missing", "missing", "root"]


def test_full_tile_without_entries_or_hashes_is_seen():
    """The same in the middle of the log, where the tile above still stands."""
    log = SmallLog(600)
    for path in ("tile/0/001", "tile/entries/001"):
        del log.files[path]
    assert [code for code, _ in found(log)] == ["missing", "missing", "entry"]


def test_tile_that_nothing_vouches_for_is_doubted():
    """When entry, tile and the level above all differ, the finding says that nothing tells which is right."""
    log = SmallLog(600)
    log.flip("tile/0/001", 0)
    log.flip("tile/1/000.p/2", 32)
    texts = [str(finding) for finding in check(log).findings]
    assert texts == [
        "tile/0/001: level 0 hash 0 is not that of the entry, and nothing above tells which is right",
        "tile/1/000.p/2: level 1 hash 1 is not that of level 0",
    ]


def test_level_above_that_is_gone_leaves_a_doubt():
    """Without the level above, the disagreement is named, and the signed root settles the rest."""
    log = SmallLog(600)
    log.flip("tile/0/001", 0)
    del log.files["tile/1/000.p/2"]
    assert found(log) == [("tile", "tile/0/001"), ("missing", "tile/1/000.p/2")]


def test_repeated_tag_is_named():
    """P5: anybody sees that a tag occurs twice, and where."""
    log = SmallLog(300)
    log.append([entry(7)[:33] + entry(8)[33:]])
    findings = check(log).findings
    assert [str(finding) for finding in findings] == ["entry 300: repeats the tag of entry 7"]


@pytest.mark.parametrize(
    "data, code", [(b"", "entry"), (entry(1)[:-1], "entry"), (b"\x03" + entry(1)[1:], "entry"), (b"\x02x\n", "control")]
)
def test_entry_of_no_known_form_is_named(data, code):
    """Every entry is the leaf of an event or a control leaf."""
    log = SmallLog(300)
    log.append([data])
    assert found(log) == [(code, "entry 300")]


def test_leaf_0_must_be_the_identity_of_the_log():
    """What clients pin stands in leaf 0, and names the key that the log is checked with."""
    log = SmallLog()
    log.append([entry(1)])
    assert found(log) == [("identity", "entry 0")]
    other = VerifierKey(ORIGIN, ED25519, b"k" * 32)
    assert [finding.code for finding in check(SmallLog(2), key=other).findings] == ["identity"]
    assert IDENTITY.log_key == LOG


@pytest.mark.parametrize("then", [0, 1, 255, 256, 257, 512, 65_535, 65_536, 65_537, 65_800, 65_835, 65_836])
def test_root_at_an_earlier_size(large, then):
    """The walk gives the root that the log had at an earlier size."""
    expected = edge_root(grow(type(large.edge)(), _entries_of(large)[:then]).edge.rows) if then else EMPTY_ROOT
    assert check(large, then).root_then == expected


def test_findings_are_bounded():
    """A log that is rotten throughout gives as many findings as a person reads."""
    log = SmallLog(600)
    log.append([b""] * 200)
    assert len(check(log).findings) == MAX_FINDINGS


def test_progress_is_told():
    """After each bundle: entries checked, size of the log."""
    steps = []
    check(SmallLog(600), progress=lambda done, size: steps.append((done, size)))
    assert steps == [(256, 600), (512, 600), (600, 600)]
