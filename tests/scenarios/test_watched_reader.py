"""A professional who reads far too much, as those see it who watch: the operator's numbers and the auditor's list."""

from __future__ import annotations

import time
from collections import Counter

from crypto.keys import SigningKey
from dossier.client.auditor import Auditor
from dossier.client.enrolment import enrol
from dossier.client.organisation import add_member, attest, enter_organisation
from tests.scenarios.story import ASKED, LETTER, content_of, deliver, grant, tell
from tests.values import replace
from web.api import readings
from web.demo.founding import register_signers
from web.metrics import Metrics

LIMIT, READINGS = 2, 7
NUMBER = "dossier_readings_slowed_total"


def supervise(cast):
    """An auditor, attested by a supervisor."""
    signers, key = register_signers(cast.settings.data_dir), SigningKey.generate()
    named = {"administrator": ("wim-scholten", "Wim Scholten"), "kind": "supervisor"}
    with cast.session("registrar") as registrar:
        supervisor = enter_organisation(registrar, "Toezicht", key, signers, **named)
    with cast.session("wim-scholten") as clerk:
        member = add_member(clerk, supervisor, "mei-lin-chen", "Mei-Lin Chen", ["auditor"])
        session = cast.session("mei-lin-chen")
        enrol(session)
        attest(clerk, supervisor, key, member, ["auditor"])
    return Auditor(session)


def decisions(auditor, item, count):
    """The decisions about an item that an auditor is shown, once the log has that many."""
    for _ in range(100):
        shown = [each.fields for each in auditor.events() if each.fields.get("schema") == "decision/v1"]
        found = [each for each in shown if item.hex() in each["subjects"]]
        if len(found) >= count:
            return found
        time.sleep(0.1)
    raise AssertionError("the log does not go on")


def told(metrics: Metrics):
    """The number of slowed readings, from the text that monitoring fetches."""
    (line,) = [each for each in metrics.render().splitlines() if each.startswith(f"{NUMBER} ")]
    return int(line.split()[1])


async def test_who_watches_sees_it(cast, app, monkeypatch):
    """Each reading beyond the limit counts at /metrics, without a name; the auditor's list has them all (N60, P4)."""
    service = app.state.service
    monkeypatch.setattr(service, "settings", replace(service.settings, reading_limit=LIMIT))
    monkeypatch.setattr(readings, "SLOWED_SECONDS", 0.0)

    def story():
        auditor = supervise(cast)
        grant(cast)
        for _ in range(READINGS):
            assert content_of(cast.reader, cast.reader.read(cast.item, ASKED)) == LETTER
        return decisions(auditor, cast.item, READINGS)

    before = told(service.metrics)
    listed = await tell(story)
    assert told(service.metrics) == before + READINGS - LIMIT
    assert cast.noor.person.hex() not in service.metrics.render()
    assert Counter(each["actor"] for each in listed) == {cast.noor.person.hex(): READINGS}


async def test_copied_reasons_can_be_counted(cast):
    """The auditor sees who gave which reason for what: the same one again and again stands there as often (N61)."""

    def story():
        auditor = Auditor(cast.session("mei-lin-chen"))
        item = deliver(cast, LETTER)
        grant(cast)
        for reason in ("intake", "intake", "intake", "assessment"):
            cast.reader.read(item, replace(ASKED, reason=reason))
        return decisions(auditor, item, 4)

    listed = await tell(story)
    assert Counter((each["actor"], each["reason"]) for each in listed) == {
        (cast.noor.person.hex(), "intake"): 3,
        (cast.noor.person.hex(), "assessment"): 1,
    }
