"""A service that leaves an item out of its owner's list, or shows an older version as the newest: found over HTTP."""

from __future__ import annotations

import pytest

from dossier.client.session import Session
from tests.scenarios.terminal import reached
from web.demo.cast import OWNER

SISTER = "els-de-wit"


@pytest.fixture(scope="module")
async def town(app, personas, settings):
    """How commands reach the owner."""
    return await reached(app, settings, SISTER)


@pytest.fixture
def lies(monkeypatch):
    """Changes what the service answers as the list of items, from here on."""
    genuine = Session.get

    def begin(change):
        def get(session, path, *arguments, **named):
            answer = genuine(session, path, *arguments, **named)
            if path.endswith("/items"):
                answer = answer | {"items": change(answer["items"])}
            return answer

        monkeypatch.setattr(Session, "get", get)

    return begin


async def test_an_item_left_out_is_named(terminal, lies, tmp_path):
    """Held against the events, a list that leaves one out is told from a whole one, and the id is named (N28, P5)."""
    (tmp_path / "brief.txt").write_text("een brief")
    items = [await terminal.push(tmp_path / "brief.txt") for _ in range(3)]
    whole = await terminal.done("items", "--as", OWNER, "--check")
    assert set(items) <= {each["item"] for each in whole["items"]}
    lies(lambda rows: [row for row in rows if row["item"] != items[1]])
    code, told = await terminal.run("items", "--as", OWNER, "--check")
    assert code == 1
    rejected = {each["item"]: each["rejected"] for each in told["items"] if "rejected" in each}
    assert rejected == {items[1]: "was delivered and is left out of the list"}
