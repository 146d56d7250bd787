"""Going through the acts of a stream: what stood before each is put together, and the act judged by it again.

An act names no positions of other streams, so those of the people in it are taken by time: as they stood within a few
seconds of the act, which is as exact as the writer was (design 6: foreign facts act within a second).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, product
from typing import Any, Final

from audit.entry import Entry, FactRecord, Head, Position, View
from audit.errors import AuditError
from audit.stream import NO_PREVIOUS
from consent.catalogue import Catalogue
from consent.errors import ConsentError
from crypto.encoding import decode_base64
from crypto.errors import CryptoError
from crypto.keys import key_hash
from crypto.statements import parse_statement, statement_hash
from dossier.auditing.deed import SCHEMAS, Deed, Kept, Line, differences, group
from dossier.auditing.deeds import entry_of
from dossier.auditing.past import History, NotReplayableError
from dossier.auditing.store import EventStore, StreamRow
from dossier.auditing.vouching import CHECKS, unvouched
from dossier.cases.store import Invitation, InvitationWant, NoticeWant
from dossier.dossiers.store import SectionKeyRow, SectionWant
from dossier.epochs.lapsing import MovedError, NothingLapsedError
from dossier.epochs.losses import KINDS, Moment
from dossier.epochs.store import EpochWant, LastEpoch
from dossier.epochs.streamkey import STREAM_KEY
from dossier.errors import DossierError
from dossier.items.store import ItemWant
from dossier.requests import expiring
from dossier.requests.store import RequestRow, RequestWant, expires
from dossier.sharing import ending
from dossier.sharing.ending import EndWant
from dossier.sharing.store import AllItemsWant

SLACK: Final = 5_000
"""Milliseconds by which a person's or case's facts may have been behind, or their clock ahead."""

MOST_PASTS: Final = 16
"""Combinations of positions that are tried for one act."""

NOTHING_DUE = (ending.NothingDueError, expiring.NothingDueError, NothingLapsedError, MovedError)
ELSEWHERE: Final = {
    "dossier": frozenset({("stopped/v1", "reading")}),
    "case": frozenset({("case/v1", "acceptance")}),
}
"""What is judged elsewhere: decisions by their judges, acceptances of cases where their dossiers wrote them."""

PARTIES: Final = frozenset({"person", "organisation"})
"""Kinds of streams whose statements vouch for people and systems."""

Histories = Callable[[Sequence[bytes]], Awaitable[Mapping[bytes, History]]]
Finding = tuple[Line, str]


@dataclass
class Acts:
    """The acts of one stream, gathered while it is walked, then judged.

    `facts` are by the event that made them, `rules` the events that changed rules, in order. Of every event there are
    the leaf hash and the time (UTC milliseconds); `gone` are those whose payload is not there any more, `partial` those
    of an act of which one of these may have been a part.
    """

    stream: StreamRow
    facts: Mapping[int, Sequence[FactRecord]]
    rules: Sequence[int]
    lines: list[Line] = field(default_factory=list)
    leaves: dict[int, bytes] = field(default_factory=dict)
    times: dict[int, int] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)
    partial: list[Line] = field(default_factory=list)

    def add(self, line: Line) -> None:
        """Take in an event that an act may have been written as."""
        wanted = SCHEMAS if self.stream.kind in ELSEWHERE else {"key/v1"} if self.stream.kind in PARTIES else ()
        if line.event.schema.id in wanted:
            self.lines.append(line)


@dataclass
class Remaker:
    """Judges acts again; `histories` gives the facts of streams. Owned by one task."""

    store: EventStore
    histories: Histories
    catalogue: Catalogue
    _times: dict[bytes, Sequence[tuple[int, int]]] = field(default_factory=dict)

    async def findings(self, acts: Acts) -> list[Finding]:
        """What is wrong with the acts of a stream."""
        if acts.stream.kind in PARTIES:
            return await self._vouched(acts)
        found: list[Finding] = []
        groups = [lines for lines in group(acts.lines) if not _is_elsewhere(acts.stream.kind, lines[0])]
        if not groups:
            return found
        kept = await self.store.kept(acts.stream.stream)
        history = (await self.histories([acts.stream.stream]))[acts.stream.stream]
        for lines in groups:
            wrong = await self._judge(acts, history, lines, kept)
            if wrong and not acts.gone.isdisjoint((lines[0].seq - 1, lines[-1].seq + 1)):
                # What was erased may have been the rest of it: nobody can say that it is wrong, nor that it is not.
                acts.partial += [line for line, _ in wrong]
            else:
                found += wrong
        return found

    async def _vouched(self, acts: Acts) -> list[Finding]:
        """What is wrong with the keys and attestations of a person or organisation."""
        named = [line for line in acts.lines if line.event["statement"] and line.event["kind"] in CHECKS]
        if not named:
            return []
        kept = await self.store.party_statements(acts.stream.stream)
        history = (await self.histories([acts.stream.stream]))[acts.stream.stream]
        found = []
        for line in named:
            digest, before = line.event["statement"], history.compiled(line.seq - 1).value
            found += [(line, text) for text in unvouched(kept.get(digest, b""), digest, before)]
        return found

    async def _judge(self, acts: Acts, history: History, lines: tuple[Line, ...], kept: Kept) -> list[Finding]:
        first = lines[0]
        try:
            state = history.compiled(first.seq - 1).value if first.seq > 1 else None
            deed = Deed(acts.stream.stream, acts.stream.kind, lines, kept, self.catalogue, state)
            return await self._again(acts, history, deed, entry_of(deed))
        except NotReplayableError as error:
            return [(first, f"not replayable: {error}")]
        except DossierError as error:
            return [(first, f"the act comes out as refused: `{error.code}`")]
        except (AuditError, ConsentError, CryptoError, LookupError, TypeError, ValueError):
            return [(first, "not replayable: what was written makes no sense")]

    async def _again(self, acts: Acts, history: History, deed: Deed, entry: Entry[Any]) -> list[Finding]:
        others = [each for each in dict.fromkeys((*entry.streams, *entry.foreign)) if each != deed.stream]
        past = _Past(acts, history, deed, await self._uses(entry))
        first: list[Finding] | None = None
        for positions in islice(await self._positions(others, deed.lines[0].at), MOST_PASTS):
            found = _judged(deed, entry, past.view(entry, positions, await self.histories(list(positions))))
            if not found:
                return found
            first = first or found
        return first or []

    async def _positions(self, streams: Sequence[bytes], at: int) -> Iterator[dict[bytes, int]]:
        """Where the rules of other streams may have stood at an instant, the likeliest first."""
        choices = [[(stream, seq) for seq in _near(await self._times_of(stream), at)] for stream in streams]
        return (dict(each for each in chosen if each[1]) for chosen in product(*choices))

    async def _times_of(self, stream: bytes) -> Sequence[tuple[int, int]]:
        if stream not in self._times:
            self._times[stream] = await self.store.rules_times(stream)
        return self._times[stream]

    async def _uses(self, entry: Entry[Any]) -> Mapping[EndWant, int]:
        wants = [want for want in entry.wants if isinstance(want, EndWant)]
        return {want: used for want in wants if (used := await self.store.last_use(want.consent))}


def _is_elsewhere(kind: str, line: Line) -> bool:
    event = line.event
    name = next((event[each] for each in ("kind", "type") if each in event.schema.positions), "")
    return (event.schema.id, name) in ELSEWHERE[kind]


def _near(times: Sequence[tuple[int, int]], at: int) -> list[int]:
    """The rules positions (0 for none) that a stream may have been seen at: as of `at`, then earlier, then later."""
    before = [seq for seq, then in times if then <= at - SLACK][-1:] or [0]
    around = [seq for seq, then in times if at - SLACK < then <= at + SLACK]
    until = [seq for seq, then in times if then <= at][-1:] or [0]
    return list(dict.fromkeys((*until, *reversed(around), *before)))


def _judged(deed: Deed, entry: Entry[Any], view: View) -> list[Finding]:
    try:
        outcome = entry.judge(view)
    except NOTHING_DUE:
        return [(deed.lines[0], "nothing was due when this was written")]
    except DossierError as error:
        return [(deed.lines[0], f"the act comes out as refused: `{error.code}`")]
    made = [append for append in outcome.appends if append.stream == deed.stream]
    return list(differences(deed, made))


@dataclass(frozen=True)
class _Past:
    """What stood before one act."""

    acts: Acts
    history: History
    deed: Deed
    uses: Mapping[EndWant, int]

    def view(self, entry: Entry[Any], positions: Mapping[bytes, int], histories: Mapping[bytes, History]) -> View:
        """The view that the entry was judged in, with other streams at these rules positions."""
        first, stream = self.deed.lines[0], self.deed.stream
        heads = {each: Head(each, histories[each].kind, rules=_at(seq)) for each, seq in positions.items()}
        compiled = {each: histories[each].compiled(seq) for each, seq in positions.items()}
        if first.seq > 1:
            heads[stream] = self._head()
            compiled[stream] = self.history.compiled(first.seq - 1)
        rows = {want: row for want in entry.wants if (row := self._row(want)) is not None}
        return View(first.at, heads, compiled, rows)

    def _head(self) -> Head:
        first = self.deed.lines[0]
        rules = self._rules_before()
        position = Position(rules, self.acts.leaves[rules]) if rules else _at(0)
        return Head(self.deed.stream, self.deed.kind, seq=first.seq - 1, at_ms=first.at, rules=position)

    def _rules_before(self) -> int:
        count = bisect_left(self.acts.rules, self.deed.lines[0].seq)
        return self.acts.rules[count - 1] if count else 0

    def _row(self, want: Any) -> Any:
        """What the writer would have loaded. That an invitation waited is a row that nothing keeps: it is believed."""
        seq = self.deed.lines[0].seq - 1
        found: dict[type, Callable[[], Any]] = {
            AllItemsWant: lambda: self.history.items(seq),
            ItemWant: lambda: self.history.item(want.item, seq),
            RequestWant: lambda: self._request(want.request.hex()),
            EpochWant: self._epoch,
            SectionWant: lambda: self._section(want.section, want.lane),
            EndWant: lambda: self.uses.get(want),
            InvitationWant: lambda: Invitation(b"", b""),
            NoticeWant: lambda: True,
        }
        return found[type(want)]() if type(want) in found else None

    def _request(self, request: str) -> RequestRow | None:
        """A request that was open; when its time is over stands in what was signed, for a row could say anything."""
        row = self.deed.kept.requests.get(request)
        return row._replace(state="open", expires=expires(row.at, parse_statement(row.body))) if row else None

    def _section(self, section: str, lane: str) -> SectionKeyRow | None:
        """The newest key of a section before the act."""
        made = (fact.body for fact in self._earlier("section-key"))
        bodies = [body for body in made if (body["section"], body["lane"]) == (section, lane)]
        if not bodies:
            return None
        newest, public = bodies[-1], key_hash(decode_base64(bodies[-1]["publicKey"]))
        return SectionKeyRow(section, lane, newest["epoch"], public, statement_hash("section-key", newest), b"", 0)

    def _epoch(self) -> tuple[LastEpoch | None, dict[int, int]]:
        times = {fact.seq: self.acts.times[fact.seq] for fact in self._earlier(*KINDS)}
        keys = self._earlier(STREAM_KEY)
        if not keys:
            return None, times
        last = keys[-1]
        moment = Moment(last.seq, self.acts.times[last.seq])
        return LastEpoch(last.body["epoch"], last.body["next"], moment), times

    def _earlier(self, *kinds: str) -> list[FactRecord]:
        """The facts of these kinds before the act, in order."""
        before = (seq for seq in sorted(self.acts.facts) if seq < self.deed.lines[0].seq)
        return [fact for seq in before for fact in self.acts.facts[seq] if fact.kind in kinds]


def _at(seq: int) -> Position:
    return Position(seq, NO_PREVIOUS)
