/**
 * The public leaf of an event: 97 opaque bytes. With the stream's key the owner recomputes every tag and link; with an
 * event's seed, or the salts of some fields, the commitment. Page: docs/spec/event.md.
 */
import { type Bytes, concat, HASH_SIZE, utf8 } from "../crypto/encoding.ts";
import { hmacSha256, sha256 } from "../crypto/sodium.ts";
import { LogFormatError } from "./errors.ts";

export const KEY_SIZE = 32;
export const SEED_SIZE = 32;
export const LEAF_SIZE = 97;
export const MAX_FIELDS = 24;
const EVENT_LEAF = 1;
/** Stands in the link of a stream's first event. */
export const NO_PREVIOUS: Bytes = new Uint8Array(HASH_SIZE);

export type Leaf = { readonly tag: Bytes; readonly link: Bytes; readonly commit: Bytes };
export type FieldValue = readonly [name: string, value: Uint8Array];

export function parseLeaf(data: Bytes): Leaf {
  if (data.length !== LEAF_SIZE || data[0] !== EVENT_LEAF) throw new LogFormatError("not the leaf of an event");
  return { tag: data.slice(1, 33), link: data.slice(33, 65), commit: data.slice(65) };
}

/** The tag of event `seq` (from 1): the one value whose absence proves that there is no such event. */
export const eventTag = (key: Uint8Array, seq: number): Bytes =>
  hmacSha256(exact(key), concat(utf8("dossier-tag/v1\0"), u64be(seq)));

export function eventLink(key: Uint8Array, seq: number, previous: Uint8Array): Bytes {
  if (previous.length !== HASH_SIZE) throw new LogFormatError("a leaf hash is 32 bytes");
  return hmacSha256(exact(key), concat(utf8("dossier-link/v1\0"), u64be(seq), previous));
}

/** HKDF-SHA256 without salt, one block per field: salt i has the info "field" and i. */
export function fieldSalts(seed: Uint8Array, count: number): Bytes[] {
  if (count < 1 || count > MAX_FIELDS) throw new LogFormatError("an event has 1 to 24 fields");
  const extracted = hmacSha256(new Uint8Array(HASH_SIZE), exact(seed));
  return Array.from({ length: count }, (_, at) =>
    hmacSha256(extracted, concat(utf8("field"), u16be(at), Uint8Array.of(1))),
  );
}

export const fieldDigest = (salt: Uint8Array, name: string, value: Uint8Array): Bytes =>
  sha256(concat(utf8("field/v1\0"), salt, u16be(utf8(name).length), utf8(name), value));

export function fieldDigests(seed: Uint8Array, fields: readonly FieldValue[]): Bytes[] {
  const salts = fieldSalts(seed, fields.length);
  return fields.map(([name, value], at) => fieldDigest(salts[at] as Bytes, name, value));
}

export const commitment = (digests: readonly Uint8Array[]): Bytes =>
  sha256(concat(utf8("event-payload/v1\0"), u16be(digests.length), ...digests));

export const makeLeaf = (key: Uint8Array, seq: number, previous: Uint8Array, commit: Uint8Array): Bytes =>
  concat(Uint8Array.of(EVENT_LEAF), eventTag(key, seq), eventLink(key, seq, previous), commit);

export const u16be = (value: number): Bytes => Uint8Array.of(value >>> 8, value & 0xff);

export function u64be(value: number): Bytes {
  const data = new Uint8Array(8);
  new DataView(data.buffer).setBigUint64(0, BigInt(value));
  return data;
}

/** HMAC pads short keys with zeros: fixing the length leaves one key per digest. */
function exact(secret: Uint8Array): Uint8Array {
  if (secret.length !== KEY_SIZE) throw new LogFormatError("a stream key or seed is 32 bytes");
  return secret;
}
