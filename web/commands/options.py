"""What several commands share: the options that override settings, and how a failure to start is told."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable

from dossier.embedded import ClusterError
from dossier.errors import DossierError
from web.logging import set_up_logging
from web.settings import Settings, SettingsError, load_settings


def add_service_options(parser: argparse.ArgumentParser) -> None:
    """`--port`, `--host` and `--data-dir`."""
    parser.add_argument("--port", help="port to listen on (8000)")
    parser.add_argument("--host", help="address to listen on (127.0.0.1)")
    add_data_option(parser)


def add_data_option(parser: argparse.ArgumentParser) -> None:
    """`--data-dir`."""
    parser.add_argument("--data-dir", help="folder for the embedded database and other data (.data)")


def with_settings(arguments: argparse.Namespace, act: Callable[[Settings], int]) -> int:
    """Load the settings, set up logging and act; what keeps us from it is told in one line, exit code 1."""
    named = {f"DOSSIER_{name.upper()}": getattr(arguments, name, None) for name in ("port", "host", "data_dir")}
    environment = {**os.environ, **{name: value for name, value in named.items() if value is not None}}
    try:
        settings = load_settings(environment)
        set_up_logging(settings.log_level)
        return act(settings)
    except (SettingsError, ClusterError, DossierError) as error:
        print(f"dossier: {error}", file=sys.stderr)
    except OSError as error:
        if not error.filename:
            raise
        print(f"dossier: {(error.strerror or str(error)).lower()}: {error.filename}", file=sys.stderr)
    return 1
