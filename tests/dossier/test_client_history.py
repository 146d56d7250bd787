"""The owner's own check across epochs: successors of the dossier key name the stream key that stood (P5)."""

from __future__ import annotations

import pytest

from audit.errors import IncompleteError, SplitViewError
from audit.history import Checked, first_head
from crypto.chains import verify_dossier_chain
from crypto.dossierkeys import DossierKeys
from crypto.encoding import decode_base64, new_id, sha256
from crypto.keys import SealingKey, SigningKey
from crypto.statements import parse_statement
from dossier.client.history import LoggedTags, check_epochs, check_history
from dossier.client.making import Identity, make_dossier, next_dossier_key
from tests.audit.examples import KEYS, STREAM, reading, stream_of

NOW = 1_800_000_000
SECOND = sha256(b"the second stream key").hex()


@pytest.fixture(scope="module")
def made():
    owner = Identity(new_id(), b"", SigningKey.generate(), SealingKey.generate(), sha256(b"head"))
    return make_dossier(owner, "private", ["debts"], NOW)


def chain_with(made, stream_key_hash):
    """The chain of the dossier with a successor that names this stream key."""
    first = parse_statement(decode_base64(made.body["statements"][0]))
    keys = DossierKeys(b"k" * 32, b"r" * 32)
    second = next_dossier_key(first, made.keys.signing_seed, keys, stream_key_hash, NOW + 1)
    return verify_dossier_chain([first, second], made.dossier)


def checked(chain, *, erased=(), at=6, shown=True):
    """A checked list: an epoch that ends with event 5, the successor's event before or after it."""
    events = {n: {"schema": "query/v1"} for n in range(1, 9)}
    events[5] = {"schema": "epoch/v1", "next": SECOND}
    if shown:
        events[at] = {"schema": "statement/v1", "kind": "dossier-key", "statement": chain.head.hex()}
    return Checked(
        first_head(bytes(32)), {n: each for n, each in events.items() if n not in erased}, tuple(erased), None
    )


def test_successor_names_the_key_that_stood(made):
    """After the end of an epoch a successor names the next key, before it the one that stood until then."""
    check_epochs(chain := chain_with(made, SECOND), checked(chain))
    check_epochs(chain := chain_with(made, sha256(made.stream_key).hex()), checked(chain, at=4))


@pytest.mark.parametrize("at, hash_", [(6, "first"), (4, SECOND), (6, "ab" * 32)])
def test_another_key_is_found_out(made, at, hash_):
    """A successor that names a key which did not stand then shows that two people are shown two streams."""
    chain = chain_with(made, sha256(made.stream_key).hex() if hash_ == "first" else hash_)
    with pytest.raises(SplitViewError, match="another stream key"):
        check_epochs(chain, checked(chain, at=at))


def test_successor_has_an_event(made):
    """A key that the list of events knows nothing of is no key, unless an event was erased and says so."""
    chain = chain_with(made, SECOND)
    with pytest.raises(IncompleteError, match="without an event"):
        check_epochs(chain, checked(chain, shown=False))
    check_epochs(chain, checked(chain, erased=(6,)))


FIVE = stream_of([reading(time=at) for at in range(1, 6)])
START = first_head(sha256(KEYS[0]))


def held(leaves, now=10_000):
    """Check five events of long ago against a log that has these leaves."""
    tags = {leaf[1:33]: leaf for leaf in leaves}
    return check_history(STREAM, KEYS[:1], FIVE, START, LoggedTags(None, tags), now)


def test_events_that_the_log_has_are_whole():
    """P5: what is shown and logged alike is whole; what is a minute old at most may still wait for the log."""
    leaves = [event.leaf for event in FIVE]
    assert held(leaves).waiting == ()
    assert held(leaves[:3], now=60).waiting == (4, 5)


def test_another_leaf_in_the_log_is_found_out():
    """P5: a list that shows one leaf where the log has another for the same tag was made for one reader."""
    leaves = [event.leaf for event in FIVE]
    forged = leaves[2][:-1] + bytes([leaves[2][-1] ^ 1])
    with pytest.raises(SplitViewError, match="event 3: the log has another leaf"):
        held([*leaves[:2], forged, *leaves[3:]])


def test_event_that_never_came_into_the_log_is_found_out():
    """P5: an event that is older than the merge delay and stands in no log is no event."""
    with pytest.raises(IncompleteError, match="event 5: it is not in the log"):
        held([event.leaf for event in FIVE[:4]])


def test_event_that_was_left_out_at_the_end_is_found_out():
    """P5: the log has the tag of the next number, so one event more was written than is shown."""
    more = stream_of([reading(time=at) for at in range(1, 7)])
    with pytest.raises(SplitViewError, match="event 6: it is in the log and was not shown"):
        held([event.leaf for event in more])
