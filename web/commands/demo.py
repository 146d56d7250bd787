"""Start a service with everything in one folder, to try it out on this machine."""

from __future__ import annotations

import argparse

from web.commands.options import add_service_options, with_settings
from web.server import serve
from web.settings import Settings, SettingsError


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_service_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Serve a development service and say where to look."""
    return with_settings(arguments, _demo)


def _demo(settings: Settings) -> int:
    if settings.mode != "development":
        raise SettingsError("the demo runs in development mode only")
    return serve(settings, lambda: _tell(settings))


def _tell(settings: Settings) -> None:
    origin = settings.public_origin
    print(f"Eigendossier is running at {origin}")
    print(f"  health           {origin}/health/ready")
    print(f"  API description  {origin}/v1/openapi.json")
    print(f"  data             {settings.data_dir}")
    print("Stop with Ctrl-C.", flush=True)
