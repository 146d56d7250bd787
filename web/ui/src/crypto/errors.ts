/**
 * The errors of this package, named as in the Python package: one base class, six leaves. Nothing else is thrown for
 * bad input. Messages never carry content, names or keys.
 */

export class CryptoError extends Error {
  override name = "CryptoError";
}

/** Bytes that are not the one spelling of a value. */
export class MalformedError extends CryptoError {
  override name = "MalformedError";
}

/** An opening that failed. One message for every cause, so that nobody learns which one. */
export class TamperedError extends CryptoError {
  override name = "TamperedError";
  constructor() {
    super("not opened: wrong key, wrong place or changed bytes");
  }
}

/** A signature that does not verify, or a key other than the one the statement names. */
export class SignatureError extends CryptoError {
  override name = "SignatureError";
}

/** A size or a key derivation parameter outside its bounds. */
export class LimitError extends CryptoError {
  override name = "LimitError";
}

/** A mistyped passphrase or recovery code, seen before any key is derived. */
export class ChecksumError extends CryptoError {
  override name = "ChecksumError";
}

/** A key or chain other than the one that was pinned or attested. */
export class PinError extends CryptoError {
  override name = "PinError";
}
