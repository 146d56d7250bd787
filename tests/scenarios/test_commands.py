"""The command line as people use it: deliver any file, open it again, let somebody look, stop it, see who looked."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import sys
from pathlib import Path

import pytest

from dossier.client.keys import open_with_file
from tests.scenarios.terminal import ASKED, GRANT, reached
from web.cli import main
from web.commands.looking import day, last_day
from web.demo.cast import AGENCY, AUDITOR, IDENTIFIER, OWNER, PROFESSIONAL

ENGINEERS = Path(__file__).parents[2] / "docs" / "integrate.md"
MIB = 1024 * 1024
SISTER = "els-de-wit"
LAST_DAY = "2099-12-31"


@pytest.fixture(scope="module")
async def town(app, personas, settings):
    """How commands reach an owner, and a sister with keys."""
    return await reached(app, settings, SISTER)


def made_files(folder):
    """Files of every awkward size and name; the names as bytes, since some are no text."""
    contents = {
        b"empty": b"",
        b"one": b"\x00",
        b"chunk-less-one": os.urandom(65_535),
        b"chunk": os.urandom(65_536),
        b"chunk-and-one": os.urandom(65_537),
        b"large.json": json.dumps(["x" * 76] * 6_000).encode(),
        b"bad-utf-8.txt": b"\xff\xfe\x80 no text",
        b"name \xff\xfe.txt": b"a name that is no text",
        b"name \x1b[31m\n.pdf": b"a name that a terminal would obey",
        "naïef ".encode() * 30: b"a long name",
    }
    paths = [folder / os.fsdecode(name) for name in contents]
    for path, content in zip(paths, contents.values(), strict=True):
        path.write_bytes(content)
    return [str(path) for path in paths], list(contents.values())


def test_the_page_for_engineers_finds_its_settings(terminal, settings, tmp_path, monkeypatch):
    """The script of docs/integrate.md prints, from a demonstration's folder alone, all that the page's steps read."""
    (script,) = re.findall(r"```py\n(.*?)```", ENGINEERS.read_text("utf-8"), re.DOTALL)
    (tmp_path / ".data").symlink_to(settings.data_dir)
    monkeypatch.chdir(tmp_path)
    exec(compile(script, str(ENGINEERS), "exec"), {})
    told = dict(line.removeprefix("export ").split("=", 1) for line in terminal.capsys.readouterr().out.splitlines())
    assert told["IDENTIFIER"] == IDENTIFIER
    assert len(bytes.fromhex(told["DIRECTORY_KEY"])) == 32
    assert "d" in json.loads((tmp_path / told["SIGN_IN_KEY"]).read_text())
    assert {f"export {name}" for name in told} == set(
        re.findall(r"^export \w+", ENGINEERS.read_text("utf-8"), re.MULTILINE)
    )


@pytest.mark.skipif(sys.platform == "darwin", reason="its file system takes only names that are text")
async def test_any_file_comes_back_byte_for_byte(terminal, tmp_path):
    """Any size, any bytes, any name: pushed by an agency, opened by the owner, the same; titles are safe to show (N15)."""
    (tmp_path / "in").mkdir()
    files, contents = made_files(tmp_path / "in")
    pushed = await terminal.done("push", *files, "--to", IDENTIFIER, "--as", AGENCY, "--section", "debts")
    assert [item["bytes"] for item in pushed["items"]] == [len(content) for content in contents]
    out = tmp_path / "out"
    for item, content in zip(pushed["items"], contents, strict=True):
        assert item["title"].isprintable()
        await terminal.done("open", item["item"], "--as", OWNER, "--out", str(out))
        assert out.read_bytes() == content


async def test_a_dossier_is_taken_along(terminal, tmp_path):
    """The owner exports every document byte for byte, each by a reading that is an event; nobody else exports (P4)."""
    letter, out = tmp_path / "letter.txt", tmp_path / "all"
    letter.write_text("Aan mevrouw De Wit, om mee te nemen")
    pushed = await terminal.done("push", str(letter), "--to", IDENTIFIER, "--as", AGENCY, "--title", "../../titel")
    told = await terminal.done("export", "--as", OWNER, "--out", str(out))
    rows = {row["item"]: row for row in json.loads((out / "index.json").read_text("utf-8"))["items"]}
    shown = (await terminal.done("items", "--as", OWNER))["items"]
    assert rows.keys() == {each["item"] for each in shown} == {each["item"] for each in told["items"]}
    row = rows[pushed["items"][0]["item"]]
    assert row["metadata"]["title"] == "../../titel"
    assert (out / row["parts"][0]["file"]).read_bytes() == letter.read_bytes()
    files = {part["file"] for each in rows.values() for part in each["parts"]}
    assert {path.name for path in out.iterdir()} == {*files, "index.json", "consents.json", "events.json"}
    events = json.loads((out / "events.json").read_text("utf-8"))["events"]
    downloads = {each["event"] for each in events if each["fields"].get("action") == "download"}
    assert {each["reading"] for each in rows.values()} <= downloads
    assert (await terminal.run("export", "--as", OWNER, "--out", str(out)))[0] == 1
    assert (await terminal.run("export", "--as", PROFESSIONAL, "--out", str(tmp_path / "other")))[0] == 1
    assert not (tmp_path / "other").exists()


@pytest.mark.timeout(300)
async def test_two_hundred_megabytes(terminal, tmp_path):
    """An agency's largest part goes in and comes out the same, in segments and ranges."""
    large, out = tmp_path / "large", tmp_path / "out"
    with large.open("wb") as file:
        for _ in range(190):
            file.write(os.urandom(MIB))
    pushed = await terminal.done("push", str(large), "--to", IDENTIFIER, "--as", AGENCY)
    await terminal.done("open", pushed["items"][0]["item"], "--as", OWNER, "--out", str(out))
    assert digest(out) == digest(large)


def digest(path):
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


async def test_the_story_by_hand(terminal, tmp_path):
    """Grant, read, withdraw and refused read by commands alone; the owner's list tells of the look (P4, P6, P7)."""
    letter, out = tmp_path / "letter.txt", tmp_path / "out"
    letter.write_text("Aan mevrouw De Wit")
    item = await terminal.push(letter)
    assert item in {each["item"] for each in (await terminal.done("items", "--as", OWNER))["items"]}
    looking = ["open", item, "--as", PROFESSIONAL, *ASKED, "--out", str(out)]
    assert (await terminal.run(*looking))[0] == 1
    preview = await terminal.done(*GRANT, "--preview")
    assert item in {each["item"] for each in preview["changes"]}
    consent = (await terminal.done(*GRANT))["consent"]
    shown = await terminal.done("consents", "--as", OWNER)
    assert [(each["consent"], each["state"]) for each in shown["consents"]] == [(consent, "active")]
    listed = await terminal.done("items", "--as", PROFESSIONAL, *ASKED, "--of", OWNER)
    assert item in {each["item"] for each in listed["items"]}
    reading = (await terminal.done(*looking))["reading"]
    assert out.read_text() == letter.read_text()
    assert (await terminal.done("withdraw", consent[:8], "--as", OWNER))["state"] == "withdrawn"
    assert (await terminal.run(*looking)) == (1, await refused(terminal, *looking))
    assert (await terminal.done("consents", "--as", OWNER))["consents"] == []
    events = (await terminal.done("events", "--as", OWNER))["events"]
    assert reading in {each["event"] for each in events}


async def refused(terminal, *words):
    """What a command says that gets nothing: not found, and no word more."""
    _code, told = await terminal.run(*words)
    assert (told["ok"], told["status"], told["code"]) == (False, 404, "not-found")
    return told


async def test_by_sign_in_alone(terminal):
    """A consent is ended without a key, as on another device (P7)."""
    granting = ["grant", "--as", OWNER, "--to", PROFESSIONAL, "--sections", "income", "--purpose", "debt-plan"]
    consent = (await terminal.done(*granting, "--until", "2099-12-31"))["consent"]
    assert (await terminal.done("withdraw", consent, "--as", OWNER, "--without-key"))["state"] == "withdrawn"


async def test_an_administrator_attests(terminal):
    """A member is attested again by their own administrator, and by nobody else."""
    assert (await terminal.done("attest", PROFESSIONAL, "--as", "farida"))["role"] == "debt-counsellor"
    assert (await terminal.run("attest", PROFESSIONAL, "--as", "olga"))[0] == 1


async def test_an_auditor_sees_events_and_no_title(terminal):
    """The auditor's list holds every event, and nothing that was sealed (P1)."""
    told = await terminal.done("events", "--as", AUDITOR)
    assert len(told["events"]) > 10
    assert "letter.txt" not in json.dumps(told)


@pytest.mark.parametrize("language, words", [("nl", "Noor Hoekstra van "), ("en", "Noor Hoekstra of ")])
async def test_what_is_signed_is_what_was_printed(terminal, app, language, words):
    """The sentence stands in the consent by hash and language: in the one that was asked for, Dutch without asking (P6)."""
    chosen = ["--language", language] if language != "nl" else []
    given = await terminal.done(*GRANT, *chosen)
    case = await accepted_case(terminal)
    asking = ["ask", "--as", PROFESSIONAL, "--of", OWNER, "--case", case]
    asked = (await terminal.done(*asking, "--sections", "debts", "--purpose", "debt-plan"))["request"]
    answered = await terminal.done("answer", asked, "--as", OWNER, "--grant", *chosen)
    for told, consent in ((given, given["consent"]), (answered, answered["consents"][0])):
        assert told["text"].startswith(words)
        assert await signed_words(app, consent) == (hashlib.sha256(told["text"].encode()).hexdigest(), language)
        await terminal.done("withdraw", consent, "--as", OWNER)
    await terminal.done("cases", "close", case, "--as", PROFESSIONAL)


async def signed_words(app, consent):
    """Hash and language of the words that a consent names."""
    wanted = "SELECT body FROM audit.fact WHERE kind = 'consent' AND subject = $1"
    text = json.loads(await app.state.service.pool.fetchval(wanted, bytes.fromhex(consent)))["text"]
    return text["hash"], text["language"]


async def accepted_case(terminal):
    """A case that a professional opened and the owner accepted."""
    opened = await terminal.done("cases", "open", "--as", PROFESSIONAL, "--owner", OWNER, "--purpose", "debt-plan")
    await terminal.done("cases", "accept", opened["case"][:8], "--as", OWNER)
    return opened["case"]


async def test_a_list_of_cases_says_what_about_and_until_when(terminal):
    """Subject and end of one's part in a list come from the signed statements; of a closed case, when it closed (P5)."""
    case = await accepted_case(terminal)
    adding = ["cases", "add", case, "--as", OWNER, "--participant", SISTER, "--purpose", "network-help"]
    await terminal.done(*adding, "--until", LAST_DAY)
    lines = {name: await listed_case(terminal, name, case) for name in (PROFESSIONAL, OWNER, SISTER)}
    assert {row["subject"] for row, _ in lines.values()} == {"support"}
    assert lines[PROFESSIONAL][0]["until"] == 0
    assert lines[PROFESSIONAL][1].endswith("about support  without end")
    assert lines[OWNER][1].endswith(f"about support  through {last_day(lines[OWNER][0]['until'])}")
    assert lines[SISTER][1].endswith(f"about support  through {LAST_DAY}")
    invited = (await terminal.done("cases", "open", "--as", PROFESSIONAL, "--owner", OWNER))["case"]
    row, line = await listed_case(terminal, OWNER, invited)
    assert ("until" in row, line.endswith("about support")) == (False, True)
    for each in (case, invited):
        await terminal.done("cases", "close", each, "--as", PROFESSIONAL)
    row, line = await listed_case(terminal, PROFESSIONAL, case)
    assert line.endswith(f"closed on {day(row['closedAt'])}")
    assert "subject" not in row


async def listed_case(terminal, name, case):
    """A case in somebody's list: its values, and its line for people."""
    (row,) = [each for each in (await terminal.done("cases", "--as", name))["cases"] if each["case"] == case]
    words = ["cases", "--as", name, "--data-dir", str(terminal.data_dir)]
    assert await asyncio.to_thread(main, words) == 0
    (line,) = [each for each in terminal.capsys.readouterr().out.splitlines() if each.startswith(case)]
    return row, line


async def test_a_team_gets_its_keys(terminal, tmp_path):
    """A consent for the team of a case comes with keys for who is in it; the owner sees that nobody waits (P6, P7)."""
    letter, out = tmp_path / "letter.txt", tmp_path / "out"
    letter.write_text("Voor het team")
    item = await terminal.push(letter)
    case = await accepted_case(terminal)
    granting = ["grant", "--as", OWNER, "--team", case[:8], "--sections", "debts", "--purpose", "debt-plan"]
    given = await terminal.done(*granting, "--later-members")
    assert (given["state"], given["members"], given["waiting"]) == ("active", ["Noor Hoekstra"], [])
    reading = ["open", item, "--as", PROFESSIONAL, *ASKED, "--case", case[:8], "--out", str(out)]
    await terminal.done(*reading)
    assert out.read_text() == letter.read_text()
    assert (await terminal.done("share-keys", "--as", OWNER, "--show"))["missing"] == []
    assert (await terminal.done("cases", "close", case[:8], "--as", PROFESSIONAL))["state"] == "closed"
    assert (await terminal.run(*reading))[0] == 1


async def test_a_sister_in_the_team_gets_her_keys(terminal, tmp_path):
    """A citizen tells her keys, is brought in with these and no others, reads, leaves by sign-in, and gets no more (P7)."""
    letter, out = tmp_path / "letter.txt", tmp_path / "out"
    letter.write_text("Voor mijn zus")
    item = await terminal.push(letter)
    case = await accepted_case(terminal)
    told = (await terminal.done("cases", "keys", "--as", SISTER))["keys"]
    adding = ["cases", "add", case, "--as", OWNER, "--participant", SISTER, "--purpose", "network-help", "--keys"]
    assert (await terminal.run(*adding, "00" * 32))[1]["code"] == "pin"
    assert (await terminal.run(*adding, "my own"))[0] == 1
    await terminal.done(*adding, f"{told[:32].upper()} {told[32:]}")
    granting = ["grant", "--as", OWNER, "--team", case, "--sections", "debts", "--purpose", "debt-plan"]
    given = await terminal.done(*granting, "--later-members")
    assert (given["members"], given["waiting"]) == (["Noor Hoekstra", "Els de Wit"], [])
    reading = ["open", item, "--as", SISTER, *ASKED, "--case", case, "--out", str(out)]
    await terminal.done(*reading)
    assert out.read_text() == letter.read_text()
    await terminal.done("cases", "leave", case, "--as", SISTER)
    assert (await terminal.run(*reading))[0] == 1
    assert (await terminal.done("cases", "show", case, "--as", OWNER))["chain"]["ended"] != []
    pins = (await terminal.done("pins", "--as", OWNER))["pins"]
    assert {"case", "ended part"} <= {each["kind"] for each in pins}
    sister = (await terminal.done("cases", "keys", "--as", SISTER))["person"]
    gone = (await terminal.done("pins", "--as", OWNER, "--forget", sister))["forgotten"]
    assert {each["kind"] for each in gone} == {"keys"}
    await terminal.done("cases", "close", case, "--as", PROFESSIONAL)


async def test_what_was_seen_is_held_to(terminal, town, settings):
    """A reader's pins are kept between commands: another chain blocks, says what to do, and is let in on purpose (R14)."""
    given = await terminal.done(*GRANT)
    listing = ["consents", "--as", PROFESSIONAL, "--of", OWNER]
    await terminal.done(*listing)
    store = open_with_file(settings.data_dir / "home")
    state = store.load(PROFESSIONAL)
    assert state["pins"]["dossiers"] == {given["dossier"]: state["pins"]["dossiers"][given["dossier"]]}
    state["pins"]["dossiers"][given["dossier"]] = "ab" * 32
    store.save(PROFESSIONAL, state)
    code, told = await terminal.run(*listing)
    assert (code, told["code"], "pins --forget" in told["error"]) == (1, "pin", True)
    forgetting = ["pins", "--as", PROFESSIONAL, "--forget", given["dossier"]]
    assert {each["of"] for each in (await terminal.done(*forgetting))["forgotten"]} == {given["dossier"]}
    assert (await terminal.run(*forgetting))[0] == 1
    await terminal.done(*listing)
    await terminal.done("withdraw", given["consent"], "--as", OWNER)


async def test_the_log_is_held_to_what_was_seen(terminal, settings):
    """The owner's command remembers how far the log was, and refuses one that does not contain it (P5)."""
    await terminal.done("events", "--as", OWNER)
    store = open_with_file(settings.data_dir / "home")
    state = store.load(OWNER)
    assert state["checkpoint"]["size"] > 0
    good = state["checkpoint"]
    for wrong in ({"root": "A" * 43 + "="}, {"size": good["size"] + 10**6}, {"origin": "another/log"}):
        store.save(OWNER, {**state, "checkpoint": {**good, **wrong}})
        code, told = await terminal.run("events", "--as", OWNER)
        assert (code, told["code"]) == (1, "split-view")
    store.save(OWNER, state)
    await terminal.done("events", "--as", OWNER)


async def test_looks_are_told_with_what_and_why(terminal, tmp_path):
    """The list of events says in one line who did what to which item, for what, and on which ground (P4)."""
    letter = tmp_path / "brief.txt"
    letter.write_text("beste Hanneke")
    item = await terminal.push(letter)
    consent = (await terminal.done(*GRANT))["consent"]
    await terminal.done("open", item, "--as", PROFESSIONAL, *ASKED, "--out", str(tmp_path / "out"))
    await asyncio.to_thread(main, ["events", "--as", OWNER, "--data-dir", str(terminal.data_dir)])
    told = terminal.capsys.readouterr().out
    assert f"Hanneke de Wit  consent  {consent}\n" in told
    assert f"Noor Hoekstra  Kredietbank Lindeland  read  {item}  permit  debt-plan  intake  consent\n" in told
    assert "none left out" in told


@pytest.mark.parametrize(
    "words",
    [
        ("grant", "--as", OWNER, "--to", PROFESSIONAL, "--sections", "money", "--purpose", "debt-plan"),
        ("grant", "--as", OWNER, "--to", PROFESSIONAL, "--sections", "debts", "--purpose", "loans"),
        ("grant", "--as", OWNER, "--to", PROFESSIONAL, "--sections", "debts"),
        ("grant", "--as", OWNER, "--role", "debt-counsellor", "--sections", "debts", "--purpose", "debt-plan"),
        ("grant", "--as", OWNER, "--team", "ff", "--sections", "debts", "--purpose", "debt-plan"),
        ("share-keys", "--as", PROFESSIONAL),
        ("pins", "--as", OWNER, "--forget", "00" * 16),
        ("open", "00" * 16, "--as", OWNER, "--out", "/does/not/exist"),
        ("items", "--as", "nobody"),
        ("items", "--as", PROFESSIONAL),
        ("items", "--as", PROFESSIONAL, "--of", OWNER),
        ("ask", "--as", PROFESSIONAL, "--of", OWNER, "--sections", "debts"),
        ("open", "00" * 16, "--as", PROFESSIONAL, "--out", "x"),
        ("open", "00" * 16, "--as", PROFESSIONAL, "--purpose", "loans", "--out", "x"),
        ("open", "xyz", "--as", OWNER, "--out", "x"),
        ("open", "00" * 16, "--as", OWNER, "--out", "x"),
        ("push", "/does/not/exist", "--to", IDENTIFIER, "--as", AGENCY),
        ("push", __file__, "--to", "bsn:123456789", "--as", AGENCY),
        ("push", __file__, "--to", IDENTIFIER, "--as", OWNER),
        ("push", __file__, "--to", IDENTIFIER, "--as", AGENCY, "--section", "nonsense"),
        ("grant", "--as", OWNER, "--to", "nobody", "--sections", "debts"),
        ("grant", "--as", OWNER, "--to", OWNER, "--sections", "debts"),
        ("grant", "--as", OWNER, "--to", PROFESSIONAL, "--sections", "debts", "--until", "tomorrow"),
        ("withdraw", "00" * 16, "--as", OWNER),
    ],
)
async def test_what_cannot_be_done_is_said_in_one_line(terminal, words, tmp_path, monkeypatch):
    """A wrong name, id, file, section or day: exit code 1, one JSON object, nothing written."""
    monkeypatch.chdir(tmp_path)
    code, told = await terminal.run(*words)
    assert code == 1
    assert told["ok"] is False
    assert told["error"]
    assert list(tmp_path.iterdir()) == []


def test_without_a_demonstration(tmp_path, monkeypatch, capsys):
    """Where there is no demo.json, a command says how to get one."""
    monkeypatch.chdir(tmp_path)
    assert main(["items", "--as", OWNER, "--data-dir", str(tmp_path)]) == 1
    assert "dossier demo" in capsys.readouterr().err
