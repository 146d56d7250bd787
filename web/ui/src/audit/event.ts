/**
 * Events: who did what, as a fixed list of named text fields, with the schemas of audit/schemas.json (the same file
 * that Python reads). Page: docs/spec/event.md.
 */
import table from "../../../../audit/schemas.json" with { type: "json" };
import { decodeJson } from "../crypto/canonical.ts";
import { type Bytes, concat, decodeText, utf8 } from "../crypto/encoding.ts";
import { CryptoError } from "../crypto/errors.ts";
import { LogFormatError } from "./errors.ts";
import { MAX_FIELDS, u16be } from "./stream.ts";

export const MAX_VALUE = 65_535;
export const REQUIRED: readonly string[] = ["schema", "actor", "time"];

export type Field = { readonly name: string; readonly kind: string; readonly audience: readonly string[] };

/** The fields of one kind of event, in the order in which they are committed to; field 0 is the schema id. */
export type Schema = { readonly id: string; readonly fields: readonly Field[] };

/** One event: its schema and the raw UTF-8 of each field, in schema order; an absent field is empty. */
export type Event = { readonly schema: Schema; readonly values: readonly Bytes[] };

const HEAD = ["schema", "text", "owner actor auditor"];

function schemaOf(id: string, rows: readonly (readonly string[])[]): Schema {
  const fields = [HEAD, ...rows].map(([name = "", kind = "", audience = ""]) => {
    return { name, kind, audience: audience.split(" ") };
  });
  return { id, fields };
}

/** Every schema, by id. */
export const SCHEMAS: ReadonlyMap<string, Schema> = new Map(
  Object.entries(table).map(([id, rows]) => [id, schemaOf(id, rows)]),
);

/** Encodes canonically: the number of fields, then each value with its length; all as 2 bytes, big-endian. */
export const encodeEvent = ({ values }: Event): Bytes =>
  concat(u16be(values.length), ...values.flatMap((value) => [u16be(value.length), value]));

export function parseEvent(data: Uint8Array): Event {
  const values = splitValues(data);
  const schema = SCHEMAS.get(looseText(values[0] ?? new Uint8Array(0)));
  if (!schema) throw new LogFormatError("event of an unknown schema");
  const { fields } = schema;
  if (values.length !== fields.length || !fields.every((field, at) => isValue(field, values[at] as Bytes))) {
    throw new LogFormatError("event is not well-formed");
  }
  return { schema, values };
}

function splitValues(data: Uint8Array): Bytes[] {
  const values: Bytes[] = [];
  const count = u16(data, 0);
  let at = 2;
  while (at < data.length && values.length < Math.min(count, MAX_FIELDS)) {
    const end = at + 2 + u16(data, at);
    if (end > data.length) throw new LogFormatError("event is cut");
    values.push(Uint8Array.from(data.subarray(at + 2, end)));
    at = end;
  }
  if (at !== data.length || values.length !== count) throw new LogFormatError("event is not in canonical form");
  return values;
}

/** Whether bytes of others are a value of this field, absence included. */
export function isValue({ name, kind }: Field, value: Uint8Array): boolean {
  if (value.length === 0) return !REQUIRED.includes(name);
  if (value.length > MAX_VALUE) return false;
  if (kind === "list") return isList(value);
  const text = looseText(value);
  if (kind === "text") return isText(text, value);
  const isNumber = kind === "count" || kind === "time";
  return PATTERNS[kind as keyof typeof PATTERNS].test(text) && !(isNumber && Number(text) > Number.MAX_SAFE_INTEGER);
}

// Decimal without sign or leading zero; at most 16 digits, and at most 2^53-1.
const PATTERNS = {
  party: /^([0-9a-f]{32}|(?=[a-z0-9-]{1,64}$)[a-z0-9]+(-[a-z0-9]+)*)$/,
  code: /^(?=[a-z0-9-]{1,64}$)[a-z0-9]+(-[a-z0-9]+)*$/,
  id: /^[0-9a-f]{32}$/,
  hash: /^[0-9a-f]{64}$/,
  count: /^(0|[1-9][0-9]{0,15})$/,
  time: /^(0|[1-9][0-9]{0,15})$/,
};

/** UTF-8 in normalisation form C without control characters. */
function isText(text: string, value: Uint8Array): boolean {
  const spelt = utf8(text);
  const sound = spelt.length === value.length && spelt.every((byte, at) => byte === value[at]);
  return sound && !/[\x00-\x1f\x7f]/.test(text) && text.normalize("NFC") === text;
}

/** A canonical JSON array with at least one member; the empty list is absence. */
function isList(value: Uint8Array): boolean {
  try {
    const decoded = decodeJson(value);
    return Array.isArray(decoded) && decoded.length > 0;
  } catch (error) {
    if (error instanceof CryptoError) return false;
    throw error;
  }
}

/** The text, or something that no schema or pattern knows. */
function looseText(value: Uint8Array): string {
  try {
    return decodeText(value);
  } catch {
    return "\ufffd";
  }
}

const u16 = (data: Uint8Array, at: number): number => ((data[at] ?? 0) << 8) | (data[at + 1] ?? 0);
