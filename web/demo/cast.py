"""Who plays in the story: one citizen, one agency, one professional, one auditor, and those who enter them."""

from __future__ import annotations

from msgspec.structs import replace

from dossier.sample import Record, World

OWNER = "hanneke-de-wit"
AGENCY = "kredietbank-lindeland"
SYSTEM = "schuldregeling"
PROFESSIONAL = "noor-hoekstra"
SUPERVISOR = "bureau-toezicht-lindestreek"
AUDITOR = "mei-lin-chen"
IDENTIFIER = "bsn:999880007"
RECORDS = 3


def cast_of(world: World) -> World:
    """The part of the world that plays, without any record yet."""
    people = {PROFESSIONAL, AUDITOR, world.administrator(AGENCY).slug, world.administrator(SUPERVISOR).slug}
    bank = world.agency(AGENCY)
    systems = tuple(each for each in bank.systems if each.slug == SYSTEM)
    return World(
        personas=(world.persona(OWNER),),
        agencies=(replace(bank, systems=systems), replace(world.agency(SUPERVISOR), systems=())),
        professionals=tuple(each for each in world.professionals if each.slug in people),
        cases=(),
        records=(),
    )


def records_of(world: World) -> tuple[Record, ...]:
    """The records that are delivered in the story."""
    every = world.records_of(OWNER)
    return tuple(each for each in every if (each.agency, each.system) == (AGENCY, SYSTEM))[:RECORDS]
