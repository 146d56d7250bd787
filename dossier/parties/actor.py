"""The actor of a request: who acts, for which organisation, how surely and how recently they proved who they are.

A value, made once at the edge from a session or a token; everything behind the edge takes it as given.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import msgspec

from dossier.errors import ForbiddenError, StepUpRequiredError

STEP_UP_SECONDS = 300
"""How old a re-authentication may be for the acts that ask for one (design: step-up)."""

CLOCK_SLACK = 5
"""Seconds that the clocks of this service and of the provider may differ."""

ADMINISTRATOR = "administrator"
REGISTRAR = "registrar"


class Assurance(StrEnum):
    """How surely the sign-in provider knows the person: the eIDAS levels."""

    LOW = "low"
    SUBSTANTIAL = "substantial"
    HIGH = "high"

    @property
    def rank(self) -> int:
        """Order the levels: 0 for low to 2 for high."""
        return list(Assurance).index(self)


class Actor(msgspec.Struct, frozen=True):
    """Somebody who is signed in, in one capacity.

    ``id`` is the person or system, 16 bytes. ``organisation`` is None for a citizen. ``roles`` are those that the
    organisation gave; whether they count for reading is for its signed attestation to say. ``auth_time`` is the last
    authentication in UTC seconds. ``session`` is the hash of the session or token, for the log.
    """

    kind: Literal["person", "system"]
    id: bytes
    organisation: bytes | None
    roles: tuple[str, ...]
    assurance: Assurance
    auth_time: int
    session: bytes

    @property
    def role(self) -> str:
        """The first role, or the empty text."""
        return self.roles[0] if self.roles else ""

    @property
    def stream(self) -> bytes:
        """The stream that holds what this actor did: a person's own, or a system's organisation's."""
        if self.kind == "system" and self.organisation is not None:
            return self.organisation
        return self.id

    def has_role(self, role: str) -> bool:
        """Tell whether the actor holds this role."""
        return role in self.roles


def require_step_up(actor: Actor, now: int) -> None:
    """Raise StepUpRequiredError unless the person authenticated in the last five minutes; a system always passes.

    A system proves its key with every token, and a token lives no longer than the step-up would.
    """
    if actor.kind == "person" and not -CLOCK_SLACK <= now - actor.auth_time <= STEP_UP_SECONDS:
        raise StepUpRequiredError("sign in again to do this")


def require_assurance(actor: Actor, level: Assurance) -> None:
    """Raise ForbiddenError unless the actor signed in at this level or above."""
    if actor.assurance.rank < level.rank:
        raise ForbiddenError("sign in at a higher level of assurance to do this", code="assurance-too-low")
