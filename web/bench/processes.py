"""What the system says of a process: resident memory now, and the most since it was last asked to forget."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

FORGET_PEAK = "5"
"""Written to clear_refs, it sets the peak back to what is resident now (proc(5))."""


def resident(process: int) -> float:
    """Resident memory of a process in MiB; 0.0 where the system does not tell."""
    return _field(process, "VmRSS")


def peak(process: int) -> float:
    """The most resident memory of a process in MiB since `forget_peak`, or since its start."""
    return _field(process, "VmHWM")


def forget_peak(process: int) -> None:
    """Begin to look for the peak anew; where that is not allowed the peak stays that since the start."""
    with suppress(OSError):
        Path(f"/proc/{process}/clear_refs").write_text(FORGET_PEAK, encoding="ascii")


def _field(process: int, name: str) -> float:
    with suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) / 1024
    return 0.0
