"""Show what happened in one's dossier, and prove on this machine that nothing is left out or changed.

For an auditor: the events of all streams, or of one, each held against its leaf in the public log.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from audit.errors import AuditError
from crypto.canonical import decode_json
from dossier.client.auditor import Auditor
from dossier.client.errors import UntrustedError
from dossier.client.history import LoggedTags, dossier_history, read_tags
from dossier.parties.members import AUDITOR
from web.commands.looking import add_dossier, dossiers, when
from web.commands.who import Report, Who, act, add_who

CODES = ("action", "type", "kind")
"""The fields that say what was done, the most telling first."""
WHY = ("decision", "purpose", "reason", "basis")
"""The fields that say how it was decided, and why."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_who(parser)
    add_dossier(parser)
    parser.add_argument("--stream", default="", metavar="ID", help="for an auditor: only events of this stream")


def run(arguments: argparse.Namespace) -> int:
    """List, oldest first; 1 if something does not verify."""
    return act(arguments, lambda who: report(who, arguments))


def report(who: Who, arguments: argparse.Namespace) -> Report:
    """The list of events, proved whole; raise UntrustedError when it is not."""
    tags = read_log(who)
    if AUDITOR in who.session.get("/v1/me")["roles"]:
        return _of_all(who, tags, arguments.stream)
    return _own(who, tags, arguments)


def read_log(who: Who) -> LoggedTags:
    """The log is read before the lists: what it has then, they must have too."""
    with who.company.log() as log:
        tags = read_tags(log, who.log_key(), who.company.seen_log(who.name))
    who.company.keep_log(who.name, tags.checkpoint)
    return tags


def _own(who: Who, tags: LoggedTags, arguments: argparse.Namespace) -> Report:
    rows: list[dict[str, Any]] = []
    waiting = 0
    owner = who.owner()
    for dossier in dossiers(who, arguments):
        held = owner.hold(dossier)
        who.company.keep_pins(who.name, owner.pins)
        try:
            history = dossier_history(who.session, held, tags)
        except AuditError as error:
            raise UntrustedError(f"the list of events does not verify: {error}") from error
        place = {"dossier": dossier.hex(), "stream": dossier.hex()}
        for seq in range(1, history.head.seq + 1):
            fields = history.checked.events.get(seq, {})
            rows.append({**place, "seq": seq, "event": history.ids.get(seq, ""), "fields": dict(fields)})
        waiting += len(history.waiting)
    told = f"{len(rows)} events, none left out: proved with your keys and the log of {tags.checkpoint.size} entries"
    more = [f"{waiting} of them are promised and not in the log yet"] if waiting else []
    values = {"ok": True, "events": rows, "waiting": waiting, "logSize": tags.checkpoint.size}
    return Report(values, [*(_line(who, row) for row in rows), told, *more])


def _of_all(who: Who, tags: LoggedTags, stream: str) -> Report:
    seen = Auditor(who.session).events(stream, logged=tags)
    rows = [
        {"index": e.index, "stream": e.stream, "seq": e.seq, "event": e.event, "fields": dict(e.fields)} for e in seen
    ]
    told = f"{len(rows)} events, each as its leaf in the log commits to; this look is an event too"
    return Report({"ok": True, "events": rows, "logSize": tags.checkpoint.size}, [*(_line(who, r) for r in rows), told])


def _line(who: Who, row: Mapping[str, Any]) -> str:
    fields: Mapping[str, str] = row["fields"]
    if not fields:
        return f"{row['seq']:>5}  erased"
    what = next((fields[name] for name in CODES if fields.get(name)), fields["schema"].partition("/")[0])
    words = [when(int(fields["time"])), who.name_of(fields["actor"]), who.name_of(fields.get("organisation", ""))]
    hidden = "refused" if fields["schema"].startswith("hidden/") else ""
    outcome = [hidden, *(fields.get(name, "") for name in WHY)]
    return f"{row['seq']:>5}  " + "  ".join(word for word in (*words, what, _about(row), *outcome) if word)


def _about(row: Mapping[str, Any]) -> str:
    """The id of what an event is about: an item, a consent, a case; nothing for the dossier itself."""
    fields: Mapping[str, str] = row["fields"]
    subjects: list[str] = list(decode_json((fields.get("subjects") or "[]").encode()))
    found = [fields.get("item", ""), *subjects[:1], fields.get("case", "")]
    return next((each for each in found if each and each != row["stream"]), "")
