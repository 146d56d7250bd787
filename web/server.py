"""Runs the application in this process: one event loop for requests, writer and background work.

Granian's embedded server keeps everything in one process, so that a kill is a kill of the whole service and one
group writer sees all writes. It binds with SO_REUSEPORT, hence the check for another service on the port.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress

from granian.constants import Interfaces
from granian.errors import FatalError
from granian.server.embed import Server

from web.app import create_app
from web.settings import Settings, SettingsError


def serve(settings: Settings, on_ready: Callable[[], None]) -> int:
    """Serve until SIGTERM or SIGINT; 0 after an orderly end, 1 if the service stopped by itself.

    Raises SettingsError if the port is taken, and whatever kept the service from starting. `on_ready` is called when
    the parts run and requests are taken.
    """
    _refuse_taken_port(settings)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(_serve(settings, on_ready))


async def _serve(settings: Settings, on_ready: Callable[[], None]) -> int:
    app = create_app(settings)
    app.on_startup += [_keep_what_stands, on_ready]
    server = Server(
        app,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        log_enabled=False,
        websockets=False,
        backlog=1024,
    )
    stopped = asyncio.Event()

    def stop() -> None:
        stopped.set()
        server.stop()  # type: ignore[no-untyped-call]  # granian leaves it untyped

    loop = asyncio.get_running_loop()
    for wanted in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(wanted, stop)
    try:
        await server.serve()
    except FatalError as error:  # the start failed; what made it fail was kept by the lifespan
        raise (app.state.failure or error) from None
    return 0 if stopped.is_set() else 1


def _keep_what_stands() -> None:
    """Take what was made at the start out of the collector's walks, and let it walk less often.

    A reading makes hundreds of values and no cycle. With Python's own thresholds a fifth of its time went into looking
    for some, and a full walk stopped the service for a tenth of a second.
    """
    gc.collect()
    _give_back()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def _give_back() -> None:
    """Return what the start needed and freed to the system (glibc); elsewhere it stays with the process."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if sys.platform == "win32":
        return None
    with suppress(ImportError):
        from uvloop import new_event_loop  # noqa: PLC0415 - absent on some platforms

        return new_event_loop
    return None


def _refuse_taken_port(settings: Settings) -> None:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise SettingsError(f"port {settings.port} on {settings.host} is taken or not allowed") from error
