"""One demonstration a folder: a second one would give `demo.json` another address under the feet of the first."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from web.demo.record import FILE, read_demo
from web.settings import SettingsError

LOCK = "demo.lock"


@contextmanager
def alone_in(data_dir: Path) -> Iterator[None]:
    """Hold the folder while a demonstration runs; raise SettingsError if another has it. A killed one has nothing."""
    data_dir.mkdir(mode=0o711, parents=True, exist_ok=True)
    handle = os.open(data_dir / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            running = read_demo(data_dir / FILE)
            where = f" at {running.server}" if running else ""
            raise SettingsError(
                f"a demonstration runs in {data_dir} already{where}; stop it, or name another folder"
            ) from error
        yield
    finally:
        os.close(handle)
