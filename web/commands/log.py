"""Check the public log from its files alone, or make every logged decision again from the facts as they stood.

Exit codes: 0 in order, 1 something is wrong, 2 wrongly called, 3 the log could not be read.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from audit.errors import AuditError, LogFormatError
from audit.note import VerifierKey, parse_verifier_key
from audit.verify import LogState, Report, parse_state, verify_log
from crypto.encoding import encode_base64
from dossier.client.errors import ClientError
from dossier.client.publiclog import open_log
from dossier.private import write_private
from web.commands.options import add_data_option, with_settings

WRONG = 1
WRONGLY_CALLED = 2
UNREAD = 3
PROGRESS_SECONDS = 1.0


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the acts `verify` and `replay` with their options."""
    acts = parser.add_subparsers(dest="act", required=True, metavar="ACT")
    verify = acts.add_parser("verify", help="check every entry and tile of a log", allow_abbrev=False)
    verify.add_argument("log", metavar="URL|FOLDER", help="where the files of the log are, as http://host:port/log")
    verify.add_argument("--vkey", required=True, metavar="KEY", help="the log's verifier key (C2SP signed-note)")
    verify.add_argument("--state", metavar="FILE", help="what was seen before; kept up to date if all is in order")
    replay = acts.add_parser("replay", help="make every logged decision again", allow_abbrev=False)
    replay.add_argument("--stream", default="", metavar="ID", help="only events of this stream")
    add_data_option(replay)
    for act in (verify, replay):
        act.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Do the act."""
    if arguments.act == "replay":
        from web.commands.replay import replay  # noqa: PLC0415 - a verifier starts without a database driver

        return with_settings(arguments, lambda settings: replay(settings, arguments))
    try:
        key, state = parse_verifier_key(arguments.vkey.strip()), _load(arguments.state)
    except AuditError as error:
        return _fail(str(error), WRONGLY_CALLED)
    try:
        return _verify(arguments, key, state)
    except ClientError as error:
        return _fail(str(error), UNREAD)
    except OSError:
        return _fail("the state cannot be kept in that file", WRONGLY_CALLED)


def _verify(arguments: argparse.Namespace, key: VerifierKey, state: LogState | None) -> int:
    progress = Progress()
    with open_log(arguments.log) as log:
        report = verify_log(log, key, state, progress=progress)
    if report.ok and report.state is not None and arguments.state:
        write_private(Path(arguments.state), report.state.encode().decode())
    print(json.dumps(as_json(report)) if arguments.json else as_text(report))
    return 0 if report.ok else WRONG


class Progress:
    """Tells on standard error how far a check is, at most once a second."""

    def __init__(self) -> None:
        self._told = time.monotonic()

    def __call__(self, done: int, size: int) -> None:
        """Say how many entries were checked, of how many."""
        if time.monotonic() - self._told >= PROGRESS_SECONDS:
            self._told = time.monotonic()
            print(f"{done} of {size} entries checked", file=sys.stderr, flush=True)


def as_json(report: Report) -> dict[str, object]:
    """What was found, for programs; `root` is base64 as in the checkpoint."""
    return {
        "ok": report.ok,
        "origin": report.origin,
        "size": report.size,
        "root": encode_base64(report.root),
        "controls": len(report.controls),
        "findings": [{"code": each.code, "where": each.where, "text": each.text} for each in report.findings],
    }


def as_text(report: Report) -> str:
    """What was found, for people: one line, or one line for each thing that is wrong."""
    if report.ok:
        return f"ok: {report.origin}, {report.size} entries, root {encode_base64(report.root)}"
    lines = [f"not ok  {each.code}: {each}" for each in report.findings]
    count = "1 finding" if len(lines) == 1 else f"{len(lines)} findings"
    return "\n".join([*lines, f"{count} in {report.origin}, {report.size} entries"])


def _load(path: str | None) -> LogState | None:
    if not path or not Path(path).exists():
        return None
    try:
        return parse_state(Path(path).read_bytes())
    except OSError as error:
        raise LogFormatError("the state file cannot be read") from error


def _fail(message: str, code: int) -> int:
    print(f"dossier: {message}", file=sys.stderr)
    return code
