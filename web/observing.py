"""The numbers of the running parts at `/metrics`: what the writer did, how the log does, who reads too much."""

from __future__ import annotations

from audit.sequencer import Sequencer
from audit.writer import Writer
from web.metrics import Metrics
from web.slowing import Slowed


def observe(metrics: Metrics, writer: Writer, sequencer: Sequencer, slowed: Slowed) -> None:
    """Register the numbers of the writer, the sequencer and the slowed readers; once for each `metrics`."""
    counts = writer.counts
    metrics.register(
        "dossier_readings_slowed_total",
        "Readings beyond the limit of their reader: somebody opens more than work asks for.",
        lambda: slowed.total,
        kind="counter",
    )
    metrics.register("dossier_batches_total", "Batches committed.", lambda: counts.batches, kind="counter")
    metrics.register("dossier_events_total", "Events committed.", lambda: counts.events, kind="counter")
    metrics.register("dossier_statements_total", "Statements of batches.", lambda: counts.statements, kind="counter")
    metrics.register("dossier_loads_total", "Loads of facts beside batches.", lambda: counts.loads, kind="counter")
    metrics.register(
        "dossier_clock_behind_total",
        "Narrowing acts while the clock was behind.",
        lambda: counts.clock_behind,
        kind="counter",
    )
    metrics.register("dossier_log_lag_seconds", "How long the oldest leaf has waited.", lambda: sequencer.lag_ms / 1000)
    metrics.register(
        "dossier_log_failing",
        "1 while the log does not go on: nothing is released then.",
        lambda: sequencer.trouble is not None,
        cause=lambda: "halted" if sequencer.halted else sequencer.trouble or "",
    )
