"""Facts of docs/demo.md: whoever has demo.json signs in with the script that stands there."""

from __future__ import annotations

import io
import re
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from dossier.sample import load_world
from tests.web.serving import started
from web.demo.describing import begin, moved
from web.demo.record import as_json, write_demo

PAGE = Path(__file__).parents[2] / "docs" / "demo.md"


@pytest.fixture(scope="module")
def demo(database_urls, tmp_path_factory):
    """A served folder with the demo.json that stands in it before its town is there, and the folder."""
    folder = tmp_path_factory.mktemp("served")
    with started(database_urls, folder) as (origin, _process):
        demo = begin(origin, folder, load_world())
        write_demo(folder, demo)
        yield demo, folder


def test_the_script_signs_in(demo, monkeypatch):
    """The page's script gets a token with demo.json and an HTTP client alone, and is who it says."""
    (script,) = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    monkeypatch.setenv("DOSSIER_DATA_DIR", str(demo[1]))
    said = io.StringIO()
    with redirect_stdout(said):
        exec(compile(script, str(PAGE), "exec"), {})
    assert said.getvalue() == "Hanneke de Wit\n"


def test_the_addresses_move_with_the_service(demo):
    """A demonstration at another address signs in there."""
    sign_in = as_json(moved(demo[0], "http://localhost:9", demo[1]))["signIn"]
    assert sign_in["clientId"] == "dossier-cli"
    assert sign_in["authorizationEndpoint"] == "http://localhost:9/oauth/authorize"
    assert sign_in["tokenEndpoint"] == "http://localhost:9/oauth/token"
