"""The export of a dossier in which somebody put what does not open: scenarios export one over HTTP."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from crypto.errors import TamperedError
from dossier.client.errors import RefusedError, UntrustedError
from web.commands import export

GOOD, BAD = "aa" * 16, "bb" * 16
ROWS = [{"item": BAD, "dossier": "", "parts": ["a", "b"]}, {"item": GOOD, "dossier": "", "parts": ["c"]}]


class Holder:
    """An owner whose items are read; the second part of one fails in the given way."""

    pins = None

    def __init__(self, error):
        self._error = error

    def hold(self, _dossier):
        return None

    def read(self, _held, item, _asked, _keys):
        parts = [{"name": "", "mediaType": ""}] * 2
        error = self._error if item.hex() == BAD else None
        statement = SimpleNamespace(envelope=b"{}")
        return SimpleNamespace(
            metadata={"parts": parts}, reading="r", header=SimpleNamespace(statement=statement), error=error
        )


@pytest.fixture
def documents(tmp_path, monkeypatch):
    """What becomes of the rows when a part fails with an error."""

    def save(_session, released, number, sink):
        sink.write(b"x")
        if released.error is not None and number:
            raise released.error

    def made(error):
        company = SimpleNamespace(keep_pins=lambda _name, _pins: None)
        who = SimpleNamespace(
            owner=lambda: Holder(error), company=company, name="me", session=None, log_keys=lambda: None
        )
        return export._documents(who, ROWS, tmp_path)

    monkeypatch.setattr(export, "save_part", save)
    return made


@pytest.mark.parametrize("error", [TamperedError(), UntrustedError("no promise")])
def test_what_does_not_open_keeps_nothing_else_back(documents, tmp_path, error):
    """A document that is not what its author signed is named, and nothing of it stays; all others are written (N73)."""
    bad, good = documents(error)
    assert bad["rejected"] == str(error)
    assert good["parts"][0]["file"] == f"{GOOD}.0"
    assert [path.name for path in tmp_path.iterdir()] == [f"{GOOD}.0"]


def test_a_refusal_ends_an_export(documents):
    """What the service refuses is not made to look like something that does not verify."""
    with pytest.raises(RefusedError):
        documents(RefusedError(403, "no-authority", ""))
