"""What can go wrong on the client's side: one base class, one leaf for each thing a person can do about it."""

from __future__ import annotations


class ClientError(Exception):
    """Base of every error of the client; messages never hold content, names or keys."""


class UnreachableError(ClientError):
    """The service did not answer, or not in time: it is unknown whether the act was done; ask again with its key."""


class RefusedError(ClientError):
    """The service refused: ``status`` and ``code`` of its problem document say why."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail or code)
        self.status = status
        self.code = code


class SignInError(ClientError):
    """Signing in failed: wrong secret, unknown persona, or an answer that does not belong to the question."""


class KeyStoreError(ClientError):
    """The key store cannot be opened, or does not hold what was asked for."""


class UntrustedError(ClientError):
    """The service answered something that its signed statements do not bear out: stop."""
