"""They who act as one who works in cases, and which case is meant."""

from __future__ import annotations

from dossier.client.cases import CaseClient, CaseView
from dossier.errors import InvalidRequestError
from web.commands.who import Who, is_id


def worker(who: Who) -> CaseClient:
    """They as one who works in cases, in their first role."""
    roles = [] if who.is_citizen else who.session.get("/v1/me")["roles"]
    return CaseClient(who.session, who.company.identity(who.name), next(iter(roles), ""), who.company.seen(who.name))


def find_case(client: CaseClient, beginning: str) -> CaseView:
    """The one open case of theirs whose id begins so; raise InvalidRequestError."""
    return client.show(bytes.fromhex(_find(client, beginning)))


def case_id(who: Who, words: str) -> str:
    """The full id of a case that is named by how it begins; empty stays empty. Raise InvalidRequestError."""
    return words if not words or is_id(words) else _find(worker(who), words)


def _find(client: CaseClient, beginning: str) -> str:
    found = [each["case"] for each in client.cases() if each["case"].startswith(beginning) and not each["closedAt"]]
    if len(found) != 1:
        raise InvalidRequestError("no open case of yours has this id" if not found else "say which case: --case ID")
    return str(found[0])
