"""Facts of dossier/embedded/binaries.py."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

import pytest

from dossier.embedded.account import choose_account
from dossier.embedded.binaries import find_binaries
from dossier.embedded.errors import BinariesError, ForeignClusterError
from dossier.embedded.places import SHARED, check_ours


def test_finds_programs_that_run():
    """The programs found can be run by the server's account and tell their version."""
    account = choose_account()
    found = find_binaries(account)
    assert found.major >= 15
    assert found.version in account.run([found.directory / "initdb", "--version"]).stdout


def test_named_directory_without_programs(tmp_path):
    """A named directory without programs is refused, not replaced by another."""
    with pytest.raises(BinariesError):
        find_binaries(choose_account(), tmp_path)


def test_too_old():
    """Programs older than 15 are refused."""
    with tempfile.TemporaryDirectory(dir=SHARED) as made:
        folder = Path(made)
        folder.chmod(0o755)
        program = folder / "postgres"
        program.write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 14.9'\n", "ascii")
        program.chmod(0o755)
        with pytest.raises(BinariesError, match="15 or newer"):
            find_binaries(choose_account(), folder)


def test_shared_folder_of_others_is_refused(tmp_path):
    """A folder in a shared place that others may write in, or that is a link, is not trusted."""
    loose = tmp_path / "loose"
    loose.mkdir()
    loose.chmod(0o777)
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    for place in (loose, link):
        with pytest.raises(ForeignClusterError):
            check_ours(place)


def test_own_folder_is_accepted(tmp_path):
    """A folder of ours that only we may write in is used as it is."""
    tmp_path.chmod(0o755)
    check_ours(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755
    assert tmp_path.stat().st_uid == os.geteuid()
