"""The commands `authority` and `rotate`: somebody is put on the list, ended, and the keys are made anew."""

from __future__ import annotations

import pytest

from tests.scenarios.terminal import ASKED, GRANT, reached
from web.demo.cast import OWNER, PROFESSIONAL

FRIEND = "ruth-okafor"


@pytest.fixture(scope="module")
async def town(app, personas, settings):
    """How commands reach an owner, and a friend with keys."""
    return await reached(app, settings, FRIEND)


async def acts_for_the_owner(terminal, item):
    """A mandate lists, gives a consent and ends it, each signed in that capacity."""
    acting = ("--as", FRIEND, "--of", OWNER)
    listed = await terminal.done("items", *acting)
    assert item in [each["item"] for each in listed["items"]]
    given = await terminal.done(
        "grant", *acting, "--to", PROFESSIONAL, "--sections", "income", "--purpose", "debt-plan"
    )
    shown = await terminal.done("consents", "--as", OWNER)
    assert given["consent"] in [each["consent"] for each in shown["consents"]]
    assert (await terminal.done("withdraw", given["consent"], *acting))["state"] == "withdrawn"
    events = (await terminal.done("events", "--as", OWNER, "--dossier", "private"))["events"]
    by = [(each["fields"]["kind"], each["fields"]["capacity"]) for each in events if each["fields"].get("capacity")]
    assert by[-2:] == [("consent", "mandate"), ("withdrawal", "mandate")]


async def test_by_hand_from_adding_to_new_keys(terminal, tmp_path):
    """Added, read, ended by sign-in alone, rotated with progress; the owner and a grantee read on, the friend does not."""
    letter = tmp_path / "brief.txt"
    letter.write_text("beste Hanneke")
    first = await terminal.push(letter)
    await terminal.done(*GRANT)
    added = await terminal.done("authority", "--as", OWNER, "--dossier", "private", "--add", FRIEND)
    assert [(each["capacity"], each["full"]) for each in added["holders"]] == [("owner", True), ("mandate", True)]
    dossier = added["holders"][0]["dossier"]
    out = tmp_path / "out"
    await terminal.done("open", first, "--as", FRIEND, "--dossier", dossier, "--out", str(out))
    assert out.read_text() == "beste Hanneke"
    await acts_for_the_owner(terminal, first)
    ended = await terminal.done("authority", "--as", OWNER, "--dossier", "private", "--end", FRIEND)
    assert len(ended["holders"]) == 1
    between = await terminal.push(letter)
    code, told = await terminal.run("rotate", "--as", OWNER, "--dossier", "private")
    assert (code, told["dossiers"][0]["sequence"], told["dossiers"][0]["resealed"]) == (0, 1, 1)
    assert "a new dossier key ..." in terminal.err
    again = (await terminal.done("rotate", "--as", OWNER, "--dossier", "private"))["dossiers"][0]
    assert (again["sequence"], again["sections"], again["resealed"]) == (-1, [], 0)
    later = await terminal.push(letter)
    for item in (first, between, later):
        await terminal.done("open", item, "--as", OWNER, "--out", str(out))
        await terminal.done("open", item, "--as", PROFESSIONAL, *ASKED, "--out", str(out))
    late = ("open", later, "--as", FRIEND, "--dossier", dossier, "--out", str(out))
    assert (await terminal.run(*late))[0] == 1
    assert (await terminal.run("rotate", "--as", FRIEND, "--dossier", dossier))[0] == 1
    events = await terminal.done("events", "--as", OWNER, "--dossier", "private")
    assert {"epoch/v1", "stopped/v1"} <= {each["fields"]["schema"] for each in events["events"]}
