from __future__ import annotations

import argparse

import pytest

from web.bench.sections import SECTIONS, run_sections
from web.bench.sizes import Sizes
from web.commands import bench

TINY = Sizes(
    rounds=1,
    quick=0.01,
    load=0.1,
    growth=0.1,
    readers=3,
    dossiers={1: 12, 50: 2},
    log_entries=600,
    withdrawals=1,
    list_items=120,
    memory_reads=40,
    file_bytes=300_000,
    part_bytes=300_000,
    dossier_steps=(12, 30),
    item_steps=(3, 30),
    working_set=6,
)
GOALS = {f"T{number}" for number in range(1, 15)} - {"T8"}


@pytest.mark.timeout(300)
async def test_every_section_measures(tmp_path):
    """All sections run against a real service, and every target but that of the peers has a figure; none is stale (T5)."""
    steps: list[str] = []
    found = await run_sections(list(SECTIONS), TINY, tmp_path, steps.append)
    results = {result.measure.name: result for some in found.values() for result in some}
    assert {result.measure.goal for result in results.values()} >= GOALS
    assert all(len(result.figures) == 1 for result in results.values())
    unknown = [name for name, result in results.items() if result.measure.goal and result.score is None]
    assert not unknown
    assert results["stale releases"].median == 0
    assert results["consents withdrawn meanwhile"].median == 1
    assert results["of these released"].median > 0
    assert results["statements a batch"].median <= 4
    assert (results["events a reading"].median, results["verifications a reading"].median) == (1, 1)
    assert {result.measure.step for result in results.values() if result.measure.series} == {12, 30, 3}
    assert any("professionals" in step for step in steps)


def test_only_some_sections_keep_no_report(tmp_path, capsys, monkeypatch):
    """`--only` runs those sections alone, prints their table, and writes a report only under a name."""
    monkeypatch.setattr(bench, "SHORT", TINY)
    parser = argparse.ArgumentParser()
    bench.configure(parser)
    words = ["--only", "keys", "--out", str(tmp_path / "out")]
    assert bench.run(parser.parse_args(words)) == 0
    assert "| seal a key | 1/s |" in capsys.readouterr().out
    assert not (tmp_path / "out").exists()
    assert bench.run(parser.parse_args([*words, "--name", "now"])) == 0
    assert (tmp_path / "out" / "now.json").exists()
