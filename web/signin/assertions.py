"""Client assertions: how a system proves at the token endpoint that it holds its key (RFC 7523 section 3).

Pure: an assertion, the client's registered keys and the time come in. The audience is one string, our issuer, so that
an assertion made for another server is of no use here (audience injection, draft-ietf-oauth-rfc7523bis).
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, OKPKey

from dossier.errors import InvalidRequestError, UnauthenticatedError

ALGORITHMS = ("Ed25519", "ES256")
TYPE = "client-authentication+jwt"
MAX_LIFETIME = 300
SKEW = 5
MAX_KEYS = 8
_MAX_BYTES = 8_192
_HEADER = frozenset({"alg", "kid", "typ"})
_KID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_JTI = re.compile(r"[\x21-\x7e]{8,128}")
_SUBJECT = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Assertion:
    """An assertion that verified: the client, its one-time id and when it ends (UTC seconds)."""

    client: str
    jti: str
    expires: int


class UnknownKeyError(UnauthenticatedError):
    """The assertion names a key that is not among the registered ones: a newer key set may have it."""


def claimed_client(assertion: str) -> str:
    """Return who the assertion says it is from, NOT verified; raise UnauthenticatedError when it says nothing usable."""
    claims = _decode(assertion, 1)
    client = claims.get("iss")
    if type(client) is not str or not _SUBJECT.fullmatch(client):
        raise _refused()
    return client


def verify_assertion(assertion: str, keys: Mapping[str, Any], issuer: str, now: int) -> Assertion:
    """Verify signature and claims against the client's JWKS; raise UnauthenticatedError for everything else."""
    header = _checked_header(_decode(assertion, 0))
    key = _key(keys, header["kid"], header["alg"])
    try:
        jws.deserialize_compact(assertion, key, algorithms=[header["alg"]])
    except (JoseError, ValueError, TypeError) as error:
        raise _refused() from error
    return _checked_claims(_decode(assertion, 1), issuer, now)


def check_key_set(keys: Any) -> None:
    """Raise InvalidRequestError unless this is a JWKS of 1 to 8 public Ed25519 or P-256 keys with plain key ids."""
    try:
        found = KeySet.import_key_set(keys).keys
    except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise InvalidRequestError("not a key set", code="invalid-key-set") from error
    kinds = {(key.key_type, getattr(key, "curve_name", "")) for key in found}
    # The library names a nameless key by its thumbprint; here the name is what was registered.
    named = all(type(key.get("kid")) is str and _KID.fullmatch(key["kid"]) for key in keys["keys"])
    plain = named and not any(key.is_private for key in found)
    if not 0 < len(found) <= MAX_KEYS or not plain or not kinds <= {("OKP", "Ed25519"), ("EC", "P-256")}:
        raise InvalidRequestError("not a key set of public Ed25519 or P-256 keys", code="invalid-key-set")


def _refused() -> UnauthenticatedError:
    # One message for every cause: a prober learns nothing from it.
    return UnauthenticatedError("client authentication failed", code="invalid-client")


def _decode(assertion: str, part: int) -> dict[str, Any]:
    pieces = assertion.split(".")
    if len(assertion) > _MAX_BYTES or len(pieces) != 3 or not assertion.isascii():  # noqa: PLR2004 - header.claims.signature
        raise _refused()
    try:
        value = json.loads(base64.urlsafe_b64decode(pieces[part] + "=" * (-len(pieces[part]) % 4)))
    except (ValueError, TypeError, RecursionError) as error:
        raise _refused() from error
    if type(value) is not dict:
        raise _refused()
    return value


def _checked_header(header: dict[str, Any]) -> dict[str, str]:
    """Accept exactly algorithm, key id and type; no embedded key, key address or critical extension is ever followed."""
    kid = header.get("kid")
    if header.keys() != _HEADER or header["alg"] not in ALGORITHMS or header["typ"] != TYPE:
        raise _refused()
    if type(kid) is not str or not _KID.fullmatch(kid):
        raise _refused()
    return header


def _key(keys: Mapping[str, Any], kid: str, algorithm: str) -> OKPKey | ECKey:
    wanted = ("OKP", "Ed25519") if algorithm == "Ed25519" else ("EC", "P-256")
    try:
        found = [key for key in KeySet.import_key_set(dict(keys)).keys if key.kid == kid]  # type: ignore[arg-type]  # checked by the library
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise _refused() from error
    if not found:
        raise UnknownKeyError("client authentication failed", code="invalid-client")
    key = found[0]
    if len(found) != 1 or not isinstance(key, OKPKey | ECKey) or (key.key_type, key.curve_name) != wanted:
        raise _refused()
    return key


def _checked_claims(claims: dict[str, Any], issuer: str, now: int) -> Assertion:
    client, jti, made, ends = (claims.get(name) for name in ("iss", "jti", "iat", "exp"))
    if type(made) is not int or type(ends) is not int or type(jti) is not str or type(client) is not str:
        raise _refused()
    if claims.get("sub") != client or claims.get("aud") != issuer or not _JTI.fullmatch(jti):
        raise _refused()
    in_time = made <= now + SKEW and now < ends and ends - made <= MAX_LIFETIME and now - made <= MAX_LIFETIME + SKEW
    if not in_time or _not_before(claims) > now + SKEW:
        raise _refused()
    return Assertion(client, jti, ends)


def _not_before(claims: dict[str, Any]) -> int:
    value = claims.get("nbf", 0)
    if type(value) is not int:
        raise _refused()
    return value
