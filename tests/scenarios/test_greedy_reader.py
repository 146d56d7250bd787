"""A professional who opens far more than work asks for: slowed down, and every single look is in the owner's stream."""

from __future__ import annotations

from dataclasses import replace

from tests.scenarios.story import ASKED, LETTER, content_of, grant, tell

LIMIT, READINGS = 3, 8


async def test_many_readings_are_slowed_and_all_are_recorded(cast, app, monkeypatch):
    """Beyond the limit of five minutes each reading waits, is released all the same, and none is left out (N60, P4)."""
    service, waited = app.state.service, []
    monkeypatch.setattr(service, "settings", replace(service.settings, reading_limit=LIMIT))

    async def wait(actor, seconds):
        waited.append((actor, seconds > 0))

    monkeypatch.setattr(service.slowed, "wait", wait)

    def story():
        grant(cast)
        before = len(decided(cast))
        for _ in range(READINGS):
            assert content_of(cast.reader, cast.reader.read(cast.item, ASKED)) == LETTER
        assert len(decided(cast)) == before + READINGS

    await tell(story)
    assert waited == [(cast.noor.person, True)] * (READINGS - LIMIT)


def decided(cast):
    """The decisions that the owner is shown, each with who asked."""
    page = cast.owner.session.get(f"/v1/dossiers/{cast.dossier.hex()}/events", {"size": 100})
    opened = [{one["name"]: one["value"] for one in each["openings"] if "value" in one} for each in page["events"]]
    return [each for each in opened if each["schema"] == "decision/v1" and each["actor"] == cast.noor.person.hex()]
