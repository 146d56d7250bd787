"""Makes every vector of crypto/ again: `python -m tests.vectors.make [--check]`.

With --check nothing is written: exit 1 names each file that differs from what is made, is missing, or is left over.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from tests.vectors import basics, cases, chains, devices, frozen, items, keyring, messages, services, statements, unlock

MAKERS = (
    basics.make,
    statements.make,
    items.make,
    keyring.make,
    chains.make,
    unlock.make,
    messages.make,
    cases.make,
    devices.make,
    services.make,
)


def main(arguments: list[str]) -> int:
    """Make or check; return the exit code."""
    files = all_files()
    if "--check" in arguments:
        wrong = list(differences(files))
        print("\n".join(wrong) or f"{len(files)} files are as made")
        return 1 if wrong else 0
    for path, text in files.items():
        target = frozen.FOLDER / path
        target.parent.mkdir(exist_ok=True)
        target.write_text(text, encoding="ascii")
    for path in leftovers(files):
        (frozen.FOLDER / path).unlink()
    print(f"{len(files)} files written")
    return 0


def all_files() -> dict[str, str]:
    """Return the text of every file by its path."""
    frozen.made.clear()
    for maker in MAKERS:
        # Each maker starts its own chance, so that a new vector in one leaves the files of the others alone.
        with frozen.frozen() as seals:
            maker()
            SEALS_USED.update(seals())
    files = {path: frozen.render(value) for path, value in frozen.made.items()}
    files[frozen.SEALS.name] = frozen.render(dict(sorted(SEALS_USED.items())))
    return files


def differences(files: dict[str, str]) -> Iterator[str]:
    """Name every file that is not as made."""
    for path, text in files.items():
        target = frozen.FOLDER / path
        if not target.exists() or target.read_text(encoding="ascii") != text:
            yield f"{path} differs or is missing"
    for path in leftovers(files):
        yield f"{path} is left over"


def leftovers(files: dict[str, str]) -> list[str]:
    """Name the files in our folders that no maker makes."""
    folders = {path.split("/")[0] for path in files if "/" in path}
    found = (path for folder in sorted(folders) for path in (frozen.FOLDER / folder).glob("*"))
    return [name for name in (path.relative_to(frozen.FOLDER).as_posix() for path in found) if name not in files]


SEALS_USED: dict[str, str] = {}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
