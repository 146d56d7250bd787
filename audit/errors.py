"""What can go wrong in the log: one base class, one leaf for each thing a caller does next."""

from __future__ import annotations


class AuditError(Exception):
    """Base of every error that leaves this package; messages never hold content, names or keys."""


class LogFormatError(AuditError):
    """Bytes or text that are not in the one accepted spelling of their format; refuse them."""


class EventError(AuditError):
    """An event that must not exist: no actor, an unknown schema, a field missing or of the wrong kind."""


class NoteError(AuditError):
    """A note without a valid signature by a wanted key, or with a known key whose signature is bad."""


class ProofError(AuditError):
    """A proof, opening or payload that does not lead to the hash that was committed to."""


class SplitViewError(AuditError):
    """Two histories: the log or stream shown differs from one that was seen before. Keep both as evidence."""


class IncompleteError(AuditError):
    """Something that was promised is not there: a sequence number, a tag, a key of an epoch."""


class WriteError(AuditError):
    """Base of what the writer answers when an entry was not written; each leaf tells the caller what to do next."""


class UnavailableError(WriteError):
    """No durable event in time: nothing may be released; asking again with the same idempotency key tells what is."""


class UnknownStreamError(WriteError):
    """There is no such stream, or the entry did not name it."""


class RepeatedError(WriteError):
    """The idempotency key, or something else that is unique, was used before for another thing."""
