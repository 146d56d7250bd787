"""Readings raced against withdrawals (T5): nothing is released after its consent was withdrawn, and what that costs."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from audit.entry import Claim
from audit.errors import AuditError
from crypto.encoding import sha256
from crypto.statements import parse_statement
from dossier.errors import DossierError
from dossier.parties.actor import Actor, Assurance
from dossier.sharing.store import SharedRow
from dossier.sharing.withdrawal import Withdraw
from web.bench.below import Asked, Desk
from web.bench.homes import Home
from web.bench.rounds import ManyWork, Measure, Several
from web.bench.world import add_homes

CALLERS = 32


@dataclass
class Race:
    """One round: the homes that may still be read, what was released of each, and where each was withdrawn."""

    desk: Desk
    live: list[Home]
    released: dict[bytes, list[str]] = field(default_factory=dict)
    withdrawn: dict[bytes, int] = field(default_factory=dict)
    late: int = 0
    """Releases of readings that were asked for after the withdrawal had returned."""

    async def read(self, asked: Asked, home: Home) -> bool:
        """Read; tell whether it was released."""
        over = home.dossier in self.withdrawn
        try:
            answer = await self.desk.read(asked)
        except (DossierError, AuditError):
            return False
        self.late += over
        self.released.setdefault(home.dossier, []).append(answer.reading)
        return True

    async def withdraw(self, home: Home) -> None:
        """End the consent as its owner does without a key, then try to read once more."""
        owner = Actor("person", home.owner, None, (), Assurance.HIGH, int(time.time()), bytes(16))
        shared = SharedRow(home.dossier, home.consent, parse_statement(home.envelope).hash, 1, home.envelope)
        claim = Claim(home.owner, sha256(b"POST withdrawal"), secrets.token_bytes(16), bytes(32))
        ended = await self.desk.writer.submit(Withdraw(owner, shared, None, claim))
        self.withdrawn[home.dossier] = ended.promise.seq
        self.live.remove(home)
        await self.read(next(self.desk.sign([home.item], 1)), home)

    async def stale(self) -> int:
        """How many releases stand behind the withdrawal in their stream, or were asked for after it."""
        found = 0
        for dossier, seq in self.withdrawn.items():
            events = [bytes.fromhex(each) for each in self.released.get(dossier, ())]
            found += await self.desk.stage.pool.fetchval(
                "SELECT count(*) FROM audit.event WHERE bucket = audit.bucket($1) AND stream = $1 AND seq > $2"
                " AND event = ANY($3)",
                dossier,
                seq,
                events,
            )
        return found + self.late


async def measures(desk: Desk, rounds: int, withdrawals: int) -> list[Measure]:
    """The rate of readings with and without withdrawals among them, and stale releases, of which none is allowed."""
    sets = [await _homes(desk, withdrawals) for _ in range(rounds + 1)]
    calm, name = "readings, nothing withdrawn", f"readings raced against {withdrawals} withdrawals"
    quiet, racing = Several(_round(desk, sets[:1])), Several(_round(desk, sets[1:], withdraw=True))
    return [
        Measure(calm, "1/s", quiet.figure("rate")),
        Measure(name, "1/s", racing.figure("rate"), calm, 0.9, goal="T5"),
        Measure("of these released", "", racing.figure("released")),
        Measure("consents withdrawn meanwhile", "", racing.figure("withdrawn")),
        Measure("stale releases", "", racing.figure("stale"), inverse=True, limit=0, goal="T5"),
    ]


async def _homes(desk: Desk, count: int) -> list[Home]:
    return await add_homes(desk.writer, desk.stage.world.source, count, signed=True)


def _round(desk: Desk, sets: list[list[Home]], *, withdraw: bool = False) -> ManyWork:
    steady = desk.stage.world.homes[1]

    async def work(seconds: float) -> Mapping[str, float]:
        homes = sets.pop() if withdraw else sets[0]
        race = Race(desk, list(homes))
        await desk.warm([home.item for home in homes])
        begun = time.perf_counter()
        reads = asyncio.gather(*(_read_on(race, steady, begun + seconds) for _ in range(CALLERS)))
        if withdraw:
            await _withdraw_all(race, homes, seconds)
        rate = sum(await reads) / (time.perf_counter() - begun)
        released = sum(map(len, race.released.values()))
        return {
            "rate": rate,
            "released": released,
            "withdrawn": len(race.withdrawn),
            "stale": await race.stale(),
        }

    return work


async def _read_on(race: Race, steady: Sequence[Home], ends: float) -> int:
    """Read one after another, half of them where consents are withdrawn; return how many were released."""
    done, signer = 0, race.desk
    while time.perf_counter() < ends:
        homes = race.live if race.live and secrets.randbits(1) else steady
        home = homes[secrets.randbelow(len(homes))]
        done += await race.read(next(signer.sign([home.item], 1)), home)
    return done


async def _withdraw_all(race: Race, homes: Sequence[Home], seconds: float) -> None:
    """Withdraw them all one after another within the time of the round."""
    for home in homes:
        await asyncio.sleep(seconds * 0.9 / len(homes))
        await race.withdraw(home)
