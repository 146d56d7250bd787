"""The owner's side of access requests: reading what is asked, checking who asks, and answering with consents.

A request counts only if it is signed with the newest key of a professional whom the register vouches for, in a role
that their organisation attests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from crypto.dossierkeys import inbox_key
from crypto.encoding import decode_base64, encode_base64, sha256
from crypto.errors import CryptoError, TamperedError
from crypto.messages import open_message, seal_message
from crypto.statements import Statement, parse_statement, sign, verify
from dossier.client.cases import ANSWER_WORDS, REQUEST_WORDS
from dossier.client.errors import UntrustedError
from dossier.client.groups import as_recipient
from dossier.client.holding import HeldDossier
from dossier.client.owner import Owner
from dossier.client.parties import Professional
from dossier.client.sharing import Terms, consent_payload, covered, keys_of, seal_to

REFUSED, GRANTED, IN_PART = "refused", "granted", "granted-in-part"


@dataclass(frozen=True)
class Request:
    """A request that was asked of a dossier: as signed, and what the service says became of it."""

    statement: Statement
    state: str
    expires: int
    words: bytes = field(repr=False)

    @property
    def id(self) -> bytes:
        """The request's id."""
        return bytes.fromhex(self.statement.payload["request"])

    @property
    def dossier(self) -> bytes:
        """The dossier it is asked of."""
        return bytes.fromhex(self.statement.payload["dossier"])

    def terms(self) -> Terms:
        """What a consent would say that gives exactly what is asked."""
        payload = self.statement.payload
        scope = payload["scope"]
        return Terms(
            sections=scope["sections"],
            lanes=scope["lanes"],
            items=[bytes.fromhex(item) for item in scope["items"]],
            types=scope["types"],
            sources=scope["sources"],
            actions=payload["actions"],
            purpose=payload["purpose"],
            basis=payload["basis"],
            end=payload["until"],
            later_items=payload["laterItems"],
            label_ceiling=scope["labelCeiling"],
            item_case=scope["case"],
            data_from=scope["dataFrom"],
            data_until=scope["dataUntil"],
            case=payload["case"],
            ends_with_case=bool(payload["case"]),
        )


def requests(owner: Owner, dossier: bytes) -> list[Request]:
    """What was asked of a dossier that one holds, newest first."""
    listed = owner.session.get("/v1/access-requests", {"dossier": dossier.hex()})["requests"]
    return [_parse(each, dossier) for each in listed]


def check_asker(request: Request, asker: Professional) -> None:
    """Raise UntrustedError unless this verified professional signed the request, in a role that is attested."""
    payload = request.statement.payload
    wanted = (asker.person.hex(), asker.organisation.organisation.hex())
    if (payload["signer"], payload["organisation"]) != wanted or payload["role"] not in asker.roles:
        raise UntrustedError("the request is not by this professional")
    try:
        verify(request.statement, asker.chain.signing_key)
    except CryptoError as error:
        raise UntrustedError("the request is not signed with the asker's key") from error


def words_of(request: Request, held: HeldDossier) -> str:
    """The words that came with a request, opened with the inbox key that they were sealed to; raise CryptoError.

    Words may have been sealed before the dossier got its present key: the inbox keys that one holds are tried.
    """
    if not request.words:
        return ""
    pairs = [inbox_key(root, held.dossier, sequence) for sequence, root in sorted(held.roots.items())]
    while len(pairs) > 1:
        try:
            return open_message(REQUEST_WORDS, held.dossier, request.id, pairs.pop(), request.words)
        except TamperedError:  # sealed to an earlier one, or to nobody here: the first one decides
            continue
    return open_message(REQUEST_WORDS, held.dossier, request.id, pairs[0], request.words)


def refuse(owner: Owner, request: Request, asker: Professional, reason: str = "", words: str = "") -> dict[str, Any]:
    """Refuse a request."""
    return _answer(owner, request, asker, REFUSED, reason, words, [])


def grant_request(
    owner: Owner,
    request: Request,
    asker: Professional,
    catalogue: str,
    text: str,
    *,
    terms: Terms | None = None,
    words: str = "",
) -> dict[str, Any]:
    """Grant a request, or with other `terms` a part of it; answer and consent are one act.

    `catalogue` is the hash of the catalogue shown, `text` the words that the owner saw.
    """
    check_asker(request, asker)
    owner.session.step_up()
    given = terms or request.terms()
    recipient = as_recipient(asker, request.statement.payload["role"])
    items = covered(owner, owner.hold(request.dossier), given)
    held = owner.hold(request.dossier)
    statement = sign("consent", consent_payload(owner, held, recipient, given, catalogue, text), owner.identity.signing)
    capsules = seal_to(statement, recipient.members, keys_of(held, given, items))
    consent = {
        "statement": encode_base64(statement.envelope),
        "capsules": [encode_base64(capsule.encode()) for capsule in capsules],
    }
    asked = replace(request.terms(), start=given.start)
    word = GRANTED if given == asked else IN_PART
    return _answer(owner, request, asker, word, "", words, [(statement, consent)])


def _answer(
    owner: Owner,
    request: Request,
    asker: Professional,
    word: str,
    reason: str,
    words: str,
    consents: list[tuple[Statement, dict[str, Any]]],
) -> dict[str, Any]:
    owner.session.step_up()
    to = asker.chain.sealing_key
    sealed = seal_message(ANSWER_WORDS, request.dossier, request.id, to, words) if words else b""
    payload = {
        "request": request.id.hex(),
        "requestHash": request.statement.hash.hex(),
        "dossier": request.dossier.hex(),
        "answer": word,
        "consents": [statement.hash.hex() for statement, _ in consents],
        "reason": reason,
        "words": sha256(sealed).hex() if sealed else "",
        "signer": owner.identity.person.hex(),
        "issuedAt": owner.session.now(),
        "capacity": owner.capacity(request.dossier),
    }
    statement = sign("access-answer", payload, owner.identity.signing)
    body = {
        "statement": encode_base64(statement.envelope),
        "consents": [consent for _, consent in consents],
        "words": encode_base64(sealed),
    }
    answer: dict[str, Any] = owner.session.post(f"/v1/access-requests/{request.id.hex()}/answer", body)
    return answer


def _parse(shown: Mapping[str, Any], dossier: bytes) -> Request:
    statement = parse_statement(decode_base64(shown["statement"]))
    if statement.kind != "access-request" or statement.payload["dossier"] != dossier.hex():
        raise UntrustedError("what is listed is no request of this dossier")
    words = decode_base64(shown["words"])
    if (sha256(words).hex() if words else "") != statement.payload["words"]:
        raise UntrustedError("the words are not the ones that were signed")
    return Request(statement, shown["state"], shown["expires"], words)
