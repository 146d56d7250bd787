"""Which entry adds a signature to a proposal: what it completes beside the dossier's own facts is known from the proposal.

A statement's hash names one proposal, so what is looked up here stays true until the entry is judged; whether the
proposal still stands is for the entry to say.
"""

from __future__ import annotations

from audit.entry import Claim
from audit.writer import Writer
from crypto.encoding import decode_base64
from crypto.statements import Statement, parse_statement
from dossier.cases.accepting import CountersignAcceptance
from dossier.dossiers.authority import holder_state
from dossier.dossiers.govern import Accepted
from dossier.parties.actor import Actor
from dossier.requests.answering import CountersignAnswer
from dossier.sharing.countersigning import Countersign


async def countersign(writer: Writer, actor: Actor, dossier: bytes, statement: Statement, claim: Claim) -> Accepted:
    """Add one signature to a proposal of a dossier; raise what `Countersign` does."""
    return await writer.submit(await _entry(writer, actor, dossier, statement, claim))


async def _entry(writer: Writer, actor: Actor, dossier: bytes, statement: Statement, claim: Claim) -> Countersign:
    plain = Countersign(actor, dossier, statement, claim)
    state = holder_state(await writer.look((dossier, actor.id)), dossier, actor)
    body = state.proposals.get(statement.payload["proposal"][:32], {})
    proposed = parse_statement(decode_base64(body["statement"])) if body.get("statement") else None
    if proposed is None:
        return plain
    if proposed.kind == "case-acceptance":
        return CountersignAcceptance(actor, statement, proposed, claim)
    if "answer" in body:
        return CountersignAnswer(actor, statement, parse_statement(decode_base64(body["answer"])), claim)
    return plain
