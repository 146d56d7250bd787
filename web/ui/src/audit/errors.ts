/** The errors of the log, named as in the Python package: one base class, six leaves. */

export class AuditError extends Error {
  override name = "AuditError";
}

/** Bytes or text that are not in the one accepted spelling of their format. */
export class LogFormatError extends AuditError {
  override name = "LogFormatError";
}

/** An event that must not exist: no actor, an unknown schema, a field missing or of the wrong kind. */
export class EventError extends AuditError {
  override name = "EventError";
}

/** A note without a valid signature by a wanted key, or with a known key whose signature is bad. */
export class NoteError extends AuditError {
  override name = "NoteError";
}

/** A proof, opening or payload that does not lead to the hash that was committed to. */
export class ProofError extends AuditError {
  override name = "ProofError";
}

/** Two histories: the log or stream shown differs from one that was seen before. */
export class SplitViewError extends AuditError {
  override name = "SplitViewError";
}

/** Something that was promised is not there: a sequence number, a tag, a key of an epoch. */
export class IncompleteError extends AuditError {
  override name = "IncompleteError";
}
