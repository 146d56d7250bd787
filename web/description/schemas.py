"""Schemas and bodies that come from no struct: problems, tokens, the session, metadata, segments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PROBLEM: Mapping[str, Any] = {
    "type": "object",
    "description": "A problem document (RFC 9457). Programs switch on `code`; some problems bring more members.",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri", "description": "urn:problem-type:eigendossier: and the code."},
        "title": {"type": "string", "description": "The phrase of the status."},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string", "description": "For the person who builds the client; never quotes the request."},
        "code": {"type": "string", "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$"},
        "errors": {"type": "array", "items": {"type": "string"}, "description": "Members at fault, if known."},
        "event": {"type": "string", "pattern": "^[0-9a-f]{32}$", "description": "The event that records the refusal."},
        "ask": {"type": "string", "description": "Where access can be asked for."},
    },
}

PROBLEMS: Mapping[int, tuple[str, str, str]] = {
    400: ("Malformed", "The request is malformed; nothing was stored", "invalid-request"),
    401: ("Unauthenticated", "Nobody is signed in", "unauthenticated"),
    403: ("Forbidden", "You may not do this", "forbidden"),
    404: ("NotFound", "There is nothing here that you may know of", "not-found"),
    409: ("Conflict", "The state has changed meanwhile", "stale-position"),
    410: ("Gone", "It has ended", "gone"),
    413: ("TooLarge", "Too large", "too-large"),
    415: ("UnsupportedMediaType", "The body is of another media type", "unsupported-media-type"),
    429: ("TooMany", "Your limit is used up for now", "too-many-requests"),
    503: ("Unavailable", "The service cannot record this now, so it does nothing", "unavailable"),
}
"""Status to component name, description, and the code of the example."""

RETRY = frozenset({429, 503})

TEXT = {"type": "string"}
OTHER_SCHEMAS: Mapping[str, Any] = {
    "Session": {
        "type": "object",
        "required": ["csrfToken", "csrfHeader", "authTime"],
        "properties": {"csrfToken": TEXT, "csrfHeader": TEXT, "authTime": {"type": "integer"}},
    },
    "Token": {
        "type": "object",
        "required": ["access_token", "token_type", "expires_in"],
        "properties": {
            "access_token": TEXT,
            "token_type": {"type": "string", "enum": ["Bearer"]},
            "expires_in": {"type": "integer"},
            "refresh_token": TEXT,
        },
    },
    "TokenRequest": {
        "type": "object",
        "required": ["grant_type"],
        "properties": {
            "grant_type": {"type": "string", "enum": ["client_credentials", "authorization_code", "refresh_token"]},
            "client_assertion_type": TEXT,
            "client_assertion": TEXT,
            "client_id": TEXT,
            "code": TEXT,
            "code_verifier": TEXT,
            "redirect_uri": TEXT,
            "refresh_token": TEXT,
        },
    },
    "TokenError": {
        "type": "object",
        "description": "RFC 6749 section 5.2",
        "required": ["error"],
        "properties": {"error": TEXT},
    },
    "AuthorizationServer": {
        "type": "object",
        "required": ["issuer", "token_endpoint"],
        "properties": {
            "issuer": {"type": "string", "format": "uri"},
            "authorization_endpoint": {"type": "string", "format": "uri"},
            "token_endpoint": {"type": "string", "format": "uri"},
        },
    },
}
ISSUER = "https://dossier.example"
OTHER_EXAMPLES: Mapping[str, Any] = {
    "AuthorizationServer": {
        "issuer": ISSUER,
        "authorization_endpoint": f"{ISSUER}/oauth/authorize",
        "token_endpoint": f"{ISSUER}/oauth/token",
    },
    "TokenRequest": {  # its header says {"alg":"Ed25519","kid":"s-1","typ":"client-authentication+jwt"}
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": "eyJhbGciOiJFZDI1NTE5Iiwia2lkIjoicy0xIiwidHlwIjoiY2xpZW50LWF1dGhlbnRpY2F0aW9uK2p3dCJ9.invented.assertion",
    },
}
ANSWERS: Mapping[str, str] = {
    "showSession": "Session",
    "giveToken": "Token",
    "showAuthorizationServer": "AuthorizationServer",
}
"""Operation to the schema of its good answer, where the handler builds a plain mapping."""

NOTES: Mapping[str, str] = {
    "showCheckpoint": "dossier.example/log\n42\nInvented root\n\n- dossier.example/log Invented signature\n",
    "showLogKey": "dossier.example/log+5f3a1b2c+Invented key\n",
    "showPromiseKey": "dossier.example/promise+6a7b8c9d+Invented key\n",
    "showProof": "c2sp.org/tlog-proof@v1\nindex 7\nInvented hash\n\ndossier.example/log\n42\nInvented root\n",
}
"""Examples of answers that are plain text."""

SECURITY: Mapping[str, Any] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "An access token of /oauth/token: for a system by private_key_jwt (RFC 7523), for the program "
        "of a person by authorization code with PKCE.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "__Host-dossier-session",
        "description": "The session of a browser, made by /signin.",
    },
    "csrf": {
        "type": "apiKey",
        "in": "header",
        "name": "x-csrf-token",
        "description": "With the cookie, every act carries the token that GET /v1/session tells.",
    },
}
