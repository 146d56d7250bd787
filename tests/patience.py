"""Writers that wait for a busy machine: the deadline of production would measure how busy it is.

`python -m tests.patience serve ...` is the service so. Services of tests/faults keep the deadline.
"""

from __future__ import annotations

import functools
import sys

import audit.writer
from audit.writer import WriterLimits

PatientLimits = functools.partial(WriterLimits, deadline=10_000, patience=10_000)


def be_patient() -> None:
    """Let every writer of this process that is given no limits wait."""
    audit.writer.WriterLimits = PatientLimits  # type: ignore[assignment,misc]  # a process of tests alone


if __name__ == "__main__":
    from web import cli

    be_patient()
    sys.exit(cli.main())
