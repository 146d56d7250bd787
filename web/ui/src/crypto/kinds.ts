/**
 * The fields of every kind of statement (crypto/kinds.json, the same file that Python reads), and the check that a
 * payload has exactly those. Absence is an explicit empty value. Types: docs/spec/statements.md.
 */
import schemas from "../../../../crypto/kinds.json" with { type: "json" };
import type { Json } from "./canonical.ts";
import { decodeBase64, decodeHex, HASH_SIZE, ID_SIZE, utf8 } from "./encoding.ts";
import { MalformedError } from "./errors.ts";
import { SEALING_KEY_SIZE, SIGNING_KEY_SIZE } from "./keys.ts";

type Check = (value: unknown) => void;
type Schema = string | readonly Schema[] | { readonly [field: string]: Schema };
export type Payload = { readonly [field: string]: Json };

export const MAX_TEXT_BYTES = 2_000;
export const MAX_CODE = 64;
export const SCHEMAS: ReadonlyMap<string, Schema> = new Map<string, Schema>(Object.entries(schemas));

/** Throws MalformedError unless `kind` is known and `payload` has exactly its fields, each of its type. */
export function checkPayload(kind: string, payload: unknown): asserts payload is Payload {
  const check = CHECKS.get(kind);
  if (!check) throw new MalformedError("unknown kind of statement");
  check(payload);
}

/** Whether payloads of this kind name the one key that signs them; the others need several signatures. */
export const namesKey = (kind: string): boolean => Object.hasOwn(Object(SCHEMAS.get(kind)), "keyHash");

/** Lower-case words and digits joined by single hyphens. */
export const isCode = (value: string): boolean => value.length <= MAX_CODE && /^[a-z0-9]+(-[a-z0-9]+)*$/.test(value);

function text(value: unknown): string {
  if (typeof value !== "string") throw new MalformedError("field is not text");
  return value;
}

function integer(value: unknown): void {
  const inRange = Number.isSafeInteger(value) && (value as number) >= 0;
  if (!inRange) throw new MalformedError("field is not an integer in range");
}

function flag(value: unknown): void {
  if (typeof value !== "boolean") throw new MalformedError("field is not true or false");
}

function code(value: unknown): void {
  if (!isCode(text(value))) throw new MalformedError("field is not a code");
}

function shortText(value: unknown): void {
  if (utf8(text(value)).length > MAX_TEXT_BYTES) throw new MalformedError("field text is too long");
}

const hex =
  (size: number): Check =>
  (value) => {
    decodeHex(text(value), size);
  };

const base64 =
  (size?: number): Check =>
  (value) => {
    const data = decodeBase64(text(value));
    if (size !== undefined && data.length !== size) throw new MalformedError("field has the wrong length");
  };

const TYPES: ReadonlyMap<string, Check> = new Map<string, Check>([
  ["id", hex(ID_SIZE)],
  ["hash", hex(HASH_SIZE)],
  ["time", integer],
  ["count", integer],
  ["code", code],
  ["text", shortText],
  ["flag", flag],
  ["key", base64(SIGNING_KEY_SIZE)],
  ["sealing-key", base64(SEALING_KEY_SIZE)],
  ["bytes", base64()],
]);

/** Turns one schema into its check: an object, a list of one type, or a named type. */
export function compileSchema(schema: Schema): Check {
  if (typeof schema === "string") return compileName(schema);
  if (Array.isArray(schema)) return list(compileSchema(schema[0] as Schema));
  return object(new Map(Object.entries(schema).map(([field, inner]) => [field, compileSchema(inner)])));
}

function compileName(schema: string): Check {
  if (schema.startsWith("any:")) return oneOf(new Set(schema.slice(4).split("|")));
  const check = TYPES.get(schema.replace(/\?$/, "")) as Check;
  return schema.endsWith("?") ? (value) => value === "" || check(value) : check;
}

/** A JSON object, as far as this package makes them: no list, no null. */
export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Whether `value` is a JSON object with exactly these fields. */
export function hasFields(value: unknown, fields: readonly string[]): value is Record<string, unknown> {
  if (!isObject(value)) return false;
  return Object.keys(value).length === fields.length && fields.every((field) => Object.hasOwn(value, field));
}

const object =
  (fields: ReadonlyMap<string, Check>): Check =>
  (value) => {
    if (!hasFields(value, [...fields.keys()])) throw new MalformedError("unknown or missing field");
    for (const [field, check] of fields) check(value[field]);
  };

const list =
  (check: Check): Check =>
  (value) => {
    if (!Array.isArray(value)) throw new MalformedError("field is not a list");
    value.forEach(check);
    const scalars = value.filter((entry) => !isObject(entry));
    if (new Set(scalars).size !== scalars.length) throw new MalformedError("list repeats a value");
  };

const oneOf =
  (choices: ReadonlySet<string>): Check =>
  (value) => {
    if (!choices.has(text(value))) throw new MalformedError("field is none of its choices");
  };

const CHECKS: ReadonlyMap<string, Check> = new Map([...SCHEMAS].map(([kind, schema]) => [kind, compileSchema(schema)]));
