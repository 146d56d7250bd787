"""Going through everything that was logged: each stream checked against its leaves, each decision made again.

The leaves come first: a payload that its leaf does not commit to was rewritten, and nothing in it is believed. Then the
facts under each event are held against it, and only by these facts is anything decided.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from audit.entry import FactRecord
from audit.errors import AuditError, IncompleteError
from audit.monthkeys import MonthKeys
from audit.payload import open_stream_key
from consent.catalogue import Catalogues
from consent.errors import ConsentError
from dossier.auditing.deed import Line
from dossier.auditing.grounds import ends_of_consents, unended, ungrounded
from dossier.auditing.outcome import GONE, Place, Replayed, Tally
from dossier.auditing.remaking import Acts, Remaker
from dossier.auditing.store import EventRow, EventStore, Opened, StreamRow, open_row
from dossier.auditing.walking import Walk
from dossier.facts.compiler import Compiler
from dossier.replay import (
    Difference,
    History,
    NotReplayableError,
    Seen,
    catalogues_of,
    is_decision,
    kind_of,
    replay,
    replay_corrected,
)

PAGE = 500
KEPT_HISTORIES = 512
CLASSES = ("rules", "items", "keys")

SLACK = 5_000
"""Milliseconds within which a look from outside the writer may have missed what another process had just written."""

BESIDE = "not replayable: what was written with it may have been erased beside it"
"""What is said of an act that does not come out again by itself, next to a payload that is gone."""

Progress = Callable[[int], None]
"""Called with the number of events gone through so far."""

Facts = Mapping[int, Sequence[FactRecord]]


@dataclass
class Replayer:
    """Goes through the events of a store. `months` opens payloads; owned by one task."""

    store: EventStore
    months: MonthKeys
    catalogues: Catalogues
    progress: Progress = lambda _count: None
    _histories: OrderedDict[tuple[bytes, str], History] = field(default_factory=OrderedDict)

    async def run(self, only: bytes | None = None) -> Replayed:
        """Go through all streams, or one; raise nothing for what is wrong: it stands in the result."""
        result = Replayed()
        for stream in await self.store.streams():
            if only is None or stream.stream == only:
                await self._stream(stream, result)
        return result

    async def _stream(self, stream: StreamRow, result: Replayed) -> None:
        walk = Walk(stream, result, await self._keys(stream.stream))
        facts = await self._facts(stream)
        acts = Acts(stream, facts, await self._rules(stream))
        ends = ends_of_consents(fact for made in facts.values() for fact in made)
        after = 0
        while rows := await self.store.of_stream(stream.stream, after, PAGE):
            logged = await self.store.logged_leaves(stream.stream, after, len(rows))
            for row in rows:
                # What was appended since the head was read is the next run's.
                if row.seq <= stream.seq:
                    await self._event(row, walk, logged.get(row.seq), facts.get(row.seq, ()), ends, acts)
            after = rows[-1].seq
        walk.finish()
        for line, text in await self._remaker().findings(acts):
            walk.find(EventRow(stream.stream, line.seq, b"", b"", line.at, None, None, None, None), text)
        result.gone += [Place(stream.stream, line.seq, b"", BESIDE) for line in acts.partial]
        result.streams += 1

    async def _facts(self, stream: StreamRow) -> Facts:
        """All facts of a stream by the event that made them."""
        found: dict[int, list[FactRecord]] = defaultdict(list)
        for cls in CLASSES:
            for record in await self.store.facts(stream.stream, cls):
                found[record.seq].append(record)
        return found

    async def _keys(self, stream: bytes) -> list[tuple[int, bytes]]:
        """The keys of a stream by the seq of their first event; none that cannot be opened."""
        found = []
        for row in await self.store.keys(stream):
            try:
                key = open_stream_key(self.months.find(row["month"]), stream, row["epoch"], row["wrapped"])
            except AuditError:
                continue
            found.append((row["from_seq"], key))
        return found

    async def _event(
        self,
        row: EventRow,
        walk: Walk,
        logged: bytes | None,
        facts: Sequence[FactRecord],
        ends: Mapping[str, int],
        acts: Acts,
    ) -> None:
        result = walk.result
        result.events += 1
        self.progress(result.events)
        walk.check_leaf(row, logged)
        acts.leaves[row.seq], acts.times[row.seq] = walk.hash, row.at
        opened = open_row(row, self.months)
        if opened is None:
            acts.gone.add(row.seq)
            await self._missing(row, walk)
        elif walk.check_payload(row, opened):
            event, kind = opened.event, walk.stream.kind
            gone = unended(event, row.seq, ends) if kind == "dossier" else []
            for text in (*ungrounded(kind, event, opened.evidence, facts), *gone):
                walk.find(row, text)
            acts.add(Line(row.seq, row.at, event, opened.evidence, tuple(facts)))
            if is_decision(opened.event):
                await self._decision(row, opened, result)

    async def _missing(self, row: EventRow, walk: Walk) -> None:
        if row.erased_by is not None:
            walk.erased.add(row.seq)
            by = await self.store.event_at(row.stream, row.erased_by)
            self._gone(row, walk, f"erased by event {by.hex() if by else row.erased_by}")
        elif row.month is not None and not self._has_key(row.month):
            self._gone(row, walk, f"the key of {row.month} was destroyed")
        elif row.month is not None:
            walk.find(row, "the payload does not open: it is not what was sealed there")
        else:
            walk.find(row, "the payload is gone and no event says why")

    def _gone(self, row: EventRow, walk: Walk, why: str) -> None:
        walk.result.gone.append(Place.of(row, f"not replayable: {why}"))
        walk.result.kinds[GONE].erased += 1

    def _has_key(self, month: str) -> bool:
        try:
            self.months.find(month)
        except IncompleteError:
            return False
        return True

    async def _decision(self, row: EventRow, opened: Opened, result: Replayed) -> None:
        schema, name = kind_of(opened.event)
        tally = result.kinds[f"{schema} {name}".strip()]
        try:
            differences, corrected = await self._again(row, opened)
        except NotReplayableError as error:
            tally.impossible += 1
            result.findings.append(Place.of(row, f"not replayable: {error}"))
            return
        except ConsentError:
            tally.impossible += 1
            result.findings.append(Place.of(row, "not replayable: the facts of that time do not compile"))
            return
        if not differences and await self._was_there(row, opened):
            differences = [Difference("positions", "[]", "what the event is about was there")]
        _count(tally, differences, corrected)
        result.findings += [Place.of(row, str(each)) for each in differences]
        result.corrected += [Place.of(row, f"as corrected later: {each}") for each in corrected]

    async def _again(self, row: EventRow, opened: Opened) -> tuple[list[Difference], list[Difference]]:
        event, evidence = opened.event, opened.evidence
        histories = await self._of(Seen.of(event), catalogues_of(event, self.catalogues))
        differences = replay(event, evidence, histories, row.stream)
        return differences, [] if differences else replay_corrected(event, evidence, histories, row.stream)

    async def _was_there(self, row: EventRow, opened: Opened) -> bool:
        """Whether an event that used no facts is about something that was there, and so had facts."""
        event = opened.event
        subjects = event.items("subjects") if "subjects" in event.schema.positions else []
        if event.items("positions") or not subjects or event["decision"] != "deny":
            return False
        since = await self.store.there_since(bytes.fromhex(subjects[0]))
        return since is not None and since < row.at - SLACK

    async def _rules(self, stream: StreamRow) -> list[int]:
        """Where in a stream the rules changed."""
        return sorted({fact.seq for fact in await self.store.facts(stream.stream, "rules")})

    def _remaker(self) -> Remaker:
        async def histories(streams: Sequence[bytes]) -> Mapping[bytes, History]:
            return await self._of(Seen(dict.fromkeys(streams, 0), None, 0), self.catalogues)

        return Remaker(self.store, histories, self.catalogues.current)

    async def _of(self, seen: Seen, catalogues: Catalogues) -> dict[bytes, History]:
        version = catalogues.current.hash
        known = {stream: self._histories.get((stream, version)) for stream in seen.rules}
        # A history that was read before may lack the newest facts.
        wanted = [s for s, history in known.items() if history is None or history.last < seen.rules[s]]
        for stream, row in (await self.store.heads(wanted) if wanted else {}).items():
            rules, items = await self.store.facts(stream, "rules"), await self.store.facts(stream, "items")
            self._histories[stream, version] = History(row.kind, row.seq, rules, items, Compiler(catalogues))
        found = {stream: self._histories.get((stream, version)) for stream in seen.rules}
        for name in found:
            if (name, version) in self._histories:
                self._histories.move_to_end((name, version))
        while len(self._histories) > KEPT_HISTORIES:
            self._histories.popitem(last=False)
        return {stream: history for stream, history in found.items() if history is not None}


def _count(tally: Tally, differences: Sequence[Difference], corrected: Sequence[Difference]) -> None:
    if differences:
        tally.differing += 1
        return
    tally.same += 1
    tally.corrected += bool(corrected)
