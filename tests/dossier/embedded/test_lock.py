"""Facts of dossier/embedded/lock.py."""

from __future__ import annotations

import pytest

from dossier.embedded import lock
from dossier.embedded.errors import StartError


def test_exclusive_waits_then_refuses(tmp_path, monkeypatch):
    """Two holders at once are impossible; the second gives up after its patience."""
    monkeypatch.setattr(lock, "PATIENCE", 0.1)
    with lock.exclusive(tmp_path / "lock"), pytest.raises(StartError), lock.exclusive(tmp_path / "lock"):
        pytest.fail("two holders")


def test_exclusive_is_freed(tmp_path):
    """A lock that was given back can be had again, also after an error."""
    with pytest.raises(ZeroDivisionError), lock.exclusive(tmp_path / "lock"):
        raise ZeroDivisionError
    with lock.exclusive(tmp_path / "lock"):
        assert (tmp_path / "lock").exists()


def test_last_user_knows(tmp_path):
    """Only the last of several users learns that it is alone."""
    first, second = lock.UseMark(tmp_path / "use"), lock.UseMark(tmp_path / "use")
    first.hold()
    second.hold()
    assert first.release() is False
    assert second.release() is True


def test_release_without_hold(tmp_path):
    """Who does not use the server has no say in stopping it."""
    assert lock.UseMark(tmp_path / "use").release() is False
