"""Facts of web/metrics.py."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from audit.run import WriterCounts
from web.metrics import Metrics
from web.observing import observe
from web.publishing import gate
from web.slowing import Slowed


def test_requests_are_counted():
    """Requests are counted by method, template and status, with cumulative durations."""
    metrics = Metrics()
    for seconds in (0.001, 0.3):
        metrics.observe_request("GET", "/v1/items/{item:str}", 200, seconds)
    text = metrics.render()
    labels = 'method="GET",route="/v1/items/{item:str}"'
    assert f'dossier_requests_total{{{labels},status="200"}} 2' in text
    assert f'dossier_request_seconds_bucket{{{labels},le="0.002"}} 1' in text
    assert f'dossier_request_seconds_bucket{{{labels},le="+Inf"}} 2' in text
    assert f"dossier_request_seconds_count{{{labels}}} 2" in text


def test_made_up_methods_make_no_labels():
    """A caller cannot make the list of metrics grow by inventing methods."""
    metrics = Metrics()
    for number in range(50):
        metrics.observe_request(f"M{number}", "unknown", 405, 0.0)
    assert 'method="other",route="unknown",status="405"} 50' in metrics.render()


def test_registered_numbers_are_read_when_asked():
    """A registered number is read at each rendering, with its kind and meaning."""
    metrics = Metrics()
    values = iter([1, 2])
    metrics.register("dossier_batches_total", "Batches committed.", lambda: next(values), kind="counter")
    assert "dossier_batches_total 1\n" in metrics.render()
    assert "# TYPE dossier_batches_total counter\ndossier_batches_total 2\n" in metrics.render()


def test_a_name_is_given_once():
    """Two parts cannot write under one name."""
    metrics = Metrics()
    metrics.register("dossier_x", "X.", lambda: 0)
    with pytest.raises(RuntimeError):
        metrics.register("dossier_x", "Y.", lambda: 0)


def test_a_cause_is_a_label():
    """While something is wrong its cause stands beside the number, and is gone with it."""
    metrics, causes = Metrics(), iter(["KeyError", ""])
    metrics.register("dossier_log_failing", "Failing.", lambda: 1, cause=lambda: next(causes))
    assert 'dossier_log_failing{cause="KeyError"} 1\n' in metrics.render()
    assert "dossier_log_failing 1\n" in metrics.render()


@dataclass
class SomeLog:
    """A sequencer as the metrics see it."""

    trouble: str | None = None
    halted: str | None = None
    lag_ms: int = 0


@dataclass
class SomeWriter:
    """A writer as the metrics see it."""

    counts: WriterCounts


def test_a_log_that_fails_is_seen():
    """A log that cannot go on closes the gate at once and shows its cause among the numbers."""
    metrics, log, counts = Metrics(), SomeLog(), WriterCounts()
    observe(metrics, SomeWriter(counts), log, Slowed())
    assert gate(log) is None
    assert "dossier_log_failing 0\n" in metrics.render()
    counts.batches, log.trouble = 7, "KeyError"
    assert gate(log) == "the log has stopped"
    text = metrics.render()
    assert 'dossier_log_failing{cause="KeyError"} 1\n' in text
    assert "dossier_batches_total 7\n" in text
