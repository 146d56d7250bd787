from __future__ import annotations

from consent.search import decide_items, known_actors, permitted_actions, permitted_actors, permitted_items
from consent.terms import Request, Scope
from tests.consent.world import (
    CASE,
    NOW,
    SYSTEM,
    TOWN,
    aunt,
    block,
    consent,
    denial,
    exception,
    facts,
    holder,
    ident,
    item,
    owner,
    pim,
    system,
    to_counsellors,
    vera,
)


def asked(actor=vera, action="read"):
    return Request(actor, action, item(), "debt-help")


def test_a_list_holds_what_the_actor_may_read_and_nothing_else():
    """Items outside the consent are not in the list, whatever their number."""
    items = [item(f"n{number}", section="debts" if number % 3 else "health") for number in range(30)]
    found = permitted_items(vera, "read", items, facts(consent()), NOW, purpose="debt-help")
    assert found == [each for each in items if each.section == "debts"]


def test_view_as_shows_the_dossier_through_other_eyes():
    """The same call with another actor is what that person would see."""
    items = [item("a"), item("b", lane="vault")]
    around = facts(holder())
    assert permitted_items(owner, "read", items, around, NOW) == items
    assert permitted_items(aunt, "read", items, around, NOW) == items[:1]
    assert permitted_items(vera, "read", items, around, NOW) == []


def test_items_that_a_rule_tells_apart_are_decided_apart():
    """Listed ids, cases, dates, positions and subjects each make a class of their own."""
    items = [
        item("bill"),
        item("other"),
        item("incase", cases=frozenset({CASE})),
        item("dated", data_from=100, data_until=150),
        item("late", delivered=9),
        item("apart", quarantined=True),
    ]
    around = facts(
        consent(later_items=False),
        denial("d1", scope=Scope(items=frozenset({ident("bill")}))),
        denial("d2", scope=Scope(case=CASE)),
        denial("d3", scope=Scope(data_from=100, data_until=120, items=frozenset({ident("dated")}))),
    )
    answers = [each.reason for _, each in decide_items(vera, "read", items, around, NOW, purpose="debt-help")]
    assert answers == ["denied", "consent", "denied", "denied", "no-consent", "quarantined"]
    excepted = facts(consent(), denial(exceptions=(exception(scope=Scope(items=frozenset({ident("bill")}))),)))
    permitted = [
        each.permitted for _, each in decide_items(vera, "read", items[:2], excepted, NOW, purpose="debt-help")
    ]
    assert permitted == [True, False]


def test_who_may_read_an_item():
    """Everybody known is asked; who may is found with the decision."""
    around = facts(consent(grantee=to_counsellors), block())
    found = dict(permitted_actors(known_actors(around), asked(), around, NOW))
    assert found.keys() == {owner, pim}
    assert found[pim].reason == "consent"


def test_known_actors_are_everybody_in_each_of_their_roles():
    """Citizens, professionals once per role, and systems."""
    found = known_actors(facts())
    assert {vera, pim, owner, aunt, system} <= set(found)
    assert len(found) == len(set(found))
    assert [each.role for each in found if each.id == vera.id and each.organisation == TOWN] == [
        "debt-counsellor",
        "social-worker",
    ]
    assert [each.kind for each in found if each.id == SYSTEM] == ["system"]


def test_which_actions_an_actor_has():
    """Exactly those that are permitted one by one."""
    assert permitted_actions(asked(), facts(consent()), NOW) == ["list", "read"]
    assert len(permitted_actions(asked(owner), facts(), NOW)) == 7
    assert permitted_actions(asked(), facts(), NOW) == []
