/**
 * Signed notes and verifier keys (c2sp.org/signed-note@v1.0.0): a text, then signature lines of named keys. The key id
 * is a hint; the pinned verifier key decides.
 */
import {
  type Bytes,
  concat,
  decodeBase64,
  decodeHex,
  decodeText,
  encodeBase64,
  encodeHex,
  sameBytes,
  sha256,
  utf8,
} from "../crypto/encoding.ts";
import { CryptoError } from "../crypto/errors.ts";
import { type SigningKey, verifyEd25519 } from "../crypto/keys.ts";
import { cosignedMessage, splitCosignature } from "./cosignature.ts";
import { AuditError, LogFormatError, NoteError } from "./errors.ts";

export const ED25519 = 1;
export const COSIGNATURE = 4;
export const MAX_NOTE = 1_000_000;
export const MAX_SIGNATURES = 64;
const ID_SIZE = 4;
const KEY_SIZE = 32;
// Unicode white space is spelt out: the two languages' own classes differ in two characters.
const WORD = "[^\\x00-\\x20\\x7f\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000+]+";
const NAME = new RegExp(`^${WORD}$`, "v");
const LINE = new RegExp(`^— (?<name>${WORD}) (?<blob>[A-Za-z0-9+\\/=]+)$`, "v");

export const isName = (text: string): boolean => NAME.test(text);

/** A key that notes are verified with; its text form is name+id+base64(kind || key). */
export class VerifierKey {
  readonly name: string;
  readonly kind: number;
  readonly public: Bytes;

  constructor(name: string, kind: number, publicKey: Bytes) {
    if (!isName(name) || ![ED25519, COSIGNATURE].includes(kind) || publicKey.length !== KEY_SIZE) {
      throw new LogFormatError("not a verifier key");
    }
    this.name = name;
    this.kind = kind;
    this.public = publicKey;
  }
  get id(): Bytes {
    return sha256(concat(utf8(`${this.name}\n`), Uint8Array.of(this.kind), this.public)).slice(0, ID_SIZE);
  }
  toString(): string {
    return `${this.name}+${encodeHex(this.id)}+${encodeBase64(concat(Uint8Array.of(this.kind), this.public))}`;
  }
}

export type Signature = { readonly name: string; readonly id: Bytes; readonly blob: Bytes };

/** A text of complete lines and its signatures; parsed, not verified. */
export type Note = { readonly text: string; readonly signatures: readonly Signature[] };

export function encodeNote(note: Note): Bytes {
  const lines = note.signatures.map(({ name, id, blob }) => `— ${name} ${encodeBase64(concat(id, blob))}\n`);
  return utf8(`${note.text}\n${lines.join("")}`);
}

export function parseVerifierKey(text: string): VerifierKey {
  const [, name = "", hint = "", encoded = ""] = /^([^+]*)\+([^+]*)\+(.*)$/s.exec(text) ?? [];
  const raw = asLogFormat("not a verifier key", () => decodeBase64(encoded));
  const id = asLogFormat("not a verifier key", () => decodeHex(hint, ID_SIZE));
  const key = new VerifierKey(name, raw[0] ?? 0, raw.slice(1));
  if (!sameBytes(key.id, id)) throw new LogFormatError("id of the verifier key is not its own");
  return key;
}

/** Signs a text of complete lines. The signature covers the bare text: such a key signs one kind of note only. */
export function signNote(text: string, name: string, key: SigningKey): Note {
  checkText(text);
  const { id } = new VerifierKey(name, ED25519, key.public);
  return { text, signatures: [{ name, id, blob: key.sign(utf8(text)) }] };
}

export function parseNote(data: Uint8Array): Note {
  if (data.length > MAX_NOTE) throw new LogFormatError("note is too large");
  const whole = asLogFormat("note is not utf-8", () => decodeText(data));
  const at = whole.lastIndexOf("\n\n");
  if (at < 0 || !whole.endsWith("\n")) throw new LogFormatError("note has no signatures");
  const text = whole.slice(0, at + 1);
  checkText(text);
  const lines = whole.slice(at + 2, -1).split("\n");
  if (lines.length > MAX_SIGNATURES) throw new LogFormatError("note has too many signatures");
  return { text, signatures: lines.map(parseLine) };
}

/** The keys, of those given, that signed; unknown signers are ignored, a bad signature of a given key is refused. */
export function verifyNote(note: Note, keys: readonly VerifierKey[]): VerifierKey[] {
  const signed = new Set<VerifierKey>();
  for (const signature of note.signatures) {
    const key = keys.findLast(({ name, id }) => name === signature.name && sameBytes(id, signature.id));
    if (!key) continue;
    verifySignature(note.text, signature, key);
    signed.add(key);
  }
  if (signed.size === 0) throw new NoteError("note is not signed by a wanted key");
  return [...signed];
}

function verifySignature(text: string, signature: Signature, key: VerifierKey): void {
  try {
    if (key.kind === ED25519) return verifyEd25519(key.public, utf8(text), signature.blob);
    const [seconds, raw] = splitCosignature(signature.blob);
    verifyEd25519(key.public, cosignedMessage(text, seconds), raw);
  } catch (cause) {
    if (!(cause instanceof CryptoError || cause instanceof AuditError)) throw cause;
    throw new NoteError("note carries a bad signature of a wanted key", { cause });
  }
}

function checkText(text: string): void {
  if (!text.endsWith("\n") || /[\x00-\x09\x0b-\x1f]/.test(text)) {
    throw new LogFormatError("text of a note is not made of complete lines");
  }
}

function parseLine(line: string): Signature {
  const { name, blob } = LINE.exec(line)?.groups ?? {};
  if (name === undefined || blob === undefined) throw new LogFormatError("not a signature line");
  const raw = asLogFormat("signature line is not base64", () => decodeBase64(blob));
  if (raw.length <= ID_SIZE) throw new LogFormatError("not a signature line");
  return { name, id: raw.slice(0, ID_SIZE), blob: raw.slice(ID_SIZE) };
}

/** Runs a decoder of the crypto package and turns its refusal into this package's. */
export function asLogFormat<Value>(message: string, decode: () => Value): Value {
  try {
    return decode();
  } catch (cause) {
    if (!(cause instanceof CryptoError)) throw cause;
    throw new LogFormatError(message, { cause });
  }
}
