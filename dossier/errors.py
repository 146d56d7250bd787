"""What can go wrong in the application, each named by the fact that the caller must know.

Every error carries a stable ``code`` that clients may switch on and a short message without any record content,
name or key. The HTTP status belongs to `web.problems`; nothing here knows about HTTP.
"""

from __future__ import annotations


class DossierError(Exception):
    """Base of all errors of the application: the request cannot be done, and ``code`` says why."""

    code = "refused"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code


class InvalidRequestError(DossierError):
    """The request is malformed, mis-signed or contradicts itself; nothing was stored."""

    code = "invalid-request"


class UnauthenticatedError(DossierError):
    """Nobody is signed in, or the credential is not valid now."""

    code = "unauthenticated"


class ForbiddenError(DossierError):
    """The caller may know that the thing exists, and may not do this with it."""

    code = "forbidden"


class StepUpRequiredError(ForbiddenError):
    """The act asks for a re-authentication at most five minutes old."""

    code = "step-up-required"


class NotFoundError(DossierError):
    """There is nothing here that the caller may know of: absent and not yours look alike."""

    code = "not-found"

    def __init__(self, message: str = "nothing was found here") -> None:
        super().__init__(message)


class ConflictError(DossierError):
    """The request was sound for a state that is no longer the present one."""

    code = "conflict"


class StaleError(ConflictError):
    """Facts changed after the signer looked: what was previewed is no longer what would be signed."""

    code = "stale-position"


class GoneError(DossierError):
    """The thing was here and has ended."""

    code = "gone"


class TooLargeError(DossierError):
    """The body, a part or a list exceeds its limit."""

    code = "too-large"


class TooManyError(DossierError):
    """The caller's own limit is used up for now."""

    code = "too-many-requests"

    def __init__(self, message: str, *, retry_after: int = 60) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class UnavailableError(DossierError):
    """The service cannot promise a durable event now, so it does nothing."""

    code = "unavailable"

    def __init__(self, message: str = "the service cannot record this now", *, retry_after: int = 2) -> None:
        super().__init__(message)
        self.retry_after = retry_after
