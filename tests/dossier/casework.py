"""Cases and access requests for tests: statements as clients sign them, handed to the real writer."""

from __future__ import annotations

from crypto.encoding import new_id
from crypto.keys import key_hash
from crypto.statements import cosign, sign
from dossier.cases.accepting import AcceptCase
from dossier.cases.authority import find_case
from dossier.cases.closing import CloseCase
from dossier.cases.coordinating import TransferCoordinator
from dossier.cases.opening import OpenCase
from dossier.cases.people import AddParticipant, EndParticipation
from dossier.cases.service import Cases
from dossier.cases.store import CaseStore
from dossier.dossiers.store import DossierStore
from dossier.parties.store import PartyStore
from dossier.requests.answering import AnswerRequest, NewAnswer
from dossier.requests.asking import Ask
from dossier.requests.store import RequestStore
from dossier.sharing.consents import GiveConsent, NewConsent
from tests.dossier.town import CATALOGUES, claim, consent_payload, now

CATALOGUE = CATALOGUES.current


def capacity(person):
    """A person as statements name them."""
    organisation = person.organisation.hex() if person.organisation else ""
    return {"person": person.id.hex(), "organisation": organisation, "role": person.role}


def head_of(person):
    """The head of somebody's key chain, as statements name it; a system has none."""
    return person.chain.hash.hex() if hasattr(person, "chain") else ""


def signed(person, kind, /, **fields):
    """A statement signed by somebody in a capacity."""
    organisation = person.organisation.hex() if person.organisation else ""
    common = {"signer": person.id.hex(), "organisation": organisation, "role": person.role, "issuedAt": now()}
    return sign(kind, common | fields, person.signing)


def opening(person, **fields):
    """A case-opening by the coordinator."""
    payload = {
        "case": new_id().hex(),
        "subject": "debts",
        "purpose": "debt-help",
        "basis": "legal-task",
        "coordinator": capacity(person),
        "chainHead": head_of(person),
    }
    return signed(person, "case-opening", **(payload | fields))


class Work:
    """A town with cases."""

    def __init__(self, town):
        self.town, self.pool, self.writer = town, town.pool, town.writer
        self.cases = Cases(CaseStore(town.pool), DossierStore(town.pool), PartyStore(town.pool), town.writer)
        self.requests = RequestStore(town.pool)

    async def address(self, home):
        """The HMAC under which a dossier is found."""
        return await self.pool.fetchval("SELECT hmac FROM dossier.address WHERE dossier = $1", home.id)

    async def vouch(self, home):
        """Let the sign-in provider vouch that a dossier's owner has its identifier, so that invitations reach them."""
        row = (await self.address(home), home.owner.id)
        await self.pool.execute("INSERT INTO dossier.identifier VALUES ($1, $2, 'bsn') ON CONFLICT DO NOTHING", *row)

    async def open(self, person, *homes, statement=None, **fields):
        """Open a case, inviting the owners of these dossiers; return the opening statement."""
        made = statement or opening(person, **fields)
        owners = [await self.address(home) for home in homes]
        await self.writer.submit(OpenCase(person.actor, made, owners, CATALOGUE, claim(person.actor)))
        return made

    async def accept(self, home, case, person=None, /, **fields):
        """Accept a case for a dossier."""
        owner = person or home.owner
        payload = {
            "case": case.payload["case"],
            "caseHash": case.hash.hex(),
            "until": now() + 86_400,
            "after": await self.town.after(home),
        }
        statement = await self.town.sign(home, "case-acceptance", owner, **(payload | fields))
        entry = AcceptCase(owner.actor, case_id(case), statement, claim(owner.actor))
        return await self.writer.submit(entry)

    async def add(self, case, by, person, /, **fields):
        """Bring somebody into a case."""
        payload = {
            "case": case.payload["case"],
            "participant": capacity(person),
            "chainHead": head_of(person),
            "kind": "professional" if person.organisation else "network",
            "purpose": "debt-help",
            "from": now() - 5,
            "until": now() + 86_400,
        }
        statement = signed(by, "case-participation", **(payload | await self.link(case) | fields))
        entry = AddParticipant(by.actor, case_id(case), statement, CATALOGUE, claim(by.actor))
        return await self.writer.submit(entry)

    async def link(self, case):
        """What the next link of a case must name."""
        file = find_case(await self.writer.look((case_id(case),)), case_id(case))
        return {"sequence": file.sequence + 1, "previous": file.head, "ended": sorted(file.ended)}

    async def leave(self, case, by, person, *, key=True):
        """End somebody's part."""
        fields = {"case": case.payload["case"], "person": person.id.hex(), "reason": "left"}
        statement = signed(by, "participation-end", **fields) if key else None
        entry = EndParticipation(by.actor, case_id(case), person.id, statement, claim(by.actor))
        return await self.writer.submit(entry)

    async def transfer(self, case, giver, taker, *, signers=None, by=None, **fields):
        """Hand over the reins."""
        both = [{"person": p.id.hex(), "keyHash": key_hash(p.signing.public).hex()} for p in (giver, taker)]
        payload = {
            "case": case.payload["case"],
            "from": giver.id.hex(),
            "to": capacity(taker),
            "actors": both,
            "issuedAt": now(),
            **(await self.link(case)),
            **fields,
        }
        first, *others = signers or (giver, taker)
        statement = sign("coordinator-transfer", payload, first.signing)
        for each in others:
            statement = cosign(statement, each.signing)
        sender = by or giver
        entry = TransferCoordinator(sender.actor, case_id(case), statement, claim(sender.actor))
        return await self.writer.submit(entry)

    async def close(self, case, by):
        """Close a case."""
        statement = signed(by, "case-closure", case=case.payload["case"], reason="solved")
        return await self.writer.submit(CloseCase(by.actor, case_id(case), statement, claim(by.actor)))

    async def ask(self, home, person, *, sealed=b"", **fields):
        """Ask for access; return the answer of the writer and the statement."""
        statement = request_of(home, person, **fields)
        entry = Ask(person.actor, statement, sealed, CATALOGUE, claim(person.actor))
        return await self.writer.submit(entry), statement

    async def answer(self, home, request, word, *, consents=(), person=None, **fields):
        """Answer a request with consents that are given to the one who asked."""
        owner = person or home.owner
        row = await self.requests.find(bytes.fromhex(request.payload["request"]))
        payload = {
            "request": request.payload["request"],
            "requestHash": request.hash.hex(),
            "answer": word,
            "consents": [each.statement.hash.hex() for each in consents],
            "reason": "",
            "words": "",
        }
        statement = await self.town.sign(home, "access-answer", owner, **(payload | fields))
        new = NewAnswer(statement, consents)
        return await self.writer.submit(AnswerRequest(owner.actor, row, new, CATALOGUE, claim(owner.actor)))

    async def give(self, home, grantee, /, **changes):
        """Give a consent without keys; return its id."""
        new = await self.consent(home, grantee, **changes)
        owner = home.owner.actor
        given = await self.writer.submit(GiveConsent(owner, new, claim(owner)))
        return bytes.fromhex(given.consent)

    async def consent(self, home, grantee, /, **changes):
        """A consent that is signed and not sent."""
        payload = consent_payload(home, grantee, await self.town.after(home))
        payload |= {"until": now() + 3600} | changes
        return NewConsent(home.id, await self.town.sign(home, "consent", **payload))


def case_id(case):
    """The id of a case by its opening."""
    return bytes.fromhex(case.payload["case"])


def request_of(home, person, **fields):
    """An access request, signed."""
    scope = {name: [] for name in ("items", "sections", "lanes", "types", "sources")}
    scope |= {"sections": ["debts"], "lanes": ["ordinary"], "case": "", "labelCeiling": "", "dataFrom": 0}
    payload = {
        "request": new_id(home.id[:2]).hex(),
        "dossier": home.id.hex(),
        "scope": scope | {"dataUntil": 0},
        "actions": ["list", "read"],
        "purpose": "debt-help",
        "basis": "consent",
        "from": now(),
        "until": now() + 86_400,
        "laterItems": True,
        "case": "",
        "reason": "intake",
        "words": "",
    }
    return signed(person, "access-request", **(payload | fields))
