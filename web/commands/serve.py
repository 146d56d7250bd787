"""Run the service until it is told to stop."""

from __future__ import annotations

import argparse
import logging

from web.commands.options import add_service_options, with_settings
from web.logging import log
from web.server import serve
from web.settings import Settings


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_service_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Serve with the settings of environment and options."""
    return with_settings(arguments, _serve)


def _serve(settings: Settings) -> int:
    return serve(settings, lambda: log(logging.INFO, "serving", port=settings.port, mode=settings.mode))
