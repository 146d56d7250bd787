/**
 * The core of an item version: all that is known before sealing, bound into everything that is sealed for it.
 * Page: docs/spec/items.md.
 */
import {
  bind,
  type Bytes,
  decodeText,
  HASH_SIZE,
  ID_SIZE,
  parseU64,
  sameBytes,
  sha256,
  u64,
  unbind,
  utf8,
} from "./encoding.ts";
import { MalformedError } from "./errors.ts";
import { isCode } from "./kinds.ts";
import { Label, SUITE } from "./labels.ts";

export const MAX_PARTS = 256;
export const AUTHOR_KINDS = ["system", "person"];

/**
 * What an item version is and where it was born. Ids are 16 bytes, hashes 32; section, lane, type and label are codes;
 * times are UTC seconds, 0 for none; `previous` is the hash of the header of the version before, empty for version 1.
 */
export type Core = {
  readonly dossier: Bytes;
  readonly item: Bytes;
  readonly version: number;
  readonly previous: Bytes;
  readonly section: string;
  readonly lane: string;
  readonly epoch: number;
  readonly sectionKeyHash: Bytes;
  readonly author: Bytes;
  readonly authorKeyId: Bytes;
  readonly authorKind: string;
  readonly type: string;
  readonly label: string;
  readonly issued: number;
  readonly dataFrom: number;
  readonly dataUntil: number;
  readonly partCount: number;
};

type Field = {
  readonly encode: (value: never) => Bytes;
  readonly decode: (data: Bytes) => Bytes | number | string;
  readonly check: (value: never) => boolean;
};

const bytes = (...sizes: number[]): Field => ({
  encode: (value: Bytes) => value,
  decode: (data) => data,
  check: (value: Bytes) => value instanceof Uint8Array && sizes.includes(value.length),
});

const count = (low: number, high = Number.MAX_SAFE_INTEGER): Field => ({
  encode: u64,
  decode: parseU64,
  check: (value: number) => Number.isSafeInteger(value) && value >= low && value <= high,
});

const text = (check: (value: string) => boolean): Field => ({
  encode: utf8,
  decode: decodeText,
  check: (value: string) => typeof value === "string" && check(value),
});

/** How each field, in the order in which they are bound, is encoded, decoded and checked. */
const FIELDS: readonly (readonly [keyof Core, Field])[] = [
  ["dossier", bytes(ID_SIZE)],
  ["item", bytes(ID_SIZE)],
  ["version", count(1)],
  ["previous", bytes(0, HASH_SIZE)],
  ["section", text(isCode)],
  ["lane", text(isCode)],
  ["epoch", count(0)],
  ["sectionKeyHash", bytes(HASH_SIZE)],
  ["author", bytes(ID_SIZE)],
  ["authorKeyId", bytes(HASH_SIZE)],
  ["authorKind", text((kind) => AUTHOR_KINDS.includes(kind))],
  ["type", text(isCode)],
  ["label", text(isCode)],
  ["issued", count(0)],
  ["dataFrom", count(0)],
  ["dataUntil", count(0)],
  ["partCount", count(1, MAX_PARTS)],
];

/** The exact bytes of the core; they stand in the signed header. Throws MalformedError for a field out of range. */
export function encodeCore(core: Core): Bytes {
  checkCore(core);
  const encoded = FIELDS.map(([name, field]) => field.encode(core[name] as never));
  return bind(Label.ITEM_CORE, SUITE, ...encoded);
}

/** Parses the bytes of a core; another suite is refused before anything else is looked at. */
export function parseCore(data: Uint8Array): Core {
  const [suite, ...values] = unbind(Label.ITEM_CORE, data);
  if (!suite || !sameBytes(suite, SUITE)) throw new MalformedError("unknown suite");
  if (values.length !== FIELDS.length) throw new MalformedError("wrong count of item core fields");
  const entries = FIELDS.map(([name, field], at) => [name, field.decode(values[at] as Bytes)]);
  const core = Object.fromEntries(entries) as Core;
  checkCore(core);
  return core;
}

/** SHA-256 of the core bytes, which begin with their label; every key and ciphertext binds it. */
export const coreHash = (data: Uint8Array): Bytes => sha256(data);

function checkCore(core: Core): void {
  for (const [name, field] of FIELDS) {
    if (!field.check(core[name] as never)) throw new MalformedError("item core field out of range");
  }
  if ((core.version === 1) !== (core.previous.length === 0)) {
    throw new MalformedError("every version but the first names the one before");
  }
}
