"""The key store: sealed, private, and honest about what it cannot open."""

from __future__ import annotations

import stat

import pytest

from crypto.encoding import new_id
from crypto.keys import SealingKey, SigningKey
from dossier.client.errors import KeyStoreError
from dossier.client.keys import (
    STORE_SETTINGS,
    home_folder,
    identity_state,
    open_with_file,
    open_with_passphrase,
    read_identity,
)
from dossier.client.making import Identity

STATE = {"text": "geheim woord", "list": [1, 2], "nested": {"flag": True}}


def test_what_is_kept_comes_back(tmp_path):
    """A state is kept under its name and read back by another opening of the store."""
    open_with_file(tmp_path).save("noor-hoekstra", STATE)
    store = open_with_file(tmp_path)
    assert store.load("noor-hoekstra") == STATE
    assert store.names() == ["noor-hoekstra"]
    store.save("noor-hoekstra", {})
    assert store.load("noor-hoekstra") == {}


def test_files_are_sealed_and_private(tmp_path):
    """No content stands in any file in the clear, and only the owner may read them."""
    open_with_file(tmp_path / "home").save("a", STATE)
    for path in (tmp_path / "home").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert b"geheim" not in path.read_bytes()
    assert stat.S_IMODE((tmp_path / "home").stat().st_mode) == 0o700


def test_a_passphrase_opens_its_own_store_only(tmp_path):
    """The right passphrase opens, whatever its Unicode form; another one opens nothing."""
    open_with_passphrase(tmp_path, "caf\u00e9").save("a", STATE)
    assert open_with_passphrase(tmp_path, "cafe\u0301").load("a") == STATE
    with pytest.raises(KeyStoreError):
        open_with_passphrase(tmp_path, "cafe").load("a")


def test_a_store_of_another_form_does_not_open(tmp_path):
    """A store that says it is of another form is not opened as if it were of this one."""
    open_with_passphrase(tmp_path, "cafe").save("a", STATE)
    settings = tmp_path / STORE_SETTINGS
    settings.write_text(settings.read_text().replace("key-store-1", "key-store-2"))
    with pytest.raises(KeyStoreError, match="another form"):
        open_with_passphrase(tmp_path, "cafe")


def test_a_file_under_another_name_does_not_open(tmp_path):
    """The name is bound: who swaps two files gains nothing."""
    store = open_with_file(tmp_path)
    store.save("a", STATE)
    (tmp_path / "a.sealed").rename(tmp_path / "b.sealed")
    with pytest.raises(KeyStoreError):
        store.load("b")


def test_changed_missing_and_wild_names_are_refused(tmp_path):
    """A flipped bit, an absent name, or a path as a name is an error of the key store."""
    store = open_with_file(tmp_path)
    store.save("a", STATE)
    sealed = bytearray((tmp_path / "a.sealed").read_bytes())
    sealed[-1] ^= 1
    (tmp_path / "a.sealed").write_bytes(bytes(sealed))
    for name in ("a", "absent", "../a", "A", "", "a/b"):
        with pytest.raises(KeyStoreError):
            store.load(name)
    (tmp_path / "store.key").write_text("zz")
    with pytest.raises(KeyStoreError):
        open_with_file(tmp_path)


def test_an_identity_survives_the_store(tmp_path):
    """Keys, person, capacity and chain head come back the same; a state without them is none."""
    identity = Identity(new_id(), b"", SigningKey.generate(), SealingKey.generate(), b"h" * 32)
    store = open_with_file(tmp_path)
    store.save("me", identity_state(identity))
    assert read_identity(store.load("me")) == identity
    with pytest.raises(KeyStoreError):
        read_identity({})


def test_the_home_folder_is_a_setting(tmp_path):
    """DOSSIER_HOME decides, else a folder in the home directory."""
    assert home_folder({"DOSSIER_HOME": str(tmp_path)}) == tmp_path
    assert home_folder({}).name == ".dossier"
