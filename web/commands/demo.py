"""Start a service with everything in one folder and an invented town in it, or play the whole story once.

Without --once it serves until Ctrl-C. With --once a fresh service is started in another process, the story is played
over HTTP, and the exit code is 0 only if every step held.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import replace

from web.commands.options import add_service_options, with_settings
from web.demo.alone import alone_in
from web.demo.record import FILE, Demo
from web.demo.sabotage import SABOTAGES
from web.demo.serving import prepare
from web.logging import set_up_logging
from web.server import serve
from web.settings import Settings, SettingsError

SHOWN = ("hanneke-de-wit", "yusuf-kaya", "ruth-okafor", "noor-hoekstra", "ilse-brandsma", "mei-lin-chen")
"""The personas that the terminal introduces; the others stand in demo.json and on the page."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_service_options(parser)
    parser.add_argument("--once", action="store_true", help="play the story against a fresh service, then stop")
    parser.add_argument("--sabotage", choices=sorted(SABOTAGES), help="with --once: a service that cheats")
    parser.add_argument("--json", action="store_true", help="with --once: print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Serve a development service and say where to look, or play the story."""
    if arguments.once:
        from web.demo.once import play_once  # noqa: PLC0415 - serving needs nothing of it

        return play_once(arguments)
    if arguments.sabotage:
        raise SystemExit("dossier demo: --sabotage goes with --once")
    return with_settings(arguments, _demo)


def _demo(settings: Settings) -> int:
    if settings.mode != "development" or settings.issuer:
        raise SettingsError("the demo runs in development mode only, with its own sign-in")
    quiet = settings if os.environ.get("DOSSIER_LOG_LEVEL") else replace(settings, log_level="warning")
    set_up_logging(quiet.log_level)
    with alone_in(quiet.data_dir):
        return serve(quiet, lambda: _begin(quiet))


def _begin(settings: Settings) -> None:
    print(f"Eigendossier is running at {settings.public_origin}", flush=True)
    prepare(settings, lambda demo: _tell(settings, demo))


def _tell(settings: Settings, demo: Demo) -> None:
    origin = settings.public_origin
    lines = [
        "",
        f"  look here        {origin}/",
        f"  API description  {origin}/v1/openapi.json",
        f"  public log       {origin}/log/checkpoint",
        f"  health           {origin}/health/ready",
        f"  everything else  {settings.data_dir / FILE} (URLs, keys, all personas with their secrets)",
        "",
        "Sign in as:",
        *(f"  {name:<16} {demo.personas[name].name:<16} secret {demo.personas[name].secret}" for name in SHOWN),
        "",
        "Try in another terminal:",
        f"  .venv/bin/dossier items --as hanneke-de-wit --data-dir {settings.data_dir}",
        "",
        "Stop with Ctrl-C; started again, it goes on with what is there.",
    ]
    print("\n".join(lines), flush=True)
