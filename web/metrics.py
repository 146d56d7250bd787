"""Counters of the process in the Prometheus text format (version 0.0.4), at `/metrics`.

Labels come from closed sets (method, route template, status class): a metric must not become a diary of persons.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field

from litestar import MediaType, get
from litestar.datastructures import State
from litestar.response import Response

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


@dataclass
class Histogram:
    """Durations of one label set: how many per bucket, their sum in seconds."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))
    total: float = 0.0

    def observe(self, seconds: float) -> None:
        """Count one duration."""
        self.counts[bisect_left(BUCKETS, seconds)] += 1
        self.total += seconds


class Metrics:
    """The numbers of this process. Touched by the event loop's thread only, so nothing is locked."""

    def __init__(self) -> None:
        self._requests: dict[tuple[str, str, int], int] = {}
        self._durations: dict[tuple[str, str], Histogram] = {}
        self._gauges: dict[str, tuple[str, str, Callable[[], float], Callable[[], str]]] = {}

    def observe_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request; `route` is the template, never the path."""
        known = method if method in METHODS else "other"
        key = (known, route, status)
        self._requests[key] = self._requests.get(key, 0) + 1
        self._durations.setdefault((known, route), Histogram()).observe(seconds)

    def register(
        self,
        name: str,
        meaning: str,
        read: Callable[[], float],
        *,
        kind: str = "gauge",
        cause: Callable[[], str] = lambda: "",
    ) -> None:
        """Add a number that is read when somebody asks; `kind` is gauge or counter. Names are given out once.

        What `cause` returns becomes a label: a name of the program, never data. "" makes none.
        """
        if name in self._gauges:
            raise RuntimeError("a metric is registered once")
        self._gauges[name] = (kind, meaning, read, cause)

    def render(self) -> str:
        """Everything in the Prometheus text format."""
        lines = ["# HELP dossier_requests_total Requests answered.", "# TYPE dossier_requests_total counter"]
        for (method, route, status), count in sorted(self._requests.items()):
            lines.append(f'dossier_requests_total{{method="{method}",route="{route}",status="{status}"}} {count}')
        lines += [
            "# HELP dossier_request_seconds Time to the end of the answer.",
            "# TYPE dossier_request_seconds histogram",
        ]
        for (method, route), histogram in sorted(self._durations.items()):
            lines += _histogram_lines(f'method="{method}",route="{route}"', histogram)
        for name, (kind, meaning, read, cause) in sorted(self._gauges.items()):
            label = f'{{cause="{why}"}}' if (why := cause()) else ""
            lines += [f"# HELP {name} {meaning}", f"# TYPE {name} {kind}", f"{name}{label} {read():g}"]
        return "\n".join(lines) + "\n"


def _histogram_lines(labels: str, histogram: Histogram) -> list[str]:
    lines, running = [], 0
    for bound, count in zip((*BUCKETS, "+Inf"), histogram.counts, strict=True):
        running += count
        lines.append(f'dossier_request_seconds_bucket{{{labels},le="{bound}"}} {running}')
    lines.append(f"dossier_request_seconds_sum{{{labels}}} {histogram.total:.6f}")
    lines.append(f"dossier_request_seconds_count{{{labels}}} {running}")
    return lines


@get("/metrics", include_in_schema=False, sync_to_thread=False)
def show_metrics(state: State) -> Response[str]:
    """Answer the process's counters."""
    metrics: Metrics = state.metrics
    return Response(metrics.render(), media_type=MediaType.TEXT, headers={"content-type": CONTENT_TYPE})
