/**
 * Openings: showing some fields of a committed event and hiding the others behind their digests. The same leaf vouches
 * for what each audience sees. Page: docs/spec/event.md.
 */
import { type Bytes, decodeBase64, encodeBase64, HASH_SIZE, sameBytes, utf8 } from "../crypto/encoding.ts";
import { hasFields } from "../crypto/kinds.ts";
import { LogFormatError, ProofError } from "./errors.ts";
import { type Event, isValue, SCHEMAS, type Schema } from "./event.ts";
import { asLogFormat } from "./note.ts";
import { commitment, fieldDigest, fieldSalts, MAX_FIELDS, parseLeaf } from "./stream.ts";

/** A field that is shown: its salt, name and value. */
export type OpenField = { readonly salt: Bytes; readonly name: string; readonly value: string };

/** Every field of an event in order: shown, or only its 32-byte digest. */
export type Opening = readonly (OpenField | Bytes)[];

const isHidden = (field: OpenField | Bytes): field is Bytes => field instanceof Uint8Array;

/** The opening of an event for one audience. */
export function openFields({ schema, values }: Event, seed: Uint8Array, audience: string): Opening {
  const salts = fieldSalts(seed, values.length);
  return schema.fields.map(({ name, audience: seen }, at) => {
    const [salt, value] = [salts[at] as Bytes, values[at] as Bytes];
    if (!seen.includes(audience)) return fieldDigest(salt, name, value);
    return { salt, name, value: new TextDecoder().decode(value) };
  });
}

/** The shown fields by name, when the opening is that of the leaf. */
export function checkOpening(leaf: Bytes, opening: Opening): ReadonlyMap<string, string> {
  const schema = schemaOf(opening);
  const digests = opening.map((field) =>
    isHidden(field) ? field : fieldDigest(field.salt, named(field.name), utf8(wellFormed(field.value))),
  );
  if (!sameBytes(commitment(digests), parseLeaf(leaf).commit)) throw new ProofError("opening is not that of the leaf");
  // The digest covers name and value; a leaf that commits to what its schema does not allow is the writer's fraud.
  const fits = opening.every((field, at) => isHidden(field) || isOf(schema, at, field));
  if (opening.length !== schema.fields.length || !fits) throw new ProofError("opening does not follow its schema");
  return new Map(opening.flatMap((field) => (isHidden(field) ? [] : [[field.name, field.value]])));
}

export const openingToJson = (opening: Opening): Record<string, string>[] =>
  opening.map((field) =>
    isHidden(field) ? { digest: encodeBase64(field) } : { ...field, salt: encodeBase64(field.salt) },
  );

/** Parses the JSON value of an opening. */
export function openingFromJson(value: unknown): Opening {
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_FIELDS) {
    throw new LogFormatError("an opening is a list of fields");
  }
  return value.map(parseField);
}

function parseField(entry: unknown): OpenField | Bytes {
  if (hasFields(entry, ["digest"])) return parseHash(entry["digest"]);
  if (!hasFields(entry, ["salt", "name", "value"])) {
    throw new LogFormatError("field of an opening is neither shown nor hidden");
  }
  const { salt, name, value } = entry;
  if (typeof name !== "string" || typeof value !== "string") {
    throw new LogFormatError("field of an opening is not well-formed");
  }
  return { salt: parseHash(salt), name, value };
}

function parseHash(text: unknown): Bytes {
  const raw = asLogFormat("hash in an opening is not base64", () => decodeBase64(text as string));
  if (raw.length !== HASH_SIZE) throw new LogFormatError("hash in an opening is not 32 bytes");
  return raw;
}

function schemaOf([first]: Opening): Schema {
  const schema = first && !isHidden(first) ? SCHEMAS.get(first.value) : undefined;
  if (!schema) throw new LogFormatError("opening does not show its schema");
  return schema;
}

function isOf({ fields }: Schema, at: number, { name, value }: OpenField): boolean {
  const field = fields[at];
  return field !== undefined && field.name === name && isValue(field, utf8(value));
}

/** A name that its two bytes of length can hold. */
function named(text: string): string {
  if (utf8(text).length > 65_535) throw new LogFormatError("field of an opening is not text");
  return wellFormed(text);
}

function wellFormed(text: string): string {
  if (!text.isWellFormed()) throw new LogFormatError("field of an opening is not text");
  return text;
}
