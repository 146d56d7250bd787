"""Readings raced against withdrawals (T5): nothing is released after its consent was withdrawn, and what that costs."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from audit.entry import Claim
from crypto.encoding import sha256
from crypto.statements import parse_statement
from dossier.errors import NotFoundError
from dossier.parties.actor import Actor, Assurance
from dossier.sharing.store import SharedRow
from dossier.sharing.withdrawal import Withdraw
from web.bench.below import Desk
from web.bench.homes import Home
from web.bench.rounds import ManyWork, Measure, Several
from web.bench.world import add_homes

CALLERS = 32
EACH = 100
"""Readings for each withdrawal: T5 asks for 10,000 readings raced against 100 withdrawals."""


@dataclass
class Race:
    """One round: the homes that may still be read, what was released of each, and where each was withdrawn.

    `late` counts releases of readings that were asked for after the withdrawal had returned.
    """

    desk: Desk
    live: list[Home]
    withdrawals: list[Home]
    begun: int = 0
    late: int = 0
    released: dict[bytes, list[str]] = field(default_factory=dict)
    withdrawn: dict[bytes, int] = field(default_factory=dict)

    async def run(self, steady: Sequence[Home], count: int) -> float:
        """Read so many times while consents are withdrawn; return readings a second, the refused ones too."""
        begun = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for _ in range(CALLERS):
                group.create_task(self._read_on(steady, count, group))
        return self.begun / (time.perf_counter() - begun)

    async def _read_on(self, steady: Sequence[Home], count: int, group: asyncio.TaskGroup) -> None:
        """Read one after another, a quarter of them where consents are withdrawn."""
        while self.begun < count:
            self.begun += 1
            if self.begun % EACH == EACH // 2 and self.withdrawals:
                group.create_task(self._withdraw(self.withdrawals.pop()))
            homes = self.live if self.live and not secrets.randbits(2) else steady
            await self._read(homes[secrets.randbelow(len(homes))])

    async def _read(self, home: Home) -> None:
        over = home.dossier in self.withdrawn
        try:
            answer = await self.desk.read(next(self.desk.sign([home.item], 1)))
        except NotFoundError:
            return
        self.late += over
        self.released.setdefault(home.dossier, []).append(answer.reading)

    async def _withdraw(self, home: Home) -> None:
        """End the consent as its owner does without a key, then try to read once more."""
        owner = Actor("person", home.owner, None, (), Assurance.HIGH, int(time.time()), bytes(16))
        shared = SharedRow(home.dossier, home.consent, parse_statement(home.envelope).hash, 1, home.envelope)
        claim = Claim(home.owner, sha256(b"POST withdrawal"), secrets.token_bytes(16), bytes(32))
        ended = await self.desk.writer.submit(Withdraw(owner, shared, None, claim))
        self.withdrawn[home.dossier] = ended.promise.seq
        self.live.remove(home)
        await self._read(home)

    async def stale(self) -> int:
        """How many releases stand behind the withdrawal in their stream, or were asked for after it."""
        found = self.late
        for dossier, seq in self.withdrawn.items():
            events = [bytes.fromhex(each) for each in self.released.get(dossier, ())]
            found += await self.desk.stage.pool.fetchval(
                "SELECT count(*) FROM audit.event WHERE bucket = audit.bucket($1) AND stream = $1 AND seq > $2"
                " AND event = ANY($3)",
                dossier,
                seq,
                events,
            )
        return found


async def measures(desk: Desk, rounds: int, withdrawals: int) -> list[Measure]:
    """The rate of readings with and without withdrawals among them, and stale releases, of which none is allowed."""
    source = desk.stage.world.source
    sets = [await add_homes(desk.writer, source, withdrawals, signed=True) for _ in range(rounds + 1)]
    count = withdrawals * EACH
    calm, name = f"{count:,} readings, nothing withdrawn", f"{count:,} readings raced against {withdrawals} withdrawals"
    quiet, racing = Several(_round(desk, sets[:1])), Several(_round(desk, sets[1:], withdraw=True))
    return [
        Measure(calm, "1/s", quiet.figure("rate")),
        Measure(name, "1/s", racing.figure("rate"), calm, 0.9, goal="T5"),
        Measure("of these released", "", racing.figure("released")),
        Measure("consents withdrawn meanwhile", "", racing.figure("withdrawn")),
        Measure("stale releases", "", racing.figure("stale"), inverse=True, limit=0, goal="T5"),
    ]


def _round(desk: Desk, sets: list[list[Home]], *, withdraw: bool = False) -> ManyWork:
    """One round. Withdrawn homes cannot be read again, so each round that withdraws has a set of its own."""

    async def work(_seconds: float) -> Mapping[str, float]:
        homes = sets.pop() if withdraw else sets[0]
        await desk.warm([home.item for home in homes])
        race = Race(desk, list(homes), list(homes) if withdraw else [])
        rate = await race.run(desk.stage.world.homes[1], len(homes) * EACH)
        released = sum(map(len, race.released.values()))
        return {
            "rate": rate,
            "released": released,
            "withdrawn": len(race.withdrawn),
            "stale": await race.stale(),
        }

    return work
