"""Members of an organisation and their roles: managed by the organisation's administrators, and by nobody else.

A membership lets somebody sign in for the organisation. It reads nothing and grants nothing: that takes an attested
key, and a consent of the owner.
"""

from __future__ import annotations

from dataclasses import dataclass

from audit.entry import Append, Claim, Fact, Outcome, View, Write
from crypto.encoding import new_id
from crypto.kinds import is_code
from dossier.answers import keep, promise
from dossier.errors import ConflictError, InvalidRequestError, NotFoundError
from dossier.parties import rows
from dossier.parties.actor import REGISTRAR, Actor, require_step_up
from dossier.parties.acts import Done, PartyAct, require_administrator
from dossier.parties.register import FOREVER
from dossier.parties.store import Organisation
from dossier.parties.wants import AccountWant, MemberWant

MAX_ROLES = 8
AUDITOR = "auditor"


@dataclass(frozen=True, slots=True)
class NewMember:
    """Somebody to enter: the subject at the organisation's provider, a name, roles (codes), until (0: open-ended)."""

    subject: str
    name: str
    roles: tuple[str, ...]
    until: int


class AddMember(PartyAct[Done]):
    """Enter a member, or give one other roles or another end, or refuse: InvalidRequestError, ConflictError."""

    answer_type = Done

    def __init__(self, actor: Actor, organisation: Organisation, new: NewMember, claim: Claim | None) -> None:
        super().__init__(actor, claim)
        require_administrator(actor, organisation.id)
        _check_member(new, organisation)
        self._organisation, self._new = organisation, new
        self._person = new_id()
        self._account = AccountWant(organisation.issuer, new.subject)
        self.streams = (organisation.id,)
        self.wants = (self._account,)
        self.alone = True

    def judge(self, view: View) -> Outcome[Done]:
        """Check that the account is nobody else's."""
        require_step_up(self.actor, view.now)
        account = view.rows(self._account)
        if account is not None and account.organisation != self._organisation.id:
            raise ConflictError("this account is in use", code="account-taken")
        new, organisation, now = self._new, self._organisation.id, view.now
        person = self._person if account is None else account.person
        until = new.until or FOREVER
        if until <= now:
            raise InvalidRequestError("a membership ends in the future")
        entered: tuple[Write, ...] = ()
        if account is None:
            entered = rows.account_rows(person, new.name, self._organisation.issuer, new.subject, organisation, now)
        member = {"person": person.hex(), "roles": list(new.roles), "from": now, "until": until}
        event = self.key_event(now, "member", person, cause="added" if account is None else "changed")
        return Outcome(
            appends=(Append(organisation, event, (Fact("rules", "member", person, member),)),),
            answer=lambda receipts: Done(person.hex(), promise(receipts[0], "actor")),
            writes=(*entered, rows.member_row(organisation, person, new.name, new.roles, now, until)),
            keep=keep,
        )


class EndMember(PartyAct[Done]):
    """End a membership: attestation and sessions end with it. Never refused for position or load."""

    answer_type = Done

    def __init__(self, actor: Actor, organisation: bytes, person: bytes, claim: Claim | None) -> None:
        super().__init__(actor, claim)
        require_administrator(actor, organisation)
        self._organisation, self._person = organisation, person
        self._member = MemberWant(organisation, person)
        self.streams = (organisation,)
        self.wants = (self._member,)
        self.narrowing = True
        self.alone = True

    def judge(self, view: View) -> Outcome[Done]:
        """End it now; raise NotFoundError when this organisation has no such member."""
        require_step_up(self.actor, view.now)
        member = view.rows(self._member)
        if member is None or member.until <= view.now:
            raise NotFoundError
        organisation, person, now = self._organisation, self._person, view.now
        event = self.key_event(now, "member", person, cause="ended")
        ended = Fact("rules", "member-end", person, {"person": person.hex(), "until": now})
        return Outcome(
            appends=(Append(organisation, event, (ended,)),),
            answer=lambda receipts: Done(person.hex(), promise(receipts[0], "actor")),
            writes=rows.member_end_rows(organisation, person, now),
            keep=keep,
        )


def _check_member(new: NewMember, organisation: Organisation) -> None:
    if not 0 < len(new.subject) <= 255 or not 0 < len(new.name) <= 200:  # noqa: PLR2004 - OpenID Connect, a name
        raise InvalidRequestError("a member has a subject and a name")
    roles = set(new.roles)
    if not 0 < len(roles) == len(new.roles) <= MAX_ROLES or not all(map(is_code, roles)):
        raise InvalidRequestError("a member has one to eight roles, each a code")
    # Registrars are the operator's; whoever audits the service belongs to a supervisor.
    if REGISTRAR in roles or (AUDITOR in roles and organisation.kind != "supervisor"):
        raise InvalidRequestError("this organisation cannot give this role", code="role-not-yours")
