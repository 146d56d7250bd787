from __future__ import annotations

import io
import json
from xml.etree import ElementTree as ET

from web.bench.picture import growth_picture, relative_costs, targets_picture
from web.bench.progress import Progress
from web.bench.report import table, write
from web.bench.rounds import Measure, Result


async def nothing(_seconds):
    """No work."""
    return 0.0


def result(name, figures, ratios=(), **options):
    return Result(Measure(name, "ms", nothing, **options), list(figures), list(ratios))


RESULTS = [
    result("floor", [10.0, 11.0]),
    result("fast & sound", [5.0, 6.0], [2.0, 1.8], floor="floor", target=1.3, inverse=True, goal="T2"),
    result("slow", [50.0, 60.0], [0.2, 0.18], floor="floor", target=1.3, inverse=True, goal="T1"),
]
GROWTH = [
    result("act, 10", [1.0], [0.5], inverse=True, series="act, by items", step=10),
    result("act, 100", [3.0], [0.25], inverse=True, series="act, by items", step=100),
]


def test_table_says_whether_targets_were_reached():
    """Each row holds figures, ratio, target and yes or no; a floor has no target."""
    rows = table(RESULTS).splitlines()
    assert rows[2].endswith("|  |  |  |")
    assert "| 1.90 [1.80-2.00] | T2 ≥ 1.3 x floor | yes |" in rows[3]
    assert rows[4].endswith("| T1 ≥ 1.3 x floor | no |")


def test_costs_of_a_series_leave_the_machine_out():
    """A step that has half the ratio of the first costs twice as much."""
    assert relative_costs(GROWTH) == [1.0, 2.0]


def test_pictures_are_well_formed_and_fit_a_telephone():
    """Both pictures are XML without anything from elsewhere, 360 wide, in both themes, and tell the result in words."""
    for picture in (targets_picture(RESULTS), growth_picture(GROWTH)):
        root = ET.fromstring(picture)
        assert (root.get("viewBox") or "").startswith("0 0 360 ")
        assert "prefers-color-scheme: dark" in picture
        assert "href" not in picture
    told = targets_picture(RESULTS)
    assert "fast &amp; sound" in told
    assert "1.46 x the target: reached" in told
    assert told.index("T1 slow") < told.index("T2 fast")
    assert (targets_picture([RESULTS[0]]), growth_picture(RESULTS)) == ("", "")


def test_report_is_written_whole(tmp_path):
    """Table, JSON and pictures go together, and the JSON holds every figure."""
    path = write(tmp_path / "bench", "today", {"Some": RESULTS, "Growth": GROWTH}, "short")
    text = path.read_text("utf-8")
    kept = json.loads((tmp_path / "bench" / "today.json").read_text("utf-8"))
    assert [each["figures"] for each in kept["sections"]["Some"]] == [[10.0, 11.0], [5.0, 6.0], [50.0, 60.0]]
    assert [each["reached"] for each in kept["sections"]["Some"]] == [None, True, False]
    assert kept["kind"] == "short"
    for name in ("today-targets.svg", "today-growth.svg"):
        assert f"]({name})" in text
        assert (tmp_path / "bench" / name).exists()


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_is_a_line_a_step_in_a_pipe():
    """Nothing but whole lines goes into a pipe or a file, the same one never twice in a row."""
    stream = io.StringIO()
    progress = Progress(stream)
    for text in ("one", "one", "two"):
        progress(text)
    progress.done()
    assert stream.getvalue() == "one\ntwo\n"


def test_progress_is_one_line_on_a_terminal():
    """On a terminal the line changes, and is gone at the end."""
    stream = Terminal()
    progress = Progress(stream)
    progress("one")
    progress.done()
    assert "\n" not in stream.getvalue()
    assert stream.getvalue().endswith("\r\x1b[K")
