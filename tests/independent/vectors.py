"""The vector files, and what a run of one must show."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.independent.encodings import Fault

FOLDER = Path(__file__).parents[1] / "vectors"


def cases(*formats: str, operation: str | None = None) -> Any:
    """Mark a test to run once for each vector of these folders (and of this operation), named by its file."""
    files = [path for name in formats for path in sorted((FOLDER / name).glob("*.json"))]
    loaded = [(path, json.loads(path.read_text(encoding="utf-8"))) for path in files]
    wanted = [
        pytest.param(case, id=f"{path.parent.name}-{path.stem}")
        for path, case in loaded
        if operation in (None, case.get("operation"))
    ]
    assert wanted, f"no vectors of {formats}"
    return pytest.mark.parametrize("case", wanted)


def outcome(case: dict[str, Any], read: Callable[..., Any]) -> Any:
    """Return what reading gives, or None after the failure that the vector expects: of exactly that class."""
    if case["expect"] == "success":
        return read(case)
    with pytest.raises(Fault) as failure:
        read(case)
    assert failure.value.kind == case["expect"]
    return None


def raw(case: dict[str, Any], *names: str) -> Any:
    """Return the byte strings of a vector by these names, as a list."""
    return [b64decode(case[name], validate=True) for name in names]
