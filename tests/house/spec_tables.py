"""The pages of tables under docs/spec, made from the data files that the code reads.

`python -m tests.house.spec_tables` writes them; a test compares them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
KINDS, SCHEMAS = ROOT / "docs/spec/kinds.md", ROOT / "docs/spec/schemas.md"


def kinds_page() -> str:
    """Every kind of statement with its fields."""
    table = json.loads((ROOT / "crypto/kinds.json").read_text("utf-8"))
    head = """# Kinds of statement

Made from the data file that Python and the browser read; [statements](statements.md) says what the types mean. Every
field is always there. `?` after a type: the empty text stands for none. `[…]`: a list. Indented fields stand in an
object.
"""
    return head + "".join(f"\n## {kind}\n\n{_fields(fields)}" for kind, fields in table.items())


def schemas_page() -> str:
    """Every event schema with its fields."""
    table = json.loads((ROOT / "audit/schemas.json").read_text("utf-8"))
    head = """# Event schemas

Made from the data file that Python and the browser read; [event](event.md) says what the kinds mean. Field 0 of every
schema is `schema`, text, for all audiences.
"""
    return head + "".join(f"\n## {name}\n\n{_rows(rows)}" for name, rows in table.items())


def _fields(fields: dict[str, Any], depth: int = 0) -> str:
    return "".join(_field(name, kind, depth) for name, kind in fields.items())


def _field(name: str, kind: Any, depth: int) -> str:
    indent = "  " * depth
    inner = kind[0] if isinstance(kind, list) else kind
    if isinstance(inner, dict):
        many = "a list of objects" if isinstance(kind, list) else "an object"
        return f"{indent}- `{name}`: {many}\n{_fields(inner, depth + 1)}"
    shown = inner.removeprefix("any:").replace("|", " or ")
    return f"{indent}- `{name}`: {f'[{shown}]' if isinstance(kind, list) else shown}\n"


def _rows(rows: list[list[str]]) -> str:
    lines = [f"| {at} | `{name}` | {kind} | {audience} |" for at, (name, kind, audience) in enumerate(rows, 1)]
    return "\n".join(["| # | field | kind | audiences |", "|---|---|---|---|", *lines]) + "\n"


if __name__ == "__main__":
    KINDS.write_text(kinds_page(), encoding="utf-8")
    SCHEMAS.write_text(schemas_page(), encoding="utf-8")
