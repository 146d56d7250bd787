"""Makes every vector of the log again: `python -m tests.vectors.make_audit [--check]`.

Nothing here is random: Ed25519 signs the same text the same way, seeds and keys are fixed, and `frozen.py` counts the
nonces of wraps.
With --check nothing is written: exit 1 names each file that differs from what is made, is missing, or is left over.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.vectors.log_at_rest import at_rest
from tests.vectors.log_leaves import leaf
from tests.vectors.log_notes import checkpoint, note, promise, proof
from tests.vectors.log_trees import merkle, tiles

FOLDER = Path(__file__).parent
MAKERS = {
    "merkle": merkle,
    "tiles": tiles,
    "note": note,
    "checkpoint": checkpoint,
    "leaf": leaf,
    "at-rest": at_rest,
    "promise": promise,
    "proof": proof,
}


def all_files() -> dict[str, str]:
    """Return the text of every file by its path."""
    return {
        f"{name}/{file}.json": json.dumps({"format": name, **vector}, indent=1) + "\n"
        for name, maker in MAKERS.items()
        for file, vector in maker()
    }


def differences(files: dict[str, str]) -> list[str]:
    """Name every file that is not as made, is missing, or is left over."""
    stored = {path.relative_to(FOLDER).as_posix(): path for name in MAKERS for path in (FOLDER / name).glob("*")}
    wrong = [name for name, text in files.items() if name not in stored or stored[name].read_text("ascii") != text]
    return sorted(wrong + [name for name in stored if name not in files])


def main(arguments: list[str]) -> int:
    """Make or check; return the exit code."""
    files = all_files()
    if "--check" not in arguments:
        for name in differences(files):
            (FOLDER / name).unlink(missing_ok=True)
        for name, text in files.items():
            (FOLDER / name).parent.mkdir(exist_ok=True)
            (FOLDER / name).write_text(text, encoding="ascii")
    wrong = differences(files)
    print("\n".join(wrong) or f"{len(files)} files are as made")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
