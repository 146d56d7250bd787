"""Facts of the files around the code: locks, compose file, licence, decisions."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from web.settings import Settings

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock")
NPM_LOCKS = ("web/ui/package-lock.json", "tests/oidc/package-lock.json")
KNOWN = {f"DOSSIER_{item.name.upper()}" for item in fields(Settings)}


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


def test_compose_is_pinned():
    """Every image of the compose file has an exact version, and every setting it uses exists."""
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
    images = [service["image"] for service in compose["services"].values() if "image" in service]
    inline = compose["services"]["service"]["build"]["dockerfile_inline"]
    images += re.findall(r"^FROM (\S+)", inline, re.MULTILINE)
    assert all(re.search(r":v?\d+\.\d+(\.\d+)?(-[a-z-]+)?$", image) for image in images)
    assert set(compose["services"]) == {"migrate", "service", "postgres", "identity", "objects", "mail"}


def test_compose_settings_exist():
    """The compose file sets no variable that the service does not know."""
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
    used = {name for part in ("service", "migrate") for name in compose["services"][part]["environment"]}
    assert used <= KNOWN
    assert "DOSSIER_DATABASE_ADMIN_URL" not in compose["services"]["service"]["environment"]


def test_publiccode():
    """publiccode.yml names the licence that LICENSE holds, and both languages."""
    known = yaml.safe_load((ROOT / "publiccode.yml").read_text("utf-8"))
    assert known["legal"]["license"] == "EUPL-1.2"
    assert set(known["description"]) == {"en", "nl"}
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
