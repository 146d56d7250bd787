/**
 * Signed statements: DSSE envelopes with Ed25519 over canonical JSON of a known kind. Only the hash of the signed
 * bytes is ever referred to, never the envelope; a statement is kept as it was signed. Page: docs/spec/statements.md.
 */
import { decodeJson, encodeJson } from "./canonical.ts";
import { type Bytes, concat, decodeBase64, encodeBase64, encodeHex, sameBytes, sha256, utf8 } from "./encoding.ts";
import { MalformedError, SignatureError } from "./errors.ts";
import { keyHash, SIGNATURE_SIZE, type SigningKey, verifyEd25519 } from "./keys.ts";
import { checkPayload, hasFields, namesKey, type Payload } from "./kinds.ts";

export const MAX_ENVELOPE = 98_304;
export const MAX_SIGNATURES = 16;
const PREFIX = "application/vnd.eigendossier.";
const SUFFIX = ".v1+json";

/** A well-formed statement. Being one says nothing about who signed it: see `verify`. */
export class Statement {
  readonly kind: string;
  readonly payload: Payload;
  readonly payloadBytes: Bytes;
  readonly signatures: readonly Bytes[];
  readonly envelope: Bytes;
  /** The DSSE pre-authentication encoding: what the signatures cover. */
  readonly signedBytes: Bytes;
  /** The statement hash: SHA-256 of `signedBytes`, the same whoever signed. */
  readonly hash: Bytes;

  constructor(kind: string, payload: Payload, payloadBytes: Bytes, signatures: readonly Bytes[], envelope: Bytes) {
    this.kind = kind;
    this.payload = payload;
    this.payloadBytes = payloadBytes;
    this.signatures = signatures;
    this.envelope = envelope;
    this.signedBytes = preAuthentication(kind, payloadBytes);
    this.hash = sha256(this.signedBytes);
  }
}

/** Signs a payload of a known kind; its `keyHash`, if the kind has one, is filled in when it is missing. */
export function sign(kind: string, payload: Payload, key: SigningKey): Statement {
  const fields = namesKey(kind) ? { keyHash: encodeHex(keyHash(key.public)), ...payload } : { ...payload };
  checkPayload(kind, fields);
  const data = encodeJson(fields);
  const statement = assemble(kind, decodeJson(data) as Payload, data, [key.sign(preAuthentication(kind, data))]);
  if (namesKey(kind)) checkKeyHash(statement, key.public);
  return statement;
}

/** The statement with one more signature over the same bytes; its hash stays the same. */
export function cosign(statement: Statement, key: SigningKey): Statement {
  const signatures = [...statement.signatures, key.sign(statement.signedBytes)];
  return assemble(statement.kind, statement.payload, statement.payloadBytes, signatures);
}

/** Parses an envelope strictly; the result is NOT verified. */
export function parseStatement(envelope: Bytes): Statement {
  const outer = decodeJson(envelope, MAX_ENVELOPE);
  if (!hasFields(outer, ["payload", "payloadType", "signatures"])) throw new MalformedError("not a statement envelope");
  const kind = parseKind(outer["payloadType"]);
  const data = decodeBase64(outer["payload"] as string);
  const payload = decodeJson(data);
  checkPayload(kind, payload);
  return new Statement(kind, payload, data, parseSignatures(outer["signatures"]), envelope);
}

/** Throws SignatureError unless the statement is signed once, by this key, which its payload names. */
export function verify(statement: Statement, publicKey: Uint8Array): void {
  const [signature, ...more] = statement.signatures;
  if (!signature || more.length > 0) throw new SignatureError("statement must have one signature");
  checkKeyHash(statement, publicKey);
  verifyEd25519(publicKey, statement.signedBytes, signature);
}

/**
 * The keys that signed, in order of the signatures. Throws SignatureError unless every signature is by another key of
 * `keys`, at least `threshold` of them (and at least one), and a key that the payload names is among the signers.
 */
export function verifyThreshold(statement: Statement, keys: readonly Bytes[], threshold: number): Bytes[] {
  let remaining = [...keys];
  const signers = statement.signatures.map((signature) => {
    const signer = signerOf(statement, signature, remaining);
    remaining = remaining.filter((key) => !sameBytes(key, signer));
    return signer;
  });
  if (signers.length < Math.max(threshold, 1)) throw new SignatureError("too few signatures");
  const named = statement.payload["keyHash"];
  if (named !== undefined && !signers.some((signer) => encodeHex(keyHash(signer)) === named)) {
    throw new SignatureError("statement is not signed by the key it names");
  }
  return signers;
}

/** The hash of the statement with this payload, whoever signed it. */
export function statementHash(kind: string, payload: Payload): Bytes {
  checkPayload(kind, payload);
  return sha256(preAuthentication(kind, encodeJson(payload)));
}

function preAuthentication(kind: string, payload: Uint8Array): Bytes {
  const type = `${PREFIX}${kind}${SUFFIX}`;
  return concat(utf8(`DSSEv1 ${utf8(type).length} ${type} ${payload.length} `), payload);
}

function assemble(kind: string, payload: Payload, data: Bytes, signatures: readonly Bytes[]): Statement {
  const envelope = {
    payload: encodeBase64(data),
    payloadType: `${PREFIX}${kind}${SUFFIX}`,
    signatures: signatures.map((signature) => ({ sig: encodeBase64(signature) })),
  };
  return new Statement(kind, payload, data, signatures, encodeJson(envelope, MAX_ENVELOPE));
}

function parseKind(type: unknown): string {
  if (typeof type !== "string" || !type.startsWith(PREFIX) || !type.endsWith(SUFFIX)) {
    throw new MalformedError("unknown payload type");
  }
  return type.slice(PREFIX.length, -SUFFIX.length);
}

function parseSignatures(value: unknown): Bytes[] {
  if (!Array.isArray(value) || value.length < 1 || value.length > MAX_SIGNATURES) {
    throw new MalformedError("a statement has 1 to 16 signatures");
  }
  return value.map((entry) => {
    if (!hasFields(entry, ["sig"])) throw new MalformedError("unknown or missing field in a signature");
    const signature = decodeBase64(entry["sig"] as string);
    if (signature.length !== SIGNATURE_SIZE) throw new MalformedError("a signature is 64 bytes");
    return signature;
  });
}

function checkKeyHash(statement: Statement, publicKey: Uint8Array): void {
  if (statement.payload["keyHash"] !== encodeHex(keyHash(publicKey))) {
    throw new SignatureError("statement names another key");
  }
}

function signerOf(statement: Statement, signature: Bytes, keys: readonly Bytes[]): Bytes {
  const signer = keys.find((key) => {
    try {
      verifyEd25519(key, statement.signedBytes, signature);
      return true;
    } catch {
      return false;
    }
  });
  if (!signer) throw new SignatureError("a signature is by none of the keys, or repeats one");
  return signer;
}
