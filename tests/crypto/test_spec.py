"""The pages under docs/spec/ say what the code does: labels, examples and vector folders."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path

import pytest

from crypto import Label, bind, hkdf, u64

ROOT = Path(__file__).parent.parent.parent
PAGES = ("encoding", "statements", "keys", "items", "content-stream", "capsules", "unlock")


def page(name: str) -> str:
    return (ROOT / "docs" / "spec" / f"{name}.md").read_text(encoding="utf-8")


def vector(path: str) -> dict[str, str]:
    found: dict[str, str] = json.loads((ROOT / "tests" / "vectors" / f"{path}.json").read_text(encoding="ascii"))
    return found


def hexadecimal(name: str) -> str:
    """All text of a page without white space, for long examples that it spaces out."""
    return re.sub(r"\s", "", page(name))


def test_labels():
    """The table of labels on the page is the table in the code."""
    assert re.findall(r"^\| `(eigendossier/v1/[^`]+)` \|", page("encoding"), re.MULTILINE) == list(Label)


@pytest.mark.parametrize("name", PAGES)
def test_indexed(name):
    """Every page stands in the index and names vector folders that exist."""
    assert f"[{name}]({name}.md)" in page("README")
    folders = re.findall(r"`(?:tests/vectors/)?([a-z-]+)`", page(name).split("Vectors:")[1].split("\n\n")[0])
    assert folders
    assert all((ROOT / "tests" / "vectors" / folder).is_dir() for folder in folders)


def test_encoding_examples():
    """The examples of a binding and a derivation are what the code makes."""
    assert bind("test", b"a", b"bc").hex() in hexadecimal("encoding")
    fields = (b"d" * 16, b"debts", b"ordinary", u64(0))
    assert hkdf(bytes(32), Label.SECTION_LIST, *fields).hex() in page("encoding")


def test_vector_examples():
    """The other examples are vectors."""
    assert vector("statement/valid")["hash"] in page("statements")
    assert vector("item-core/first-version")["coreHash"] in page("items")
    stream = vector("content-stream/length-1")
    texts = re.findall(r"^(key|header|chunk) +([0-9a-f]+)$", page("content-stream"), re.MULTILINE)
    found = {name: bytes.fromhex(text) for name, text in texts}
    assert found["key"] == base64.b64decode(stream["key"])
    assert found["header"] + found["chunk"] == base64.b64decode(stream["stream"])
    for name in ("passphrase", "recovery-code"):
        assert vector(f"{name}/valid")["typed"] in page("unlock")
    key_id = json.loads(json.dumps(vector("capsule/kind-stream")["expected"]))[0]["id"]
    assert base64.b64decode(key_id).hex() in hexadecimal("capsules")
