"""Facts of web/logging.py."""

from __future__ import annotations

import io
import json
import logging

import pytest

from web.edge import Edge
from web.logging import JsonFormatter, describe_error, log, logger, set_up_logging
from web.metrics import Metrics

MARKER = "mevrouw De Wit, BSN 999990019"


@pytest.fixture
def stream():
    kept = logging.root.handlers[:], logging.root.level, logger.level
    written = io.StringIO()
    set_up_logging("info", written)
    yield written
    logging.root.handlers[:], level, ours = kept
    logging.root.setLevel(level)
    logger.setLevel(ours)


def lines(stream):
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_one_object_a_line(stream):
    """A line is a JSON object with time, level, event and the named fields."""
    log(logging.INFO, "request", status=200, ms=1.5)
    (line,) = lines(stream)
    assert (line["level"], line["event"], line["status"], line["ms"]) == ("info", "request", 200, 1.5)


def test_exception_text_stays_out(stream):
    """P1: of an exception only its class and places are written, never its text or its cause's."""
    try:
        try:
            raise KeyError(MARKER)
        except KeyError as cause:
            raise ValueError(MARKER) from cause
    except ValueError:
        logger.exception("a request failed")
    (line,) = lines(stream)
    assert line["error"]["class"] == "ValueError"
    assert line["error"]["cause"] == "KeyError"
    assert MARKER not in stream.getvalue()


def test_other_libraries_do_not_speak_freely(stream):
    """P1: the message of a library may quote a row, so only its logger's name is written."""
    logging.getLogger("asyncpg.pool").error("duplicate key: %s", MARKER)
    (line,) = lines(stream)
    assert line["event"] == "message of asyncpg.pool"
    assert MARKER not in stream.getvalue()


def test_arguments_of_ours_are_not_filled_in(stream):
    """P1: an argument that somebody passes by mistake does not reach the line."""
    logger.warning("a name: %s", MARKER)
    assert MARKER not in stream.getvalue()
    assert lines(stream)[0]["event"] == "a name: %s"


async def test_paths_stay_out(stream):
    """P1: a request is logged under the template of its route: no id, no query and no made-up path reaches the line."""

    async def inner(_scope, _receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(_message):
        pass

    scope = {"type": "http", "method": "GET", "path": f"/{MARKER}", "query_string": MARKER.encode(), "headers": []}
    await Edge(inner, Metrics(), https=False)(scope, None, send)
    (line,) = lines(stream)
    assert (line["event"], line["route"]) == ("request", "unknown")
    assert MARKER not in stream.getvalue()


def test_places_have_no_folders():
    """The places of an error name the file and its folder, not where the machine keeps it."""
    try:
        raise ValueError
    except ValueError as error:
        told = describe_error(error)
    assert str(told["at"]).startswith("['web/test_logging.py:")


def test_formatter_survives_odd_values():
    """A field that JSON does not know is written as text and does not break the log."""
    record = logging.LogRecord("eigendossier", logging.INFO, __file__, 1, "event", None, None)
    record.fields = {"odd": object}
    assert json.loads(JsonFormatter().format(record))["odd"].startswith("<class")
