"""What a case is about and until when one is in it, by what was signed; a service that says otherwise is not believed."""

from __future__ import annotations

import pytest

from crypto.encoding import encode_base64
from crypto.errors import SignatureError
from crypto.keys import SigningKey
from crypto.statements import sign
from dossier.client.cases import Capacity, CaseClient
from dossier.client.parties import Pins
from dossier.client.standing import Standing, standing
from tests.scenarios.story import tell
from tests.scenarios.test_team import HOUR, Lying, case_with_els
from tests.scenarios.test_team import cast as cast_of_team

cast = cast_of_team


def mine(cast):
    """The sister as one who works in cases, at a service that may lie to her, with nothing seen before."""
    return CaseClient(Lying(cast.els), cast.enrolled.identity, pins=Pins())


def changed(statement, key, **fields):
    """A statement like this one, with other words and under another key; the signer named stays the same."""
    payload = {name: value for name, value in statement.payload.items() if name != "keyHash"}
    return sign(statement.kind, payload | fields, key)


def shown_with(shown, *links):
    """A case as a service shows it that made up the opening, or the last link."""
    statements = [{"seq": at, "statement": encode_base64(each.envelope)} for at, each in enumerate(links, 1)]
    opening, last = links[0], links[-1]
    chain = {"sequence": last.payload.get("sequence", 0), "head": last.hash.hex(), "ended": []}
    said = {"statement": encode_base64(opening.envelope), "hash": opening.hash.hex()}
    return shown | said | {"statements": statements, "chain": chain}


async def test_each_sees_what_was_signed_for_them(cast):
    """Who opened the case is in it without end, the owner as long as they accepted, a sister as long as she was let in."""

    def story():
        case, now = case_with_els(cast), cast.owner.session.now()
        ends = [standing(each, case).until for each in (cast.worker, cast.owning, mine(cast))]
        assert ends[0] == 0
        assert abs(ends[1] - now - 86_400) < HOUR / 2
        assert abs(ends[2] - now - HOUR) < HOUR / 2
        later = now + 2 * HOUR
        cast.owning.add(case, Capacity(cast.enrolled.identity.person), "network-help", later)
        assert standing(mine(cast), case) == Standing("support", later)

    await tell(story)


async def test_who_left_is_in_it_no_more(cast):
    """A part or an acceptance that ended counts no more, and a part that began anew does (P7)."""

    def story():
        case = case_with_els(cast)
        cast.owning.end(case, cast.enrolled.identity.person)
        later = cast.owner.session.now() + 2 * HOUR
        cast.owning.add(case, Capacity(cast.enrolled.identity.person), "network-help", later)
        assert standing(mine(cast), case).until == later
        invited = cast.worker.open("debt-help", [cast.bsn])
        assert standing(cast.owning, invited) == Standing("support", None)

    await tell(story)


async def test_what_nobody_signed_is_not_shown(cast):
    """Another subject, or a longer part, is believed of no service: it must be signed by whom it names (P1)."""

    def story():
        case, client, thief = case_with_els(cast), mine(cast), SigningKey.generate()
        path = f"/v1/cases/{case.hex()}"
        shown, view = cast.els.get(path), mine(cast).show(case)
        (joined,) = [each for each in view.statements() if each.kind == "case-participation"]
        forged = changed(view.opening, thief, subject="debt-help")
        client.session.says[path] = shown_with(shown, forged)
        with pytest.raises(SignatureError):
            standing(client, case)
        longer = changed(joined, thief, until=joined.payload["until"] + HOUR, sequence=2, previous=joined.hash.hex())
        lies = mine(cast)
        lies.session.says[path] = shown_with(shown, view.opening, joined, longer)
        with pytest.raises(SignatureError):
            standing(lies, case)
        only_said = mine(cast)
        only_said.session.says[path] = shown | {"subject": "debt-help", "participants": []}
        assert standing(only_said, case) == Standing("support", joined.payload["until"])

    await tell(story)


async def test_what_a_system_opened_is_about_is_left_open(cast):
    """The keys of a system stand in the register: where it opened the case, no subject is shown as verified."""

    def story():
        case, client = case_with_els(cast), mine(cast)
        path, view = f"/v1/cases/{case.hex()}", mine(cast).show(case)
        opened = changed(view.opening, SigningKey.generate(), role="")
        client.session.says[path] = shown_with(cast.els.get(path), opened)
        assert standing(client, case) == Standing("", None)

    await tell(story)
