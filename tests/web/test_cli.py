"""Facts of web/cli.py and the commands that need no running service."""

from __future__ import annotations

import pytest

from web.cli import COMMANDS, main


def test_without_a_command(capsys):
    """Without a command the list of commands is shown and nothing is done."""
    assert main([]) == 2
    told = capsys.readouterr().out
    assert all(name in told for name in COMMANDS)


def test_unknown_command(capsys):
    """A word that is no command is named, with the list."""
    assert main(["dance"]) == 2
    assert "`dance` is not a command" in capsys.readouterr().err


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_explains_itself(name, capsys):
    """Every command in the table exists and has a help text."""
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    assert f"dossier {name}" in capsys.readouterr().out


def test_bad_setting(monkeypatch, capsys):
    """What keeps a command from starting is told in one line, with exit code 1."""
    monkeypatch.setenv("DOSSIER_PROT", "1")
    assert main(["serve"]) == 1
    assert capsys.readouterr().err == "dossier: unknown setting DOSSIER_PROT\n"


def test_migrate_needs_the_owner(monkeypatch, capsys):
    """Migrating another's server without the owner's URL is refused before anything is touched."""
    monkeypatch.setenv("DOSSIER_DATABASE_URL", "postgresql://dossier_service@127.0.0.1:1/none")
    assert main(["migrate"]) == 1
    assert "DOSSIER_DATABASE_OWNER_URL" in capsys.readouterr().err


def test_doctor_with_a_sick_database(monkeypatch, capsys, tmp_path):
    """The doctor says not ok, and exits 1, when the database does not answer."""
    monkeypatch.setenv("DOSSIER_DATABASE_URL", "postgresql://dossier_service@127.0.0.1:1/none")
    assert main(["doctor", "--data-dir", str(tmp_path)]) == 1
    assert "not ok  database: the database does not answer" in capsys.readouterr().out


def test_doctor_makes_nothing(capsys, tmp_path):
    """The doctor of a folder that holds nothing yet says so, and leaves it as it is."""
    assert main(["doctor", "--data-dir", str(tmp_path / "none")]) in {0, 1}
    assert "no database yet" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["demo", "serve"])
def test_a_folder_that_cannot_be_is_told_in_a_line(capsys, tmp_path, command):
    """A data folder that is a file, or below one, is one line and exit code 1, not a trace of the program."""
    (tmp_path / "file").write_text("not a folder")
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        assert main([command, "--port", "8999", "--data-dir", str(place)]) == 1
        told = capsys.readouterr().err
        assert told.startswith("dossier: ")
        assert str(tmp_path) in told
        assert told.count("\n") == 1


def test_doctor_with_a_healthy_database(monkeypatch, capsys, tmp_path, database_urls):
    """The doctor finds roles, durability, revision and clock of a good server in order."""
    monkeypatch.setenv("DOSSIER_DATABASE_URL", database_urls.service)
    main(["doctor", "--parts", "--data-dir", str(tmp_path)])
    told = capsys.readouterr().out.splitlines()
    assert [line for line in told if line.startswith("not ok") and "front end" not in line] == []
    assert "ok      0 stored parts read, 0 damaged" in told
    assert "ok      role dossier_service is bound" in told
    assert "ok      fsync is on" in told
