"""The report: a table to read, and JSON to keep and compare (docs/bench)."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from web.bench.rounds import Result

_HEAD = ("what", "unit", "median", "min", "max", "ratio to floor", "target")


def table(results: Sequence[Result]) -> str:
    """The results as a Markdown table."""
    rows = [_HEAD, tuple("---" for _ in _HEAD), *(_row(result) for result in results)]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def as_json(sections: Mapping[str, Sequence[Result]]) -> dict[str, Any]:
    """The results as values for JSON, with what machine and when."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"cores": os.cpu_count(), "system": platform.system(), "python": platform.python_version()},
        "sections": {name: [_values(result) for result in results] for name, results in sections.items()},
    }


def write(folder: Path, name: str, sections: Mapping[str, Sequence[Result]]) -> Path:
    """Write `name.md` and `name.json` below a folder; return the path of the table."""
    folder.mkdir(parents=True, exist_ok=True)
    found = as_json(sections)
    (folder / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    head = f"# Measured {found['at']} on {found['machine']['cores']} cores, Python {found['machine']['python']}\n"
    parts = [head, *(f"\n## {title}\n\n{table(results)}\n" for title, results in sections.items())]
    path = folder / f"{name}.md"
    path.write_text("".join(parts), encoding="utf-8")
    return path


def _row(result: Result) -> tuple[str, ...]:
    measure, ratio = result.measure, result.ratio
    shown = "" if ratio is None else f"{ratio:.2f} [{min(result.ratios):.2f}-{max(result.ratios):.2f}]"
    target = "" if measure.target is None else f"{measure.target:g}"
    figures = (_number(result.median), _number(min(result.figures)), _number(max(result.figures)))
    return (measure.name, measure.unit, *figures, shown, target)


def _values(result: Result) -> dict[str, Any]:
    measure = result.measure
    return {
        "name": measure.name,
        "unit": measure.unit,
        "floor": measure.floor,
        "target": measure.target,
        "figures": result.figures,
        "ratios": result.ratios,
    }


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"  # noqa: PLR2004 - three digits are enough
