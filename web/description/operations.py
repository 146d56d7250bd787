"""What the routes cannot say of themselves: summaries, idempotency, headers, and bodies that are no JSON structs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SUMMARIES: Mapping[str, str] = {
    "showAuthorizationServer": "The authorization server's metadata (RFC 8414)",
    "giveToken": "Tokens for a code, a refresh token or a client assertion",
    "showRegister": "The register of organisations and their systems",
    "showMe": "Who is signed in",
    "listOrganisations": "All organisations",
    "enterOrganisation": "Enter an organisation, or its next key",
    "showOrganisation": "One organisation",
    "listMembers": "The members of one's own organisation",
    "addMember": "Enter a member, or change one",
    "endMember": "End a membership",
    "listSystems": "The systems of an organisation",
    "addSystem": "Enter a system, or its next keys",
    "endSystem": "Take a system away",
    "listAttestations": "The attestations of an organisation's members",
    "attest": "Attest a member's keys and roles",
    "endAttestation": "End an attestation",
    "listProfessionals": "Attested professionals, found by name",
    "showKeys": "The key chains of a person",
    "publishKeys": "Publish one's first or next keys",
    "showUnlockMethods": "One's own unlock methods",
    "putUnlockMethods": "Replace one's unlock methods",
    "showKeyring": "One's own wrapped identity",
    "putKeyring": "Replace one's wrapped identity",
    "showStreamKeys": "The keys of a stream that one may check",
    "listAccessRequests": "Requests that one asked, or that one is asked",
    "listCases": "The cases that one takes part in or is invited to",
    "showCase": "A case, for those who take part",
}

PUBLIC = frozenset({"showRegister", "giveToken", "showAuthorizationServer"})
"""Operations below /v1 and /oauth that ask for no sign-in; health and log ask for none either."""

OWN_PROOF = frozenset({"showSession"})
"""Operations for which only the session cookie will do."""

BARE = frozenset({"showUpload", "continueUpload", "adoptItem"})
"""Operations whose good answer has no body."""

KEY_REQUIRED = frozenset(
    {
        "createDossier", "addStatement", "rotateSection", "endAuthority", "endAdmission", "deliverItem", "openReading",
        "giveConsent", "withdrawConsent", "addCapsules", "askAccess", "answerAccessRequest", "openCase", "acceptCase",
        "addParticipant", "endParticipation", "transferCoordinator", "closeCase",
    }
)  # fmt: skip
"""Operations that refuse to act without an Idempotency-Key; every other act takes one."""

KEY_UNUSED = frozenset({"giveToken", "continueUpload", "adoptItem"})
"""Operations that change something, and may be repeated as they are: they take no key."""

CODE = {"type": "string", "maxLength": 64, "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$"}
KEY_PATTERN = "^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$"


def header(name: str, description: str, schema: Mapping[str, Any], example: str, *, required: bool = False) -> Any:
    """A header parameter."""
    return {
        "name": name,
        "in": "header",
        "description": description,
        "required": required,
        "schema": schema,
        "example": example,
    }


HEX_ID = {"type": "string", "pattern": "^[0-9a-f]{32}$"}
PARAMETERS: Mapping[str, Any] = {
    "IdempotencyKey": header(
        "Idempotency-Key",
        "32 hexadecimal digits or a UUID, scoped to actor, method and path and kept for 7 days: the same key and body "
        "give the same answer, another body 409.",
        {"type": "string", "pattern": KEY_PATTERN},
        "7d3f2c1e-9b8a-4f60-a1b2-c3d4e5f60718",
    ),
    "IdempotencyKeyRequired": header(
        "Idempotency-Key",
        "As everywhere 32 hexadecimal digits or a UUID; this act asks for one. Of a reading it is the nonce of the "
        "signed request.",
        {"type": "string", "pattern": KEY_PATTERN},
        "7d3f2c1e-9b8a-4f60-a1b2-c3d4e5f60718",
        required=True,
    ),
    "Purpose": header("Dossier-Purpose", "The purpose of looking, a code of the catalogue.", CODE, "debt-help"),
    "Case": header("Dossier-Case", "The case in which one looks.", HEX_ID, "5b0a1d6a4c0f4f2f9d0c7b8a69584736"),
    "Reason": header("Dossier-Reason", "The reason for looking, a code of the catalogue.", CODE, "intake"),
    "Role": header("Dossier-Role", "In which of one's roles one looks.", CODE, "debt-counsellor"),
    "Range": header(
        "Range",
        "One range of bytes, at most 4 MiB of it is sent; without it, from the beginning.",
        {"type": "string", "pattern": "^bytes=(0|[1-9][0-9]{0,15})-(0|[1-9][0-9]{0,15})?$"},
        "bytes=0-4194303",
    ),
    "UploadOffset": header(
        "Upload-Offset",
        "Where this segment begins: as many bytes as are here already.",
        {"type": "string", "pattern": "^(0|[1-9][0-9]{0,15})$"},
        "4194304",
        required=True,
    ),
}

TAKES: Mapping[str, tuple[str, ...]] = {
    "listItems": ("Purpose", "Case", "Reason", "Role"),
    "readPart": ("Range",),
    "readContent": ("Range",),
    "continueUpload": ("UploadOffset",),
}
"""Headers beside Idempotency-Key that an operation reads."""


def text_header(description: str, example: str) -> dict[str, Any]:
    """A header of an answer."""
    return {"description": description, "schema": {"type": "string"}, "example": example}


GIVES: Mapping[str, Mapping[str, Any]] = {
    "beginUpload": {
        "Location": text_header("Where the segments go.", "/v1/uploads/2f0e1d2c3b4a59687786958473625140"),
        "Upload-Offset": text_header("How much is here.", "0"),
    },
    "showUpload": {
        "Upload-Offset": text_header("How much is here.", "4194304"),
        "Upload-Length": text_header("The length of the whole.", "10485760"),
    },
    "continueUpload": {"Upload-Offset": text_header("How much is here now.", "8388608")},
    "readPart": {"Content-Range": text_header("Which bytes these are.", "bytes 0-4194303/10485760")},
    "readContent": {"Content-Range": text_header("Which bytes these are.", "bytes 0-65553/65554")},
}
"""Headers of the good answer of an operation."""
