"""Structured logs without personal data: one JSON object a line.

What may stand in a line: our own constant messages and named fields that callers choose from closed vocabularies
(route template, status, milliseconds, counts), and the ids of systems where one sends what another signed. What never
does: paths, queries, headers, bodies, names, the text of an exception, or the message of a library, because each of
those can carry what somebody wrote.
"""

from __future__ import annotations

import json
import logging
import sys
import time
import traceback
from typing import TextIO

OURS = "eigendossier"

logger = logging.getLogger(OURS)


class JsonFormatter(logging.Formatter):
    """A log record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Give time (UTC), level, message and fields; of other libraries only that they spoke."""
        ours = record.name.split(".")[0] == OURS
        line: dict[str, object] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "level": record.levelname.lower(),
            "event": record.msg if ours and isinstance(record.msg, str) else f"message of {record.name}",
        }
        if ours:
            line.update(getattr(record, "fields", {}))
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = describe_error(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False, default=str)


def describe_error(error: BaseException) -> dict[str, object]:
    """An exception as its class and the places it passed; its text is left out, it may quote content."""
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{'/'.join(frame.filename.split('/')[-2:])}:{frame.lineno} {frame.name}" for frame in frames[-12:]]
    cause = error.__cause__
    return {
        "class": type(error).__qualname__,
        "at": places,
        **({"cause": type(cause).__qualname__} if cause is not None else {}),
    }


def set_up_logging(level: str, stream: TextIO | None = None) -> None:
    """Send every log line of the process, ours and others', through the one formatter."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logger.setLevel(level.upper())


def log(level: int, event: str, **fields: object) -> None:
    """Write one line; `event` is a constant sentence, fields come from closed vocabularies."""
    if logger.isEnabledFor(level):
        logger.log(level, event, extra={"fields": fields})
