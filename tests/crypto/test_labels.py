"""Every label is pinned by a vector, which the page of labels names."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from audit.errors import AuditError
from crypto import encoding
from crypto.errors import CryptoError
from crypto.labels import Label
from tests.audit.test_vectors import OPERATIONS
from tests.crypto.test_vectors import RUNNERS

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs/spec/encoding.md").read_text("utf-8")
PINS = dict(re.findall(r"^\| `(eigendossier/v1/[^`]+)` \|[^|]*\| `([^`]+)` \|$", PAGE, re.MULTILINE))


def test_every_label_names_a_vector():
    """A new label comes with a vector."""
    assert list(PINS) == list(Label)


@pytest.mark.parametrize("label", Label, ids=lambda label: label.name.lower())
def test_the_vector_fails_under_another_label(label, monkeypatch):
    """The vector that pins a label passes, and does not once the label is spelt otherwise."""
    vector = json.loads((ROOT / f"tests/vectors/{PINS[label]}.json").read_text("ascii"))
    assert vector["expect"] == "success"
    run(vector)
    respell(label, monkeypatch)
    with pytest.raises((CryptoError, AuditError, AssertionError)):
        run(vector)


def run(vector: dict[str, Any]) -> None:
    """Run a vector that succeeds: a wrong output fails as an error does."""
    if vector["format"] in RUNNERS:
        RUNNERS[vector["format"]](vector)
        return
    outputs = OPERATIONS[vector["format"], vector["operation"]](vector)
    assert outputs == {name: vector[name] for name in outputs}


def respell(label: Label, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bind and unbind one label under another spelling, wherever a module took these functions over."""

    def other(function: Callable[..., Any]) -> Callable[..., Any]:
        return lambda given, *rest: function(f"{given}-2" if given == label else given, *rest)

    for function in (encoding.bind, encoding.unbind):
        for module in [*sys.modules.values()]:
            if getattr(module, function.__name__, None) is function:
                monkeypatch.setattr(module, function.__name__, other(function))
