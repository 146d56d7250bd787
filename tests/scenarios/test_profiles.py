"""Commands against a service as anybody would use them: no demonstration, people in a browser, a system by its key."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx2
import pytest

from crypto.keys import SealingKey, SigningKey
from dossier.client.assertion import new_sign_in_key
from dossier.client.flow import read_form
from dossier.client.keys import STORE_KEY
from dossier.client.organisation import add_member, add_system, enter_organisation
from dossier.client.session import Session
from tests.web.serving import served
from web.cli import main
from web.demo.founding import register_signers
from web.signin.personas import PersonaFile

ROOT = Path(__file__).parents[2]
PURPOSE = ["--purpose", "debt-plan", "--reason", "intake"]


def browse(url, persona):
    """Do what a browser does: keep cookies per origin, follow redirects, fill in the page; end at the loopback page."""
    cookies: dict[str, dict[str, str]] = {}
    with httpx2.Client(trust_env=False) as http:

        def send(method, address, form=None):
            jar = cookies.setdefault(urlsplit(address).netloc, {})
            headers = {"cookie": "; ".join(f"{name}={value}" for name, value in jar.items())}
            answer = http.request(method, address, data=form, headers=headers, follow_redirects=False)
            for line in answer.headers.get_list("set-cookie"):
                name, _, value = line.partition(";")[0].partition("=")
                jar[name] = value
            http.cookies.clear()
            return answer

        def follow(answer):
            while answer.has_redirect_location:
                answer = send("GET", urljoin(str(answer.url), answer.headers["location"]))
            return answer

        page = follow(send("GET", url))
        form = read_form(page.text)
        fields = {**form.fields, "subject": persona.subject, "secret": persona.secret}
        return follow(send("POST", urljoin(str(page.url), form.action), fields))


@dataclass
class Machine:
    """One person's computer: a folder of its own for keys, and nothing of a demonstration."""

    home: Path
    origin: str

    def start(self, *words):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("DOSSIER_")}
        environment |= {"DOSSIER_HOME": str(self.home), "PYTHONPATH": str(ROOT), "HOME": str(self.home.parent)}
        command = [sys.executable, "-P", "-m", "web.cli", *words, "--json"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(command, cwd=self.home.parent, env=environment, text=True, **pipes)

    def run(self, *words, persona=None, typed=""):
        """The exit code, what was printed, and what was said; `persona` goes through the browser when asked to."""
        said, seen = [], []

        def listen(stream):
            for line in stream:
                said.append(line)
                if persona is not None and line.strip().startswith("http"):
                    seen.append(browse(line.strip(), persona))

        with self.start(*words) as program:
            listening = threading.Thread(target=listen, args=(program.stderr,))
            listening.start()
            program.stdin.write(typed)
            program.stdin.close()
            out = program.stdout.read()
            code = program.wait(60)
            listening.join(60)
        assert all(answer.status_code == 200 and "U bent ingelogd" in answer.text for answer in seen)
        return code, json.loads(out) if out else {}, "".join(said)

    def here(self, *words):
        """The same in this process: quicker, where nobody is asked for anything."""
        out, said = io.StringIO(), io.StringIO()
        kept = {name: value for name, value in os.environ.items() if name.startswith("DOSSIER_")}
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(said):
            for name in kept:
                patch.delenv(name)
            patch.setenv("DOSSIER_HOME", str(self.home))
            patch.chdir(self.home.parent)
            code = main([*words, "--json"])
        return code, json.loads(out.getvalue()) if out.getvalue() else {}, said.getvalue()

    def done(self, *words, **more) -> Any:
        code, told, said = self.run(*words, **more) if more else self.here(*words)
        assert code == 0, (words, told, said)
        return told


@dataclass
class Place:
    """A service, its personas, an organisation with its key, and a machine for each who acts."""

    origin: str
    personas: dict
    folder: Path
    key: SigningKey

    def machine(self, name):
        (self.folder / name).mkdir(exist_ok=True)
        return Machine(self.folder / name / "keys", self.origin)

    def session(self, subject):
        session = Session(self.origin)
        session.sign_in(subject, self.personas[subject].secret)
        return session


@pytest.fixture(scope="module")
def place(database_urls, tmp_path_factory):
    """An agency with an administrator and a member who have no keys yet, and a system whose keys lie in files."""
    folder = tmp_path_factory.mktemp("place")
    (folder / "data").mkdir()
    with served(database_urls, folder / "data") as origin:
        personas = {each.subject: each for each in PersonaFile(folder / "data" / "personas.json").load()}
        made = Place(origin, personas, folder, SigningKey.generate())
        found(made)
        yield made


def found(place):
    signers = register_signers(place.folder / "data")
    signing, sign_in = SigningKey.generate(), new_sign_in_key("s-1")
    with place.session("registrar") as registrar:
        administrator = ("farida-amrani", "Farida Amrani")
        organisation = enter_organisation(registrar, "Kredietbank", place.key, signers, administrator=administrator)
    with place.session("farida-amrani") as clerk:
        for subject, name in (("noor-hoekstra", "Noor Hoekstra"), ("gerard-mulder", "Gerard Mulder")):
            add_member(clerk, organisation, subject, name, ["debt-counsellor"])
        system = add_system(clerk, organisation, place.key, "Koppeling", signing, SealingKey.generate(), sign_in)
    (place.folder / "organisation.key").write_text(place.key.seed.hex())
    (place.folder / "signing.key").write_text(signing.seed.hex())
    (place.folder / "sign-in.jwk").write_text(json.dumps(sign_in.as_dict(private=True)))
    (place.folder / "client-id").write_text(system.hex())


@pytest.mark.timeout(300)
def test_without_a_demonstration(place):
    """Sign in, be attested, deliver, grant to a role, read, pass keys on, list, end, from empty machines (P6, P7)."""
    at = ["--server", place.origin]
    hanneke, noor, farida, bank = (place.machine(name) for name in ("hanneke", "noor", "farida", "bank"))
    mine = hanneke.done(
        "sign-in", *at, "--dossier", "private", "--admit", "kredietbank", persona=place.personas["hanneke-de-wit"]
    )
    assert (mine["keys"], mine["admitted"], len(mine["passphrase"].split())) == ("made", ["Kredietbank"], 7)
    noor.done("sign-in", *at, "--as", "noor", persona=place.personas["noor-hoekstra"])
    farida.done("sign-in", *at, "--as", "farida", persona=place.personas["farida-amrani"])
    vouching = ["attest", "noor hoekstra", "--as", "farida"]
    assert farida.here(*vouching)[0] == 1
    assert farida.done(*vouching, "--key", str(place.folder / "organisation.key"))["role"] == "debt-counsellor"
    keys = ["--key", str(place.folder / "sign-in.jwk"), "--signing-key", str(place.folder / "signing.key")]
    client = ["--client-id", (place.folder / "client-id").read_text()]
    assert bank.done("sign-in", *at, "--as", "bank", *client, *keys)["name"] == "Kredietbank"
    letter = place.folder / "brief.txt"
    letter.write_text("Aan mevrouw De Wit")
    bsn = next(each for each in place.personas["hanneke-de-wit"].identifiers if each.startswith("bsn:"))
    (item,) = bank.done("push", str(letter), "--to", bsn, "--as", "bank", "--section", "debts")["items"]
    assert [each["title"] for each in hanneke.done("items")["items"]] == ["brief.txt"]
    to = ["--role", "debt-counsellor", "--organisation", "Kredietbank", "--later-members"]
    given = hanneke.done("grant", *to, "--sections", "debts", "--purpose", "debt-plan")
    assert given["members"] == ["Noor Hoekstra"]
    out = place.folder / "out"
    noor.done("open", item["item"], "--as", "noor", *PURPOSE, "--out", str(out))
    assert out.read_text() == letter.read_text()
    (consent,) = hanneke.done("consents")["consents"]
    assert (consent["consent"], consent["state"]) == (given["consent"], "active")
    seen = noor.done("consents", "--as", "noor", "--dossier", mine["dossiers"][0], "--of", "hanneke")
    assert [each["consent"] for each in seen["consents"]] == [given["consent"]]
    assert hanneke.done("share-keys", "--show")["missing"] == []
    gerard = place.machine("gerard")
    gerard.done("sign-in", *at, "--as", "gerard", persona=place.personas["gerard-mulder"])
    farida.done("attest", "gerard mulder", "--as", "farida", "--key", str(place.folder / "organisation.key"))
    late = ["open", item["item"], "--as", "gerard", *PURPOSE, "--out", str(out)]
    assert gerard.here(*late)[0] == 1
    (waiting,) = hanneke.done("share-keys", "--show")["missing"]
    assert waiting["name"] == "Gerard Mulder"
    passing = ["share-keys", "--as", "noor", "--dossier", mine["dossiers"][0], "--of", "hanneke"]
    assert [each["name"] for each in noor.done(*passing)["served"]] == ["Gerard Mulder"]
    assert noor.done(*passing)["served"] == []
    gerard.done(*late)
    assert hanneke.done("share-keys")["served"] == []
    assert len(hanneke.done("events")["events"]) > 5
    assert hanneke.done("withdraw", given["consent"][:8])["state"] == "withdrawn"
    assert noor.here("open", item["item"], "--as", "noor", *PURPOSE, "--out", str(out))[0] == 1


@pytest.mark.timeout(300)
def test_another_machine(place):
    """Keys are opened elsewhere with what was written down, by passphrase or by code; a wrong one opens nothing (P1)."""
    at, persona = ["sign-in", "--server", place.origin], place.personas["yusuf-kaya"]
    first = place.machine("first").done(*at, persona=persona)
    for number, secret in enumerate(("passphrase", "recoveryCode")):
        told = place.machine(f"other-{number}").done(*at, persona=persona, typed=first[secret] + "\n")
        assert (told["keys"], told["chainHead"]) == ("unlocked", first["chainHead"])
        assert "passphrase" not in told
    wrong = place.machine("wrong").run(*at, persona=persona, typed="geen idee\n")
    assert wrong[0] == 1
    assert wrong[1]["ok"] is False
    assert first["passphrase"] not in (place.folder / "first" / "keys" / "me.sealed").read_bytes().decode("latin-1")


@pytest.mark.timeout(300)
def test_profiles_are_of_one_person(place):
    """A profile is of one person at one service; the store can be under a passphrase, and opens with no other."""
    machine = place.machine("careful")
    at = ["sign-in", "--server", place.origin, "--store", "passphrase"]
    machine.done(*at, persona=place.personas["ruth-okafor"], typed="een twee\neen twee\n")
    assert not (machine.home / STORE_KEY).exists()
    assert machine.run("consents", typed="een drie\n")[0] == 1
    assert machine.run("items", typed="een twee\n")[0] == 1  # there is no dossier yet
    code, told, _said = machine.run("sign-in", "--server", "http://localhost:1", typed="een twee\n")
    assert (code, "this profile is of" in told["error"]) == (1, True)
