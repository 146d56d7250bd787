"""Write the description of the API, or check that the kept one still fits the routes."""

from __future__ import annotations

import argparse
import sys

from web.description import FILE
from web.description.document import render


def main() -> int:
    """Return 0 when the file is as it should be."""
    parser = argparse.ArgumentParser(prog="python -m web.description", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; 1 when the file no longer fits")
    made = render()
    if not parser.parse_args().check:
        FILE.write_bytes(made)
        return 0
    if FILE.exists() and FILE.read_bytes() == made:
        return 0
    sys.stderr.write("web/openapi.json no longer fits the routes; run python -m web.description\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
