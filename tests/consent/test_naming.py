"""What the names of grantees leave out never fitted, and all that is for others is left out."""

from __future__ import annotations

from itertools import product

from consent.matching import grantee_fits
from consent.naming import by_name, name_of, naming
from consent.terms import Grantee
from tests.consent.world import (
    CASE,
    CLINIC,
    NEIGHBOUR,
    PIM,
    SYSTEM,
    TOWN,
    VERA,
    aunt,
    consent,
    ident,
    neighbour,
    owner,
    owner_at_work,
    pim,
    system,
    to_counsellors,
    to_team,
    to_vera,
    vera,
    vera_as_social_worker,
    vera_elsewhere,
)
from tests.values import replace

ACTORS = (owner, owner_at_work, vera, vera_elsewhere, vera_as_social_worker, pim, aunt, neighbour, system)
GRANTEES = [
    Grantee(kind, person=person, organisation=organisation, role=role, case=case, system=named)
    for kind, person, organisation, role, case, named in product(
        ("person", "role", "team", "system", "network", "unheard of"),
        ("", VERA, PIM, NEIGHBOUR),
        ("", TOWN, CLINIC),
        ("", "debt-counsellor"),
        ("", CASE),
        ("", SYSTEM),
    )
]


def test_whoever_fits_has_the_name():
    """P2: for every kind of grantee and actor, in permits and in denials: who fits is found under the grantee's name."""
    fitting = 0
    for grantee, actor, strict in product(GRANTEES, ACTORS, (True, False)):
        if grantee_fits(grantee, actor, strict=strict):
            fitting += 1
            assert name_of(grantee) in {actor.id, actor.organisation, ""}
    assert fitting > len(GRANTEES)


def test_found_in_id_order():
    """What may concern somebody comes in the order of ids, whatever it names; what is for others does not come."""
    grantees = {"c": to_vera, "a": to_team, "b": to_counsellors, "d": replace(to_vera, person=PIM)}
    rules = by_name(replace(consent(grantee=grantee), id=ident(name)) for name, grantee in grantees.items())
    assert [each.id for each in naming(rules, vera)] == [ident("a"), ident("b"), ident("c")]
    assert [each.id for each in naming(rules, aunt)] == [ident("a")]
