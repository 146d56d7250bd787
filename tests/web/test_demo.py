"""The demonstration in process: the cast comes in, a second load changes nothing, the first page, what commands find."""

from __future__ import annotations

import asyncio
import json
import os
import re
from pathlib import Path

import httpx2
import pytest

from audit.note import parse_verifier_key
from dossier.client.carrier import Request
from dossier.client.errors import SignInError
from dossier.errors import InvalidRequestError
from dossier.sample import load_world
from tests.web.browsing import ORIGIN, LoopTransport
from web.commands.push import file_name
from web.commands.who import find_name, printable
from web.demo.alone import alone_in
from web.demo.cast import AGENCY, OWNER, PROFESSIONAL, cast_of, records_of
from web.demo.company import Company
from web.demo.describing import begin, complete, moved
from web.demo.loading import JOURNAL, Journal, load, plan, renew
from web.demo.progress import Progress, silent
from web.demo.record import FILE, as_json, read_demo, write_demo
from web.demo.sabotage import SABOTAGES
from web.settings import SettingsError


@pytest.fixture(scope="module")
async def company(app, personas, settings):
    loop = asyncio.get_running_loop()
    secrets = {subject: persona.secret for subject, persona in personas.items()}
    home = settings.data_dir / "home"
    with Company(ORIGIN, home, secrets, lambda _name: LoopTransport(app, loop)) as made:
        yield made


@pytest.fixture(scope="module")
async def loaded(company, settings):
    """The cast with one record, and how many steps that took."""
    world = cast_of(load_world())
    world = type(world)(world.personas, world.agencies, world.professionals, (), records_of(load_world())[:1])
    taken = await asyncio.to_thread(load, company, world, settings.data_dir, silent)
    return world, taken


async def test_all_steps_are_taken_once(company, loaded, settings):
    """Every step of the plan is taken, and a second load takes none."""
    world, taken = loaded
    assert taken == len(list(plan(company, world, settings.data_dir)))
    assert await asyncio.to_thread(load, company, world, settings.data_dir, silent) == 0


async def test_a_load_cut_short_does_nothing_twice(company, loaded, settings, owner_pool):
    """With its journal lost, a load goes through all steps again and leaves what is there as it is (P10)."""
    world, taken = loaded
    kinds = ("register-entry", "system-attestation", "dossier-key", "source-admission", "item-version", "key-chain")
    counted = "SELECT kind, count(*) FROM audit.fact WHERE kind = ANY($1) GROUP BY kind ORDER BY kind"
    before = await owner_pool.fetch(counted, kinds)
    (company.store.home / JOURNAL).unlink()
    assert await asyncio.to_thread(load, company, world, settings.data_dir, silent) == taken
    assert await owner_pool.fetch(counted, kinds) == before
    assert len(before) >= 5


async def test_attestations_are_renewed_in_time(company, loaded, owner_pool):
    """A demonstration that was left alone for weeks attests its people again when it starts; a young one does not."""
    world, _ = loaded
    journal = company.store.home / JOURNAL
    count = "SELECT count(*) FROM audit.fact WHERE kind = 'person-attestation'"
    before = await owner_pool.fetchval(count)
    assert await asyncio.to_thread(renew, company, world) is False
    await asyncio.to_thread(os.utime, journal, (0, 0))
    assert await asyncio.to_thread(renew, company, world) is True
    assert await owner_pool.fetchval(count) == before + len(world.professionals)


async def test_the_file_tells_all_that_a_script_needs(company, loaded, settings):
    """demo.json has URLs, verifier keys, personas with secrets and key files, client ids and their keys; for us alone."""
    world, _ = loaded
    demo = await asyncio.to_thread(lambda: complete(company, begin(ORIGIN, settings.data_dir, world)))
    write_demo(settings.data_dir, demo)
    path = settings.data_dir / FILE
    assert read_demo(path) == demo
    assert path.stat().st_mode & 0o777 == 0o600
    assert demo.loaded
    assert parse_verifier_key(demo.log.vkey).name == demo.log.origin
    owner = demo.personas[OWNER]
    assert owner.secret
    assert owner.dossiers[0].dossier
    system = next(iter(demo.agencies[AGENCY].systems.values()))
    assert jwk(system.sign_in_key)["crv"] == "Ed25519"
    assert len(system.client_id) == 32
    elsewhere = str(settings.data_dir / "copy")
    told = as_json(moved(demo, "http://localhost:9", settings.data_dir / "copy"))
    files = [told["home"], told["storeKey"], told["personas"][OWNER]["keyFile"]]
    files += [each[kind] for each in told["agencies"][AGENCY]["systems"].values() for kind in ("keyFile", "signInKey")]
    assert [file for file in files if not file.startswith(f"{elsewhere}/home")] == []
    assert told["log"]["url"] == "http://localhost:9/log"


async def test_the_first_page_names_everybody_and_no_secret(app, loaded, company, settings):
    """GET / lists personas, agencies and the commands of the story, works without script, and tells no secret."""
    world, _ = loaded
    demo = await asyncio.to_thread(lambda: complete(company, begin(ORIGIN, settings.data_dir, world)))
    write_demo(settings.data_dir, demo)
    page = await fetch(app)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "'unsafe-inline'" not in page.headers["content-security-policy"]
    assert "<script" not in page.text
    for persona in demo.personas.values():
        assert persona.name in page.text
        assert persona.secret not in page.text
    assert demo.agencies[AGENCY].name in page.text
    text = re.sub("<[^>]+>", "", page.text)
    for command in ("push", "items", "open", "grant", "withdraw", "events", "log verify", "log replay"):
        assert f".venv/bin/dossier {command}" in text


async def test_the_first_page_without_a_demonstration(app, settings):
    """Without demo.json the page says what this is, and nothing of personas."""
    (settings.data_dir / FILE).unlink(missing_ok=True)
    page = await fetch(app)
    assert page.status_code == 200
    assert "Eigendossier" in page.text
    assert "Speel het zelf" not in page.text


def jwk(path):
    return json.loads(Path(path).read_text(encoding="utf-8"))


async def fetch(app):
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=ORIGIN) as client:
        return await client.get("/")


async def test_nobody_unknown_signs_in(company):
    """A name without a secret has no session."""
    with pytest.raises(SignInError):
        await asyncio.to_thread(company.session, "nobody")


def test_a_broken_file_is_refused(tmp_path):
    """No file is no demonstration; a file that is not ours is an error, not a demonstration."""
    assert read_demo(tmp_path / FILE) is None
    (tmp_path / FILE).write_text("{}")
    with pytest.raises(InvalidRequestError):
        read_demo(tmp_path / FILE)


def test_one_demonstration_a_folder(tmp_path):
    """While a demonstration runs in a folder no other begins there; when it has ended, however it did, the next one may."""
    with alone_in(tmp_path / "new"):
        with pytest.raises(SettingsError, match="a demonstration runs in"), alone_in(tmp_path / "new"):
            raise AssertionError("a second one has the folder")
        with alone_in(tmp_path / "other"):
            assert (tmp_path / "other").is_dir()
    with alone_in(tmp_path / "new"):
        assert (tmp_path / "new").is_dir()


def test_the_journal_remembers(tmp_path):
    """What was written down is there for the next process."""
    journal = Journal(tmp_path / JOURNAL)
    journal.add("organisation a")
    assert "organisation a" in Journal(tmp_path / JOURNAL)
    assert "organisation b" not in Journal(tmp_path / JOURNAL)


async def test_people_are_found_by_name(company, loaded, settings):
    """A slug, a full name in any case, or how it begins, if only one begins so."""
    world, _ = loaded
    demo = begin(ORIGIN, settings.data_dir, world)
    assert {find_name(demo, words) for words in (OWNER, "hanneke DE wit", "hanneke")} == {OWNER}
    assert find_name(demo, AGENCY) == AGENCY
    assert find_name(demo, "noor") == PROFESSIONAL
    for words in ("nobody", ""):
        with pytest.raises(InvalidRequestError):
            find_name(demo, words)


def test_hostile_names_become_readable():
    """Bytes that are no text, control and direction characters cannot reach a terminal or metadata."""
    assert file_name("bad\udcff\udcfe.txt") == "bad\ufffd\ufffd.txt"
    assert file_name("a\x1b[31m\nb") == "a\ufffd[31m\ufffdb"
    assert file_name("") == "-"
    assert len(file_name("x" * 1_000)) == 200
    assert printable("a\u202eb\x07c") == "a\ufffdb\ufffdc"


def test_progress_says_little_where_nobody_watches(capsys):
    """Without a terminal there is a line at the beginning, now and then, and at the end."""
    progress = Progress()
    for done in range(5):
        progress(done, 4, "step")
    assert capsys.readouterr().err.splitlines() == ["loading 0/4: step", "loading 4/4: step"]


@pytest.mark.parametrize("name", sorted(SABOTAGES))
def test_a_sabotage_leaves_the_rest_alone(name):
    """Only the answers that a sabotage is about are changed."""
    _target, make = SABOTAGES[name]
    request = Request("GET", f"{ORIGIN}/v1/register")
    assert make()(request, 200, b"{}") is None
    tile = Request("GET", f"{ORIGIN}/log/tile/0/000.p/3")
    assert (make()(tile, 200, b"\x00\x01") == (200, b"\x01\x01")) is (name == "flipped-tile")
