"""Loading the sample world beside a running service, in a thread of its own that uses HTTP as anybody else would."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from audit.errors import AuditError
from crypto.errors import CryptoError
from dossier.client.errors import ClientError
from dossier.sample import load_world
from web.demo.company import Company
from web.demo.describing import begin, complete, moved
from web.demo.loading import load, renew
from web.demo.progress import Progress
from web.demo.record import FILE, HOME, Demo, read_demo, write_demo
from web.logging import log
from web.settings import Settings


def prepare(settings: Settings, on_loaded: Callable[[Demo], None]) -> None:
    """Begin to load in the background what is not loaded yet; `on_loaded` is told when everything is there."""
    threading.Thread(target=_load, args=(settings, on_loaded), name="demo", daemon=True).start()


def _load(settings: Settings, on_loaded: Callable[[Demo], None]) -> None:
    try:
        on_loaded(bring_up_to_date(settings.data_dir, settings.public_origin))
    except (ClientError, CryptoError, AuditError, OSError) as error:
        sys.stderr.write(f"\ndossier: the sample world could not be loaded ({error}); start again to go on\n")
        log(logging.ERROR, "the sample world could not be loaded", error=type(error).__name__)


def bring_up_to_date(data_dir: Path, server: str) -> Demo:
    """Load the sample world into the service at `server`, or go on where an earlier load stopped."""
    world = load_world()
    demo = read_demo(data_dir / FILE)
    demo = moved(demo, server, data_dir) if demo else begin(server, data_dir, world)
    write_demo(data_dir, demo)
    with Company(server, data_dir / HOME, demo.secrets) as company:
        if demo.loaded:
            renew(company, world)
            return demo
        load(company, world, data_dir, Progress())
        demo = complete(company, demo)
    write_demo(data_dir, demo)
    return demo
