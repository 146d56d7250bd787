/**
 * Canonical JSON: the form of RFC 8785, restricted to objects, lists, text in NFC, safe integers and booleans, at most
 * eight levels deep. One value has one spelling: decoding re-encodes and compares. Page: docs/spec/encoding.md.
 */
import { decodeText, utf8 } from "./encoding.ts";
import { LimitError, MalformedError } from "./errors.ts";
import type { Bytes } from "./sodium.ts";

export type Json = string | number | boolean | readonly Json[] | { readonly [name: string]: Json };

export const MAX_DEPTH = 8;
export const MAX_BYTES = 65_536;

export function encodeJson(value: Json, limit = MAX_BYTES): Bytes {
  const data = utf8(spell(value, 0));
  if (data.length > limit) throw new LimitError("json is too large");
  return data;
}

export function decodeJson(data: Uint8Array, limit = MAX_BYTES): Json {
  if (data.length > limit) throw new LimitError("json is too large");
  const text = decodeText(data);
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch (cause) {
    throw new MalformedError("not json", { cause });
  }
  if (spell(value, 0) !== text) throw new MalformedError("json is not in canonical form");
  return value;
}

function spell(value: unknown, depth: number): string {
  if (typeof value === "string") return spellText(value);
  if (typeof value === "number") return spellInteger(value);
  if (typeof value === "boolean") return String(value);
  if (typeof value !== "object" || value === null) throw new MalformedError("json holds a value of another type");
  if (depth >= MAX_DEPTH) throw new MalformedError("json is too deep");
  if (Array.isArray(value)) return `[${value.map((entry) => spell(entry, depth + 1)).join(",")}]`;
  return spellObject(value as Record<string, unknown>, depth);
}

/** Names sort by UTF-16 code units, which is how the language compares strings. */
function spellObject(value: Record<string, unknown>, depth: number): string {
  const names = Object.keys(value).sort();
  return `{${names.map((name) => `${spellText(name)}:${spell(value[name], depth + 1)}`).join(",")}}`;
}

function spellText(text: string): string {
  if (!text.isWellFormed()) throw new MalformedError("json holds a lone surrogate");
  if (text.normalize("NFC") !== text) throw new MalformedError("json holds text that is not in nfc");
  return JSON.stringify(text);
}

function spellInteger(value: number): string {
  if (!Number.isSafeInteger(value)) throw new MalformedError("json holds a number that is not a safe integer");
  return String(value);
}
