"""Facts of dossier/embedded/account.py."""

from __future__ import annotations

import os

import pytest

from dossier.embedded.account import child_environment, choose_account
from dossier.embedded.errors import ClusterError


def test_never_root():
    """Whoever we are, the server's account is not root."""
    account = choose_account()
    assert account.uid != 0
    assert account.drop == (os.geteuid() == 0)


def test_children_run_as_the_account():
    """A child process has the account's user id and no other groups."""
    account = choose_account()
    assert account.run(["/usr/bin/id", "-u"]).stdout.strip() == str(account.uid)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root chooses another account")
def test_named_account():
    """A named account must exist and must not be root."""
    assert choose_account("nobody").name == "nobody"
    for name in ("root", "no-such-account"):
        with pytest.raises(ClusterError):
            choose_account(name)


def test_no_secrets_travel(monkeypatch):
    """P1: children get neither our settings nor PostgreSQL's own variables."""
    monkeypatch.setenv("DOSSIER_DATABASE_URL", "postgresql://a:secret@/b")
    monkeypatch.setenv("PGPASSWORD", "secret")
    assert set(child_environment()) == {"PATH", "LC_ALL", "TZ"}


def test_reach_is_asked_of_the_kernel(tmp_path):
    """A folder that the account cannot write in is seen as such."""
    account = choose_account()
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    assert not account.can_write_in(closed)
    assert not account.can_write_in(tmp_path / "absent")
