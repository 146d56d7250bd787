"""How much is measured: the short run of two minutes, and the full one of about half an hour."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Sizes:
    """Counts and seconds of one run. Seconds are of one measurement in one round; counts are what their names say."""

    rounds: int
    quick: float
    """Seconds of what runs in this process alone."""
    load: float
    """Seconds of a load on the service."""
    growth: float
    """Seconds of an act that is measured again at each step of growth."""
    readers: int
    dossiers: dict[int, int] = field(repr=False)
    """How many dossiers by the number of consents that stand in each."""
    log_entries: int
    withdrawals: int
    """Of one round of readings raced against withdrawals, a hundred readings each."""
    list_items: int
    memory_reads: int
    file_bytes: int
    """Of a file that is sealed and opened by whole processes."""
    part_bytes: int
    """Of a part that goes up and down."""
    dossier_steps: tuple[int, ...]
    item_steps: tuple[int, ...]
    working_set: int
    """Dossiers that the growing measurements read again and again."""


SHORT = Sizes(
    rounds=3,
    quick=0.15,
    load=0.7,
    growth=0.3,
    readers=60,
    dossiers={1: 200, 50: 30, 500: 6},
    log_entries=50_000,
    withdrawals=5,
    list_items=1_000,
    memory_reads=3_000,
    file_bytes=200_000_000,
    part_bytes=20_000_000,
    dossier_steps=(200, 2_000),
    item_steps=(10, 100, 1_000),
    working_set=50,
)
FULL = Sizes(
    rounds=5,
    quick=0.5,
    load=3.0,
    growth=2.0,
    readers=500,
    dossiers={1: 10_000, 50: 500, 500: 100},
    log_entries=1_000_000,
    withdrawals=20,
    list_items=10_000,
    memory_reads=50_000,
    file_bytes=200_000_000,
    part_bytes=200_000_000,
    dossier_steps=(1_000, 10_000, 100_000),
    item_steps=(10, 100, 1_000, 10_000),
    working_set=500,
)
