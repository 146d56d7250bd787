"""What a command loads: libraries of the service never, and of ours what it uses (ADR 0450)."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from web.cli import COMMANDS

SERVICE = {"litestar", "granian", "sqlmodel", "sqlalchemy", "alembic", "asyncpg", "authlib", "obstore", "pydantic"}
GENERAL = {"httpx2", "httpcore2", "joserfc", "asyncio", "cryptography.x509", "http.server", "html.parser"}
"""What a client that asks a service needs nothing of."""

OURS = {"crypto", "consent", "audit", "dossier", "web"}
RUNNING = {"bench", "demo", "serve", "migrate", "erase", "doctor", "log"}
"""Commands that run or tend a service, or read its database."""

PROGRAM = """
import json, sys
from web.cli import COMMANDS, load
sys.argv = ["dossier"]
load(COMMANDS[{name!r}].module)
{more}
print(json.dumps(sorted(sys.modules)))
"""
AS_READER = "import dossier.client.professional"
AS_OWNER = "import dossier.client.owner"
AS_SYSTEM = "import dossier.client.agency"


def loaded(name, more=""):
    """The modules that a process of its own has after loading a command, and what its deed loads besides."""
    words = [sys.executable, "-P", "-c", PROGRAM.format(name=name, more=more)]
    return set(json.loads(subprocess.run(words, check=True, stdout=subprocess.PIPE).stdout))


@pytest.mark.parametrize("name", sorted(COMMANDS.keys() - RUNNING))
def test_a_client_s_command_loads_no_service(name):
    """What signs in at a service elsewhere loads nothing that only a service needs, and no general HTTP or X.509."""
    assert loaded(name) & (SERVICE | GENERAL) == set()


@pytest.mark.parametrize(
    "name, more, most",
    [("push", AS_SYSTEM, 60), ("open", AS_READER, 95), ("open", AS_OWNER, 100), ("items", AS_READER, 95)],
)
def test_a_command_loads_what_it_uses(name, more, most):
    """The commands on files and lists load as many modules of ours as they have use for, whoever acts."""
    found = loaded(name, more)
    assert found & (SERVICE | GENERAL) == set()
    ours = {each for each in found if each.partition(".")[0] in OURS}
    assert len(ours) <= most, sorted(ours)


def test_delivering_needs_no_engine():
    """Whoever delivers neither decides nor verifies a log: of these two packages nothing is loaded but errors."""
    found = {each for each in loaded("push", AS_SYSTEM) if each.startswith(("consent", "audit"))}
    assert found <= {"audit", "audit.errors"}


def test_reading_loads_nothing_of_giving():
    """Whoever opens what another lets them see loads neither what gives consents and keys nor what delivers."""
    giving = {"sharing", "groups", "cases", "membership", "owner", "agency", "delivering", "uploading"}
    assert {f"dossier.client.{each}" for each in giving} & loaded("open", AS_READER) == set()


def test_the_list_of_commands_loads_nothing():
    """`dossier --help` and a mistyped command answer from the table alone."""
    program = "import json, sys, web.cli; web.cli.usage(); print(json.dumps(sorted(sys.modules)))"
    words = [sys.executable, "-P", "-c", program]
    found = set(json.loads(subprocess.run(words, check=True, stdout=subprocess.PIPE).stdout))
    assert {each for each in found if each.partition(".")[0] in OURS} == {"web", "web.cli"}
