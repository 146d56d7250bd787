from __future__ import annotations

from consent.preview import changes, with_consent, without_consent
from tests.consent.world import NOW, consent, denial, facts, holder, ident, item, pim, to_counsellors, vera

ITEMS = [item("a"), item("b", section="health")]


def test_giving_a_consent_shows_who_would_see_what():
    """Each answer that turns is listed with the decision before and after."""
    new = consent("c2", grantee=to_counsellors)
    before = facts(consent())
    found = changes(before, with_consent(before, new), [vera, pim], ITEMS, new, NOW)
    assert [(each.actor, each.item, each.action) for each in found] == [
        (pim, ident("a"), "list"),
        (pim, ident("a"), "read"),
    ]
    assert (found[0].before.reason, found[0].after.rules) == ("no-consent", (ident("c2"),))


def test_withdrawing_shows_what_access_is_left():
    """What another rule still permits does not turn."""
    both = facts(consent(), consent("c2", grantee=to_counsellors))
    assert changes(both, without_consent(both, ident("c1")), [vera], ITEMS, consent(), NOW) == []
    alone = facts(consent())
    found = changes(alone, without_consent(alone, ident("c1")), [vera], ITEMS, consent(), NOW)
    assert [(each.item, each.action, each.after.permitted) for each in found] == [
        (ident("a"), "list", False),
        (ident("a"), "read", False),
    ]


def test_a_denial_and_a_replacement_can_be_previewed():
    """A denial takes its place among denials; what a consent replaces is gone in the preview."""
    before = facts(consent(), holder())
    assert with_consent(before, denial()).dossier.denials == (denial(),)
    after = with_consent(before, consent("c2", replaces=ident("c1")))
    assert [each.id for each in after.dossier.permits] == [ident("c2")]
    assert after.dossier.holders == before.dossier.holders


def test_a_preview_leaves_the_facts_alone():
    """Facts are values: what was asked about is not stored."""
    before = facts(consent())
    with_consent(before, denial())
    without_consent(before, ident("c1"))
    assert before == facts(consent())
