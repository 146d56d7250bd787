from __future__ import annotations

import pickle

import pytest

from crypto import (
    DossierKeys,
    MalformedError,
    SigningKey,
    TamperedError,
    inbox_key,
    unwrap_dossier_keys,
    wrap_dossier_keys,
)

KEYS = DossierKeys(b"k" * 32, b"o" * 32)
DOSSIER, ROOT = b"d" * 16, b"r" * 32


def publics(keys: DossierKeys) -> dict[str, bytes]:
    return {"key": SigningKey.from_seed(keys.signing_seed).public, "inbox": inbox_key(keys.root, DOSSIER, 0).public}


def test_round_trip():
    """A holder unwraps the dossier's keys with the user root."""
    wrapped = wrap_dossier_keys(ROOT, KEYS, DOSSIER, 0)
    assert unwrap_dossier_keys(ROOT, wrapped, DOSSIER, 0, **publics(KEYS)) == KEYS


@pytest.mark.parametrize("other", [DossierKeys(b"x" * 32, KEYS.root), DossierKeys(KEYS.signing_seed, b"x" * 32)])
def test_replaced_keys(other):
    """A seed or root put in place of another is not taken (R1, N36)."""
    wrapped = wrap_dossier_keys(ROOT, other, DOSSIER, 0)
    with pytest.raises(TamperedError):
        unwrap_dossier_keys(ROOT, wrapped, DOSSIER, 0, **publics(KEYS))


def test_secrets_stay():
    """The keys neither print, nor are pickled or hashed; they equal only the same keys."""
    assert repr(KEYS) == "DossierKeys()"
    for leak in (pickle.dumps, hash):
        with pytest.raises(TypeError):
            leak(KEYS)
    assert DossierKeys(b"k" * 32, b"o" * 32) == KEYS != DossierKeys(b"k" * 32, b"x" * 32)
    assert KEYS != b"k" * 32


@pytest.mark.parametrize("sizes", [(31, 32), (32, 33)])
def test_sizes(sizes):
    """Both keys are 32 bytes."""
    with pytest.raises(MalformedError):
        DossierKeys(bytes(sizes[0]), bytes(sizes[1]))


def test_inbox_epochs():
    """Every epoch and every dossier has its own inbox pair."""
    pairs = [
        inbox_key(KEYS.root, dossier, sequence).public for dossier in (b"d" * 16, b"e" * 16) for sequence in (0, 1)
    ]
    assert len(set(pairs)) == 4
