"""Facts of the files around the code: locks, compose file, licence, decisions."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import textwrap
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from web.settings import PREFIX, Settings, load_settings
from web.signin.development import LEVELS
from web.signin.options import CALLBACK_PATH, check_production
from web.signin.provider import client_key

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock")
NPM_LOCKS = ("web/ui/package-lock.json", "tests/oidc/package-lock.json")


@pytest.mark.parametrize("name", LOCKS)
def test_locks_name_no_host(name):
    """A lock holds names, versions and hashes, and no address of any registry."""
    text = (ROOT / name).read_text("utf-8")
    assert "://" not in text
    assert "--hash=sha256:" in text
    assert not re.search(r"^--(index|extra-index|find-links)", text, re.MULTILINE)


@pytest.mark.parametrize("name", LOCKS)
def test_locks_pin_everything_with_hashes(name):
    """Every requirement is pinned to one version and followed by at least one hash."""
    blocks = re.split(r"^(?=[a-z0-9])", (ROOT / name).read_text("utf-8"), flags=re.MULTILINE)[1:]
    assert len(blocks) > 20
    assert all(re.match(r"[a-z0-9.-]+==\S+", block) and "--hash=sha256:" in block for block in blocks)


def test_run_lock_is_part_of_dev_lock():
    """What is tested is what runs: each pin of the run lock stands in the development lock."""
    pins = [
        set(re.findall(r"^([a-z0-9.-]+==[^ ;\\]+)", (ROOT / name).read_text("utf-8"), re.MULTILINE)) for name in LOCKS
    ]
    assert pins[0] < pins[1]


@pytest.mark.parametrize("name", NPM_LOCKS)
def test_npm_locks_name_no_host(name):
    """A lock of npm has integrity hashes and no address, neither of a registry nor of anybody else."""
    text = (ROOT / name).read_text("utf-8")
    assert '"integrity"' in text
    assert '"resolved"' not in text
    assert "://" not in text


@pytest.mark.parametrize("name", NPM_LOCKS)
def test_npm_locks_pin_everything_with_hashes(name):
    """Every package that a lock of npm brings has one version and its hash."""
    packages = json.loads((ROOT / name).read_text("utf-8"))["packages"]
    assert packages.pop("")
    assert packages
    assert all(package["version"] and package["integrity"] for package in packages.values())


VARIABLE = re.compile(r"\$\{(\w+)(?::([?-])([^}]*))?\}")
ENVIRONMENT = {
    "DOSSIER_ORIGIN": "https://dossier.example.org",
    "IDENTITY_ORIGIN": "https://inloggen.example.org",
    "DOSSIER_LOG_ORIGIN": "log.example.org/dossier",
    "DOSSIER_REGISTRARS": "one,two",
}


def composed(environment):
    """The compose file with its variables filled in as Compose does; each that is wanted is in docs/deploy.md too."""
    told = (ROOT / "docs/deploy.md").read_text("utf-8")

    def value(found):
        name, kind, default = found.groups()
        if kind == "-":
            return environment.get(name, default)
        assert kind == "?", name
        assert name in told
        return environment.get(name, f"{name.lower()}0")

    return yaml.safe_load(VARIABLE.sub(value, (ROOT / "compose.yaml").read_text("utf-8")))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The client's key, made by the lines that docs/deploy.md gives, and the compose file with its public half."""
    folder = tmp_path_factory.mktemp("deploy")
    text = (ROOT / "docs/deploy.md").read_text("utf-8")
    lines = re.search(r"```python\n(.*?)```", text, re.DOTALL)[1]
    subprocess.run([sys.executable, "-c", textwrap.dedent(lines)], cwd=folder, check=True)
    public = dict(line.split("=", 1) for line in (folder / "client-key.env").read_text("utf-8").splitlines())
    return folder / "client-key.json", composed(ENVIRONMENT | public)


def test_compose_is_pinned(made):
    """Every image of the compose file has an exact version, and the parts are those we speak of."""
    services = made[1]["services"]
    images = [service["image"] for service in services.values() if "image" in service]
    inline = services["service"]["build"]["dockerfile_inline"]
    images += re.findall(r"^FROM (\S+)", inline, re.MULTILINE)
    assert all(re.search(r":v?\d+\.\d+(\.\d+)?(-[a-z-]+)?$", image) for image in images)
    assert set(services) == {"migrate", "service", "postgres", "identity", "objects", "bucket", "mail"}
    wanted = {name for each in services.values() for name in each.get("depends_on", {})}
    assert wanted <= set(services)


@pytest.mark.parametrize("part", ["service", "migrate"])
def test_compose_settings_are_those_of_production(made, part):
    """With its variables set the compose file starts a production service: every setting known, none missing."""
    key, compose = made
    environment = compose["services"][part]["environment"]
    settings = load_settings(environment)
    check_production(settings)
    assert settings.mode == "production"
    assert settings.object_secret
    assert client_key(key.read_text("utf-8")).is_private
    assert key.stat().st_mode & 0o777 == 0o600
    assert ("DOSSIER_DATABASE_ADMIN_URL" in environment) == (part == "migrate")


def test_compose_provider_knows_the_service(made):
    """The realm's client is ours: its id, the way back, PKCE, the public half of our key, and the claims we need."""
    key, compose = made
    settings = load_settings(compose["services"]["service"]["environment"])
    realm = json.loads(compose["configs"]["realm"]["content"])
    client = realm["clients"][0]
    assert settings.issuer.endswith(f"/realms/{realm['realm']}")
    assert client["clientId"] == settings.client_id
    assert client["redirectUris"] == [settings.public_origin + CALLBACK_PATH]
    assert client["attributes"]["pkce.code.challenge.method"] == "S256"
    known = json.loads(client["attributes"]["jwks.string"])["keys"][0]
    private = json.loads(key.read_text("utf-8"))
    assert {name: private[name] for name in ("kid", "kty", "crv", "x", "y")}.items() <= known.items()
    assert "d" not in known
    assert set(json.loads(realm["attributes"]["acr.loa.map"])) <= set(LEVELS.values())
    assert client["protocolMappers"][0]["config"]["claim.name"] == "identifiers"
    profile = realm["components"]["org.keycloak.userprofile.UserProfileProvider"][0]["config"]
    assert json.loads(profile["kc.user.profile.config"][0])["unmanagedAttributePolicy"] == "ADMIN_EDIT"


def test_compose_store_knows_the_service(made):
    """The object store lets in exactly the key that the service brings, and the bucket is the one it uses."""
    compose = made[1]
    settings = load_settings(compose["services"]["service"]["environment"])
    identity = json.loads(compose["configs"]["s3"]["content"])["identities"][0]
    assert identity["credentials"] == [{"accessKey": settings.object_key_id, "secretKey": settings.object_secret}]
    assert f"-name {settings.object_bucket} " in compose["services"]["bucket"]["entrypoint"][2]


PLATFORMS = {"web", "windows", "mac", "linux", "ios", "android"}
STATUSES = {"concept", "development", "beta", "stable", "obsolete"}


def test_publiccode():
    """publiccode.yml keeps the standard's rules but for the address of a repository, which does not exist yet."""
    known = yaml.safe_load((ROOT / "publiccode.yml").read_text("utf-8"))
    required = {"publiccodeYmlVersion", "name", "releaseDate", "platforms", "developmentStatus", "softwareType"}
    assert required | {"description", "legal", "maintenance", "localisation"} <= set(known)
    assert set(known["platforms"]) <= PLATFORMS
    assert known["developmentStatus"] in STATUSES
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", known["releaseDate"])
    assert known["maintenance"]["type"] == "community"
    assert all(contact["name"] for contact in known["maintenance"]["contacts"])
    assert known["localisation"]["availableLanguages"] == ["nl", "en"]
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert known["softwareVersion"] == version


@pytest.mark.parametrize("language", ["en", "nl"])
def test_publiccode_describes(language):
    """Each description has the lengths that the standard sets, and features."""
    known = yaml.safe_load((ROOT / "publiccode.yml").read_text("utf-8"))
    told = known["description"][language]
    assert set(known["description"]) == {"en", "nl"}
    assert 1 <= len(told["genericName"]) <= 35
    assert 1 <= len(told["shortDescription"]) <= 150
    assert 150 <= len(told["longDescription"]) <= 10_000
    assert told["features"]


def test_every_setting_is_described():
    """The page of settings names each variable of the service with its default, and no other."""
    page = (ROOT / "docs/settings.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]*?) ?\|", page, re.MULTILINE))
    defaults = {PREFIX + each.name.upper(): each.default for each in fields(Settings)}
    assert rows == {name: str(default) if default else "" for name, default in defaults.items()}


def test_licence():
    """What publiccode.yml names is the licence that lies here."""
    known = yaml.safe_load((ROOT / "publiccode.yml").read_text("utf-8"))
    assert known["legal"]["license"] == "EUPL-1.2"
    assert (ROOT / "LICENSE").read_text("utf-8").startswith("EUROPEAN UNION PUBLIC LICENCE v. 1.2")


def test_every_decision_is_indexed():
    """Each ADR stands in the index with its title, and has the three sections."""
    index = (ROOT / "docs/adr/README.md").read_text("utf-8")
    pages = sorted((ROOT / "docs/adr").glob("[0-9]*.md"))
    assert pages
    for page in pages:
        text = page.read_text("utf-8")
        assert f"({page.name})" in index, page.name
        assert all(f"\n## {part}" in text for part in ("Context", "Decision", "Consequences")), page.name


def test_make_lists_few_targets():
    """`make` alone lists at most ten targets, and lists all that a newcomer needs."""
    told = subprocess.run(["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    targets = re.findall(r"^  make (\w+)", told, re.MULTILINE)
    assert {"setup", "demo", "test", "lint", "bench", "vectors", "clean"} <= set(targets)
    assert len(targets) <= 10


def test_make_names_what_is_missing():
    """Without a usable Python, `make` says so and fails."""
    told = subprocess.run(["make", "PYTHON="], cwd=ROOT, capture_output=True, text=True, check=False)
    assert told.returncode != 0
    assert "missing: Python 3.11 or newer" in told.stdout


def test_tracked_files_hold_no_built_output():
    """Nothing that is built or fetched is tracked."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    built = ("web/static/", ".venv/", ".data/", "web/ui/node_modules/", "tests/oidc/node_modules/", "uv.lock")
    assert listed
    assert not [name for name in listed if name.startswith(built)]
