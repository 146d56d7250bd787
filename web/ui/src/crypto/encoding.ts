/**
 * Strict byte encodings: each value has one spelling, and every decoder re-encodes and compares.
 * Page: docs/spec/encoding.md.
 */
import { MalformedError } from "./errors.ts";
import * as sodium from "./sodium.ts";
import { type Bytes, sha256 } from "./sodium.ts";

export { type Bytes, sha256 };

export const ID_SIZE = 16;
export const BUCKET_SIZE = 2;
export const HASH_SIZE = 32;
export const EMPTY: Bytes = new Uint8Array(0);

export function concat(...pieces: readonly Uint8Array[]): Bytes {
  const whole = new Uint8Array(pieces.reduce((size, piece) => size + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

const encoder = new TextEncoder();

export const utf8 = (text: string): Bytes => encoder.encode(text) as Bytes;

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function decodeText(data: Uint8Array): string {
  try {
    return strictUtf8.decode(data);
  } catch (cause) {
    throw new MalformedError("not utf-8", { cause });
  }
}

export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => sodium.equal(a, b);

/** Eight bytes, little-endian; only integers that JavaScript holds exactly. */
export function u64(value: number): Bytes {
  if (!Number.isSafeInteger(value) || value < 0) throw new MalformedError("integer out of range");
  const data = new Uint8Array(8);
  writeU64(new DataView(data.buffer), 0, value);
  return data;
}

/** In two halves: the value is at most 2^53-1, so both are exact, and no big integer is made. */
function writeU64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % 2 ** 32, true);
  view.setUint32(at + 4, Math.floor(value / 2 ** 32), true);
}

export function parseU64(data: Uint8Array): number {
  if (data.length !== 8) throw new MalformedError("not a 64-bit integer in range");
  const value = Number(new DataView(data.buffer, data.byteOffset, 8).getBigUint64(0, true));
  if (!Number.isSafeInteger(value)) throw new MalformedError("not a 64-bit integer in range");
  return value;
}

/** Joins a label and fields so that no two lists of fields give the same bytes. */
export function bind(label: string, ...fields: readonly Uint8Array[]): Bytes {
  const pieces = [utf8(label), ...fields];
  const bound = new Uint8Array(pieces.reduce((size, piece) => size + 8 + piece.length, 8));
  const view = new DataView(bound.buffer);
  writeU64(view, 0, pieces.length);
  let at = 8;
  for (const piece of pieces) {
    writeU64(view, at, piece.length);
    bound.set(piece, at + 8);
    at += 8 + piece.length;
  }
  return bound;
}

/** Splits what `bind` joined under this label. */
export function unbind(label: string, data: Uint8Array): Bytes[] {
  const pieces: Bytes[] = [];
  const count = parseU64(data.subarray(0, 8));
  for (let at = 8; at < data.length; ) {
    const start = at + 8;
    const end = start + parseU64(data.subarray(at, start));
    if (end > data.length || pieces.length === count) throw new MalformedError("wrong length in bound fields");
    pieces.push(data.slice(start, end) as Bytes);
    at = end;
  }
  const [first, ...fields] = pieces;
  if (pieces.length !== count || !first || !sameBytes(first, utf8(label))) {
    throw new MalformedError("wrong count or label of bound fields");
  }
  return fields;
}

/** RFC 4648 section 4, padded, on one line. */
export const encodeBase64 = (data: Uint8Array): string => sodium.toBase64(data);

export function decodeBase64(text: string): Bytes {
  const data = attempt(() => sodium.fromBase64(text), "not base64");
  if (sodium.toBase64(data) !== text) throw new MalformedError("not canonical base64");
  return data;
}

/** Lower case. */
export const encodeHex = (data: Uint8Array): string => sodium.toHex(data);

export function decodeHex(text: string, size: number): Bytes {
  const data = attempt(() => sodium.fromHex(text), "not hexadecimal");
  if (data.length !== size || sodium.toHex(data) !== text) {
    throw new MalformedError("not lower-case hexadecimal of the wanted length");
  }
  return data;
}

/** Two bytes of bucket (random for a new stream, else inherited) and fourteen random bytes. */
export function newId(bucket?: Uint8Array): Bytes {
  if (bucket && bucket.length !== BUCKET_SIZE) throw new MalformedError("a bucket is 2 bytes");
  const start = bucket ?? sodium.random(BUCKET_SIZE);
  return concat(start, sodium.random(ID_SIZE - BUCKET_SIZE));
}

function attempt<Value>(decode: () => Value, message: string): Value {
  try {
    return decode();
  } catch (cause) {
    throw new MalformedError(message, { cause });
  }
}
