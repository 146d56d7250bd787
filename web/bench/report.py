"""The report: tables and pictures to read, and JSON to keep and compare (docs/bench)."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from web.bench.picture import growth_picture, number, targets_picture
from web.bench.rounds import Measure, Result

_HEAD = ("what", "unit", "median", "min", "max", "ratio to floor", "target", "reached")

Sections = Mapping[str, Sequence[Result]]


def table(results: Sequence[Result]) -> str:
    """The results as a Markdown table."""
    rows = [_HEAD, tuple("---" for _ in _HEAD), *(_row(result) for result in results)]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def as_json(sections: Sections, kind: str) -> dict[str, Any]:
    """The results as values for JSON, with what machine, how busy and when; `kind` is short or full."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "kind": kind,
        "machine": {
            "cores": os.cpu_count(),
            "system": platform.system(),
            "python": platform.python_version(),
            "load": _load(),
        },
        "sections": {name: [_values(result) for result in results] for name, results in sections.items()},
    }


def write(folder: Path, name: str, sections: Sections, kind: str) -> Path:
    """Write `name.md`, `name.json` and the pictures below a folder; return the path of the tables."""
    folder.mkdir(parents=True, exist_ok=True)
    found = as_json(sections, kind)
    (folder / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    results = [result for some in sections.values() for result in some]
    machine = found["machine"]
    head = (
        f"# Measured {found['at']} ({kind} run)\n\n"
        f"{machine['cores']} cores, {machine['system']}, Python {machine['python']}, "
        f"load {machine['load']:.1f} at the end. How to read it: [README](README.md).\n"
    )
    parts = [head]
    pictures = {"targets": targets_picture(results), "growth": growth_picture(results)}
    for what, picture in pictures.items():
        if picture:
            (folder / f"{name}-{what}.svg").write_text(picture, encoding="utf-8")
            parts.append(f"\n![{_ALT[what]}]({name}-{what}.svg)\n")
    parts += [f"\n## {title}\n\n{table(some)}\n" for title, some in sections.items()]
    path = folder / f"{name}.md"
    path.write_text("".join(parts), encoding="utf-8")
    return path


_ALT = {
    "targets": "How far each target was reached; the tables below hold the same figures",
    "growth": "What readings, deliveries and decisions cost as dossiers and items grow; figures below",
}


def wanted(measure: Measure) -> str:
    """The target of a measure in a few words, empty without one."""
    words = [measure.goal] if measure.goal else []
    if measure.target is not None:
        words.append(f"≥ {measure.target:.3g} x floor")
    if measure.limit is not None:
        words.append(f"{'≤' if measure.inverse else '≥'} {number(measure.limit)} {measure.unit}")
    return " ".join(words)


def _row(result: Result) -> tuple[str, ...]:
    measure, ratio = result.measure, result.ratio
    shown = "" if ratio is None else f"{ratio:.2f} [{min(result.ratios):.2f}-{max(result.ratios):.2f}]"
    reached = {None: "", True: "yes", False: "no"}[result.reached]
    figures = (number(result.median), number(min(result.figures)), number(max(result.figures)))
    return (measure.name, measure.unit, *figures, shown, wanted(measure), reached)


def _values(result: Result) -> dict[str, Any]:
    measure = result.measure
    return {
        "name": measure.name,
        "unit": measure.unit,
        "floor": measure.floor,
        "goal": measure.goal,
        "target": measure.target,
        "limit": measure.limit,
        "reached": result.reached,
        "figures": result.figures,
        "ratios": result.ratios,
    }


def _load() -> float:
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
