"""Who is meant by a role in an organisation or by the team of a case, and which of them can be sealed to.

A consent for a role or team names nobody: its keys go to those who stand in it now and whose attestation, key chain and
pins hold (R2). Whoever does not verify gets no key and is named as waiting; a holder serves them later (design 4, 13).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from consent.terms import Grantee
from crypto.casechain import check_joined, joined_key
from crypto.chains import KeyChain
from crypto.errors import CryptoError, PinError
from crypto.statements import Statement
from dossier.client.cases import Capacity, CaseView
from dossier.client.errors import RefusedError
from dossier.client.membership import Concerned, Membership, prove
from dossier.client.parties import Pins, Professional, Register, check_former, check_person, check_professional
from dossier.client.session import Session
from dossier.client.signers import key_then

NOT_PROVED = "not proved by a signed statement of the case that the owner accepted"
KEYS_WAIT = "whoever brought them in has to bring them in again, once they have told you that these keys are theirs"
"""What to do where somebody's keys are others than those they joined with."""

MEMBERS = 500
"""Members of one role or team that one client serves; a larger one is many."""


@dataclass(frozen=True)
class Recipient:
    """Whom keys are sealed to: a verified person or system, their key, and the chain head that it stands in.

    `kind` is person, system or network (a citizen who takes part in `case`); `since` is when the
    key replaced another, UTC seconds; 0 if it never did.
    """

    kind: str
    id: bytes
    organisation: bytes
    role: str
    sealing_key: bytes = field(repr=False)
    head: bytes = b""
    since: int = 0
    name: str = ""
    case: str = ""

    @property
    def members(self) -> tuple[Recipient, ...]:
        """Whom the keys of a consent go to."""
        return (self,)

    def grantee(self) -> dict[str, Any]:
        """As a consent names them."""
        named = self.id.hex()
        return {
            "kind": self.kind,
            "person": "" if self.kind == "system" else named,
            "organisation": self.organisation.hex(),
            "role": self.role,
            "case": self.case,
            "system": named if self.kind == "system" else "",
            "laterMembers": False,
        }


@dataclass(frozen=True)
class Waiting:
    """A member who cannot be sealed to now, and why; `name` is what the service says, for people to read."""

    person: str
    name: str
    reason: str


@dataclass(frozen=True)
class Group:
    """A role in an organisation, or the team of a case, with the members that verified and those that wait."""

    kind: str
    organisation: bytes = b""
    role: str = ""
    case: str = ""
    later_members: bool = True
    members: tuple[Recipient, ...] = ()
    waiting: tuple[Waiting, ...] = ()

    def without(self, shut_out: Collection[bytes]) -> Group:
        """The same without those who are shut out of a dossier: they wait as long as they are."""
        gone = [each for each in self.members if each.id in shut_out]
        members = tuple(each for each in self.members if each.id not in shut_out)
        told = tuple(Waiting(each.id.hex(), each.name, "is shut out of this dossier") for each in gone)
        return replace(self, members=members, waiting=(*self.waiting, *told))

    def grantee(self) -> dict[str, Any]:
        """As a consent names them."""
        return {
            "kind": self.kind,
            "person": "",
            "organisation": self.organisation.hex(),
            "role": self.role,
            "case": self.case,
            "system": "",
            "laterMembers": self.later_members,
        }


@dataclass
class People:
    """The attested professionals that the service shows, each verified when asked for; `pins` outlive this."""

    session: Session
    register: Register
    pins: Pins
    _shown: list[Mapping[str, Any]] | None = field(default=None, repr=False)

    def professional(self, person: bytes, organisation: bytes = b"") -> Professional:
        """A professional by id; raise PinError when they are not attested, or do not verify."""
        for shown in self._all():
            if shown["person"] == person.hex() and organisation.hex() in {"", shown["organisation"]}:
                return self._check(shown)
        raise PinError("the professional is not attested")

    def named(self, words: str) -> list[bytes]:
        """The ids of those of this name, or if there is none, of those whose name begins so."""
        wanted = words.strip().casefold()
        names = [(bytes.fromhex(each["person"]), str(each["name"]).casefold()) for each in self._all()]
        exact = [person for person, name in names if name == wanted]
        found = exact or [person for person, name in names if wanted and name.startswith(wanted)]
        return list(dict.fromkeys(found))

    def is_professional(self, person: bytes) -> bool:
        """Whether the service shows a professional of this id."""
        return any(each["person"] == person.hex() for each in self._all())

    def names(self) -> dict[str, str]:
        """Names by hex id, as the service has them: for people to read, never to decide on."""
        return {str(each["person"]): str(each["name"]) for each in self._all()}

    def in_role(self, organisation: bytes, role: str, *, later_members: bool = True) -> Group:
        """All who stand in this role of an organisation now."""
        named = [each for each in self._all() if each["organisation"] == organisation.hex() and role in each["roles"]]
        checked = [self._recipient(each, role) for each in named]
        return _group(Group("role", organisation, role, later_members=later_members), checked)

    def in_case(self, case: CaseView, concerned: Concerned, *, later_members: bool = True) -> Group:
        """All who take part in a case now, but the owner of the dossier: nobody opens it to themselves.

        The service says who is there now; who has keys sealed to them is also proved by the case's signed statements.
        Raise PinError where the case is shown without a link or an end that was seen before.
        """
        now, own = self.session.now(), {each.hex() for each in concerned.accepters}
        parts = [each for each in case.shown["participants"] if _takes_part(each, now) and each["person"] not in own]
        case.follow(self.pins)
        proved = prove([case.opening, *case.statements()], case.ended, concerned, self._key_then)
        # Who was brought in again stands there twice.
        once = {(each["person"], each["organisation"], each["role"]): each for each in parts}
        checked = [self._partaker(each, proved, now) for each in once.values()]
        return _group(Group("team", case=case.case.hex(), later_members=later_members), checked)

    def meant_by(self, grantee: Grantee, case: Callable[[bytes], CaseView], concerned: Concerned) -> Recipient | Group:
        """Whom a consent of the dossier concerned means now; `case` shows a case by id.

        Raise PinError for one person or system that does not verify, RefusedError for a case that is not shown.
        """
        match grantee.kind:
            case "person" if grantee.organisation:
                found = self.professional(bytes.fromhex(grantee.person), bytes.fromhex(grantee.organisation))
                if grantee.role not in found.roles:
                    raise PinError("the role is not attested")
                return as_recipient(found, grantee.role)
            case "role":
                organisation = bytes.fromhex(grantee.organisation)
                return self.in_role(organisation, grantee.role, later_members=grantee.later_members)
            case "team":
                view = case(bytes.fromhex(grantee.case))
                return self.in_case(view, concerned, later_members=grantee.later_members)
            case "system":
                return self._system(bytes.fromhex(grantee.system))
            case _:
                return self.citizen(bytes.fromhex(grantee.person), case=grantee.case)

    def citizen(self, person: bytes, name: str = "", case: str = "") -> Recipient:
        """A citizen, by the chain that the service shows and that was seen before; raise PinError, RefusedError."""
        chain = check_person(self.session.get(f"/v1/persons/{person.hex()}/keys"), self.pins)
        keys = (chain.sealing_key, chain.head, since(chain))
        return Recipient("network", chain.person, b"", "", *keys, name, case)

    def _system(self, system: bytes) -> Recipient:
        if system not in self.register.systems:
            raise PinError("the system is not in the register")
        keys = self.register.systems[system]
        return Recipient("system", system, keys.organisation, "", keys.sealing_key, keys.hash)

    def _partaker(self, part: Mapping[str, Any], proved: Membership, now: int) -> Recipient | Waiting:
        who = Capacity(bytes.fromhex(part["person"]), bytes.fromhex(part["organisation"]), part["role"])
        proof = proved.part_of(who, now)
        if proof is None:
            return Waiting(part["person"], part["name"], NOT_PROVED)
        if not who.organisation:
            return self._citizen_by(proof.joined, part)
        wanted = (part["person"], part["organisation"])
        shown = next((each for each in self._all() if (each["person"], each["organisation"]) == wanted), None)
        if shown is None:
            return Waiting(part["person"], part["name"], "the professional is not attested")
        return self._recipient(shown, part["role"], proof.joined)

    def _citizen_by(self, joined: Statement, part: Mapping[str, Any]) -> Recipient | Waiting:
        """A citizen with exactly the keys that the statement names by which they take part."""
        try:
            chain = check_person(self.session.get(f"/v1/persons/{part['person']}/keys"), self.pins)
            key = joined_key(joined, chain)
        except RefusedError:
            return Waiting(part["person"], part["name"], "there are no keys")
        except CryptoError as error:
            return Waiting(part["person"], part["name"], f"{error}: {KEYS_WAIT}")
        return Recipient("network", chain.person, b"", "", key, chain.head, since(chain), part["name"])

    def _key_then(self, who: Capacity, name: str, issued: int, joined: Statement | None) -> bytes:
        """The signing key of this hash that somebody had in a capacity then, by the keys that they joined with.

        Raise CryptoError.
        """
        if who.organisation and not who.role:
            system = self.register.systems.get(who.person)
            if system is None or system.organisation != who.organisation:
                raise PinError("the system is not in the register")
            return system.signing_key
        try:
            chain = self._chain(who)
            if joined is not None:
                check_joined(joined, chain)
            return key_then(chain, name, issued)
        except RefusedError as error:
            raise PinError("there are no keys") from error

    def _chain(self, who: Capacity) -> KeyChain:
        if who.organisation:
            chain = self._worker_chain(who)
        else:
            chain = check_person(self.session.get(f"/v1/persons/{who.person.hex()}/keys"), self.pins)
        if (chain.person, chain.organisation) != (who.person, who.organisation):
            raise PinError("the chain is another person's")
        return chain

    def _worker_chain(self, who: Capacity) -> KeyChain:
        """Of a professional by attestation; one who has none now, as they were pinned when they had."""
        try:
            return self.professional(who.person, who.organisation).chain
        except PinError:
            shown = self.session.get(f"/v1/persons/{who.person.hex()}/keys")
            return check_former(shown, who.organisation, self.pins)

    def _recipient(self, shown: Mapping[str, Any], role: str, joined: Statement | None = None) -> Recipient | Waiting:
        """Verify one member, in exactly this role, and with the keys they joined with or later ones."""
        try:
            found = self._check(shown)
            if role not in found.roles:
                raise PinError("the role is not attested")
            if joined is not None:
                check_joined(joined, found.chain)
        except CryptoError as error:
            return Waiting(shown["person"], shown["name"], str(error))
        return as_recipient(found, role)

    def _check(self, shown: Mapping[str, Any]) -> Professional:
        return check_professional(shown, self.register, self.pins, self.session.now())

    def _all(self) -> list[Mapping[str, Any]]:
        if self._shown is None:
            self._shown = list(_pages(self.session))
        return self._shown


def as_recipient(who: Professional, role: str = "") -> Recipient:
    """A verified professional as the one that keys go to, in their first role if none is named."""
    acting = role or who.roles[0]
    chain, organisation = who.chain, who.organisation.organisation
    return Recipient("person", who.person, organisation, acting, chain.sealing_key, chain.head, since(chain), who.name)


def since(chain: KeyChain) -> int:
    """When the present keys of a chain replaced earlier ones, as their owner signed it: UTC seconds; 0 for first keys."""
    return int(chain.statements[-1].payload["issuedAt"]) if len(chain.statements) > 1 else 0


def _group(empty: Group, checked: list[Recipient | Waiting]) -> Group:
    if len(checked) > MEMBERS:
        raise PinError("the role or team has more members than one client serves")
    members = {each.id: each for each in checked if isinstance(each, Recipient)}
    waiting = tuple(each for each in checked if isinstance(each, Waiting))
    named = (empty.kind, empty.organisation, empty.role, empty.case, empty.later_members)
    return Group(*named, members=tuple(members.values()), waiting=waiting)


def _takes_part(part: Mapping[str, Any], now: int) -> bool:
    return part["from"] <= now and (not part["until"] or now < part["until"])


def _pages(session: Session) -> Iterator[Mapping[str, Any]]:
    after = ""
    while True:
        page = session.get("/v1/professionals", {"after": after})
        yield from page["professionals"]
        after = page.get("next", "")
        if not after:
            return
