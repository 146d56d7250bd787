from __future__ import annotations

import json
import re
from collections import Counter

import pytest

from consent.catalogue import shipped_catalogues
from dossier.sample import load_world
from dossier.sample.pdf import write_pdf

WORLD = load_world()
CATALOGUE = shipped_catalogues().current
DOSSIERS = {(persona.slug, plan.nature) for persona in WORLD.personas for plan in persona.dossiers}
ATTACHMENTS = [attachment for record in WORLD.records for attachment in record.attachments]
PDFS = [a.content for a in ATTACHMENTS] + [r.content for r in WORLD.records if r.media_type == "application/pdf"]
JSONS = [record for record in WORLD.records if record.media_type == "application/json"]
PERSON_NUMBERS = {persona.bsn for persona in WORLD.personas}


def passes_eleven_test(number):
    weights = (9, 8, 7, 6, 5, 4, 3, 2, -1)
    return (
        len(number) == 9 and sum(int(digit) * weight for digit, weight in zip(number, weights, strict=True)) % 11 == 0
    )


def fields(value, name):
    """Every value of the fields of that name, at any depth."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == name:
                yield inner
            yield from fields(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from fields(inner, name)


def test_the_world_is_big_enough_to_be_worth_looking_at():
    """The sample holds at least the people, agencies, cases, records and attachments that the demo promises."""
    kinds = Counter(persona.kind for persona in WORLD.personas)
    working = [p for p in WORLD.professionals if p.role not in {"administrator", "auditor"}]
    assert kinds["citizen"] >= 2
    assert kinds["entrepreneur"] >= 1
    assert len(working) >= 6
    assert sum(bool(agency.systems) for agency in WORLD.agencies) >= 4
    assert len(WORLD.cases) >= 2
    assert len(WORLD.records) >= 60
    assert len({record.section for record in WORLD.records}) >= 5
    assert len(ATTACHMENTS) >= 6


def test_one_household_holds_several_dossiers():
    """Several people of one household each own a dossier of their own."""
    owners = Counter(persona.household for persona in WORLD.personas if persona.household and persona.dossiers)
    assert max(owners.values()) >= 3


def test_the_entrepreneur_keeps_firm_and_self_apart():
    """The entrepreneur has a private and a business dossier, and each holds records."""
    (entrepreneur,) = [persona for persona in WORLD.personas if persona.kind == "entrepreneur"]
    assert {plan.nature for plan in entrepreneur.dossiers} == {"private", "business"}
    assert all(WORLD.records_of(entrepreneur.slug, plan.nature) for plan in entrepreneur.dossiers)


def test_every_organisation_has_one_administrator_and_one_auditor_exists():
    """Each organisation has exactly one administrator, and there is somebody to audit."""
    administrators = Counter(p.organisation for p in WORLD.professionals if p.role == "administrator")
    assert administrators == Counter(agency.slug for agency in WORLD.agencies)
    assert "auditor" in {p.role for p in WORLD.professionals}


@pytest.mark.parametrize("number", sorted(PERSON_NUMBERS))
def test_citizen_numbers_are_well_formed_and_reserved(number):
    """A BSN passes the eleven-test and lies in the block chosen for invented people."""
    assert passes_eleven_test(number)
    assert number.startswith("99988")


def test_numbers_inside_records_are_those_of_personas():
    """Every citizen number within a record is that of a persona, so no real person can be meant."""
    found = {n for r in JSONS for name in ("burgerservicenummer", "bsn") for n in fields(json.loads(r.content), name)}
    assert found
    assert found <= PERSON_NUMBERS


def test_firm_numbers_are_well_formed_and_reserved():
    """KVK numbers have eight digits in the unused block, OINs hold them, RSINs pass the eleven-test."""
    firms = {plan.number for persona in WORLD.personas for plan in persona.dossiers if plan.scheme == "kvk"}
    firms |= {agency.kvk for agency in WORLD.agencies}
    firms |= {n for record in JSONS for n in fields(json.loads(record.content), "kvknummer")}
    assert all(re.fullmatch(r"0000\d{4}", number) for number in firms)
    assert all(agency.oin == f"00000003{agency.kvk}0000" for agency in WORLD.agencies)
    sources = {n for record in JSONS for n in fields(json.loads(record.content), "bronorganisatie")}
    assert all(passes_eleven_test(number) and number not in PERSON_NUMBERS for number in sources)


def test_nothing_in_the_records_can_lead_to_somebody_real():
    """Postcodes, accounts and mail addresses lie in blocks that nobody has, and there are no telephone numbers."""
    text = "\n".join(r.content.decode() for r in WORLD.records if r.media_type != "application/pdf")
    assert set(re.findall(r'"postcode": "(\d{4})', text)) == {"8999"}
    assert set(re.findall(r"\bNL(\d\d)[A-Z]{4}\d{10}", text)) == {"00"}
    assert all(address.endswith(".example") for address in re.findall(r"[\w.-]+@[\w.-]+", text))
    assert all(professional.email.endswith(".example") for professional in WORLD.professionals)
    assert not re.search(r"\b0[1-9]\d?[- ]?\d{7,8}\b|\+31", text)


def test_every_code_is_in_the_catalogue():
    """Sections, lanes, types, labels, roles and purposes are codes of the current consent catalogue."""
    assert {record.section for record in WORLD.records} <= CATALOGUE.sections
    assert {record.lane for record in WORLD.records} == CATALOGUE.lanes
    assert {record.type for record in WORLD.records} <= CATALOGUE.types
    assert {record.label for record in WORLD.records} <= set(CATALOGUE.labels)
    assert {professional.role for professional in WORLD.professionals} <= CATALOGUE.roles
    purposes = {case.purpose for case in WORLD.cases} | {p.purpose for case in WORLD.cases for p in case.participants}
    assert purposes <= set(CATALOGUE.purposes)
    assert {section for case in WORLD.cases for p in case.participants for section in p.sections} <= CATALOGUE.sections


def test_records_belong_to_existing_dossiers_and_systems():
    """Each record has an existing owner and dossier, and a system that says it delivers that section and type."""
    systems = {(agency.slug, system.slug): system for agency in WORLD.agencies for system in agency.systems}
    delivered = [record for record in WORLD.records if record.agency]
    assert all((record.owner, record.dossier) in DOSSIERS for record in WORLD.records)
    assert {(record.agency, record.system) for record in delivered} == set(systems)
    assert all(record.section in systems[record.agency, record.system].sections for record in delivered)
    assert all(record.type in systems[record.agency, record.system].types for record in delivered)


def test_only_owners_use_the_vault():
    """What lies in the vault was put there by the owner; agencies cannot deliver to it."""
    vault = [record for record in WORLD.records if record.lane == "vault"]
    assert vault
    assert all(not record.agency for record in vault)


def test_cases_name_existing_people():
    """Owners, coordinator, opener, participants and network of a case exist; the coordinator takes part."""
    professionals = {professional.slug for professional in WORLD.professionals}
    personas = {persona.slug for persona in WORLD.personas}
    for case in WORLD.cases:
        taking_part = {participant.professional for participant in case.participants}
        assert {(owner.person, owner.nature) for owner in case.owners} <= DOSSIERS
        assert taking_part | {case.opened_by, case.coordinator} <= professionals
        assert case.coordinator in taking_part
        assert set(case.network) <= personas


def test_slugs_are_unique():
    """No two things of one kind share a slug, and no professional has the slug of a persona."""
    people = [p.slug for p in WORLD.personas] + [p.slug for p in WORLD.professionals]
    for slugs in (
        people,
        [a.slug for a in WORLD.agencies],
        [c.slug for c in WORLD.cases],
        [r.key for r in WORLD.records],
    ):
        assert len(slugs) == len(set(slugs))


def test_no_record_equals_another():
    """All contents, attachments included, differ; so a mix-up between two records would be seen."""
    contents = [record.content for record in WORLD.records] + [attachment.content for attachment in ATTACHMENTS]
    assert len(contents) == len(set(contents))


def test_contents_are_small_and_periods_run_forward():
    """Each record describes a period that ends after it begins, and fits inline."""
    assert all(record.data_from < record.data_until for record in WORLD.records)
    assert all(0 < len(record.content) < 16_384 for record in WORLD.records)


def test_debts_add_up():
    """The totals in debt overviews and arrangements are the sums of their creditors."""
    overviews = [o for r in JSONS for o in fields(json.loads(r.content), "schuldenoverzicht")]
    assert overviews
    for overview in overviews:
        assert round(sum(c["bedrag"] for c in overview["schuldeisers"]), 2) == overview["totaal"]
        assert len(overview["schuldeisers"]) == overview["aantalSchuldeisers"]
    for arrangement in (a for r in JSONS for a in fields(json.loads(r.content), "regeling") if "schuldeisers" in a):
        assert round(sum(c["vordering"] for c in arrangement["schuldeisers"]), 2) == arrangement["totaleSchuld"]


def test_benefit_statements_add_up():
    """What was paid out is the sum of the lines above it."""
    statements = [s for r in JSONS if "uitbetaald" in (s := json.loads(r.content))]
    assert statements
    assert all(round(sum(line["bedrag"] for line in s["regels"]), 2) == s["uitbetaald"] for s in statements)


@pytest.mark.parametrize("content", PDFS)
def test_pdfs_are_whole(content):
    """Header, end mark and every cross-reference of a PDF are in place."""
    assert content.startswith(b"%PDF-1.4\n")
    assert content.endswith(b"%%EOF\n")
    table = int(content.rsplit(b"startxref\n", 1)[1].split(b"\n")[0])
    assert content[table:].startswith(b"xref\n0 ")
    offsets = re.findall(rb"(\d{10}) 00000 n ", content)
    assert offsets
    for number, offset in enumerate(offsets, start=1):
        assert content[int(offset) :].startswith(b"%d 0 obj\n" % number)
    for match in re.finditer(rb"/Length (\d+) >>\nstream\n", content):
        assert content[match.end() + int(match[1]) :].startswith(b"\nendstream")


def test_pdf_escapes_and_flows_over():
    """Brackets and backslashes are escaped, the euro sign is shown, and long text goes on to a second page."""
    content = write_pdf("(a) \\ b", ["€ 1 (één)", *["regel"] * 60])
    assert b"(\\(a\\) \\\\ b) Tj" in content
    assert b"(\x80 1 \\(\xe9\xe9n\\)) Tj" in content
    assert b"/Count 3" in content


def test_pdf_refuses_what_it_cannot_show():
    """A character outside the built-in fonts is an error, never a blank."""
    with pytest.raises(UnicodeEncodeError):
        write_pdf("漢", [])


def test_loading_again_gives_the_same_bytes():
    """The loader has no clock and no randomness."""
    load_world.cache_clear()
    assert load_world() == WORLD
