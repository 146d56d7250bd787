/**
 * Capsules: keys sealed to one grantee, for one signed statement. A key in a capsule counts only if its public half or
 * commitment stands in a signed statement, which the opener names beforehand. Page: docs/spec/capsules.md.
 */
import { inboxKey } from "./dossierkeys.ts";
import {
  bind,
  type Bytes,
  concat,
  decodeText,
  encodeHex,
  HASH_SIZE,
  ID_SIZE,
  parseU64,
  sameBytes,
  sha256,
  u64,
  unbind,
  utf8,
} from "./encoding.ts";
import { LimitError, MalformedError, PinError, TamperedError } from "./errors.ts";
import { type Header, itemCommitment } from "./headers.ts";
import { keyHash, SEED_SIZE, type SealingKey, SigningKey } from "./keys.ts";
import { Label, SUITE } from "./labels.ts";
import { type Context, openSealed, seal } from "./seal.ts";
import { placeContext, type SectionPlace, sectionSealingKey } from "./sections.ts";
import { compareBytes } from "./sodium.ts";

export const MAX_KEYS = 4_096;
const FIELD_COUNT: ReadonlyMap<string, number> = new Map([
  ["section", 4],
  ["item", 3],
  ["dossier-key", 2],
  ["dossier-root", 2],
  ["stream", 2],
]);

/** Which key: its kind and the fields that tell it from every other of its kind; not secret. */
export class KeyId {
  readonly kind: string;
  readonly fields: readonly Bytes[];

  constructor(kind: string, fields: readonly Bytes[]) {
    this.kind = kind;
    this.fields = fields;
    if (FIELD_COUNT.get(kind) !== fields.length) {
      throw new MalformedError("unknown kind of key or wrong count of fields");
    }
    if (kind === "section") placeContext(placeOf(this));
    else checkFields(this);
  }
  /** The secret of a section, lane and epoch. */
  static section = (place: SectionPlace): KeyId => new KeyId("section", placeContext(place));
  /** The item key of one version. */
  static item = ({ core, coreHash }: Header): KeyId => new KeyId("item", [core.item, u64(core.version), coreHash]);
  /** The seed of the dossier key of one epoch. */
  static dossierKey = (dossier: Bytes, sequence: number): KeyId => new KeyId("dossier-key", [dossier, u64(sequence)]);
  static dossierRoot = (dossier: Bytes, sequence: number): KeyId => new KeyId("dossier-root", [dossier, u64(sequence)]);
  /** The key K of one epoch of a stream. */
  static stream = (stream: Bytes, epoch: number): KeyId => new KeyId("stream", [stream, u64(epoch)]);

  static parse(data: Uint8Array): KeyId {
    const [kind, ...fields] = unbind(Label.CAPSULE_KEY, data);
    if (!kind) throw new MalformedError("key id has no kind");
    return new KeyId(decodeText(kind), fields);
  }
  encode(): Bytes {
    return bind(Label.CAPSULE_KEY, utf8(this.kind), ...this.fields);
  }
  /** The encoded bytes in hex: what keys are looked up by. */
  toString(): string {
    return encodeHex(this.encode());
  }
}

export type HeldKey = { readonly id: KeyId; readonly secret: Bytes };

/** The 32 public bytes that a signed statement must hold for this key to count. */
export function commitment(id: KeyId, secret: Uint8Array): Bytes {
  const [first, second, third] = id.fields as [Bytes, Bytes, Bytes];
  if (id.kind === "section") return keyHash(sectionSealingKey(secret, placeOf(id)).public);
  if (id.kind === "item") return itemCommitment(secret, third);
  if (id.kind === "dossier-key") return keyHash(new SigningKey(secret).public);
  if (id.kind === "dossier-root") return keyHash(inboxKey(secret, first, parseU64(second)).public);
  return sha256(secret);
}

/** A capsule as it travels and is stored: for which statement, to whom, which keys, and the sealed keys. */
export type Capsule = {
  readonly statementHash: Bytes;
  readonly grantee: Bytes;
  readonly keyIds: readonly KeyId[];
  readonly sealed: Bytes;
};

/** The exact bytes of the capsule; statements refer to them by SHA-256. */
export const encodeCapsule = ({ statementHash, grantee, keyIds, sealed }: Capsule): Bytes =>
  bind(Label.CAPSULE, SUITE, statementHash, grantee, encodeIds(keyIds), sealed);

export function parseCapsule(data: Uint8Array): Capsule {
  const [suite, ...fields] = unbind(Label.CAPSULE, data);
  if (!suite || !sameBytes(suite, SUITE)) throw new MalformedError("unknown suite");
  const [statementHash, grantee, ids, sealed] = fields;
  if (!statementHash || !grantee || !ids || !sealed || fields.length !== 4) {
    throw new MalformedError("wrong count of capsule fields");
  }
  const keyIds = unbind(Label.CAPSULE_KEYS, ids).map(KeyId.parse);
  checkShape(statementHash, grantee, keyIds);
  return { statementHash, grantee, keyIds, sealed };
}

/**
 * Seals keys of 32 bytes to a grantee under the statement that grants them. `publicKey` must come from a chain that
 * chains.ts has checked, never from a bare response.
 */
export async function sealCapsule(
  statementHash: Bytes,
  grantee: Bytes,
  publicKey: Uint8Array,
  keys: readonly HeldKey[],
): Promise<Capsule> {
  const ordered = keys.toSorted((a, b) => compareIds(a.id, b.id));
  const keyIds = ordered.map(({ id }) => id);
  checkShape(statementHash, grantee, keyIds);
  if (keys.some(({ secret }) => secret.length !== SEED_SIZE)) {
    throw new MalformedError("a key in a capsule is 32 bytes");
  }
  const plaintext = concat(...ordered.map(({ secret }) => secret));
  const context = contextOf(statementHash, grantee, keyIds);
  return { statementHash, grantee, keyIds, sealed: await seal(Label.CAPSULE, context, publicKey, plaintext) };
}

/**
 * Opens a capsule. `expected` gives the commitment of each key id (by its string), taken from signed statements that
 * the caller has verified; a key that is not expected, or not the one committed to, throws PinError.
 */
export async function openCapsule(
  capsule: Capsule,
  key: SealingKey,
  expected: ReadonlyMap<string, Uint8Array>,
): Promise<HeldKey[]> {
  const context = contextOf(capsule.statementHash, capsule.grantee, capsule.keyIds);
  const plaintext = await openSealed(Label.CAPSULE, context, key, capsule.sealed);
  if (plaintext.length !== SEED_SIZE * capsule.keyIds.length) throw new TamperedError();
  return capsule.keyIds.map((id, at) => {
    const secret = plaintext.slice(SEED_SIZE * at, SEED_SIZE * (at + 1));
    const wanted = expected.get(id.toString());
    if (!wanted || !sameBytes(wanted, commitment(id, secret))) {
      throw new PinError("a key in the capsule stands in no signed statement");
    }
    return { id, secret };
  });
}

const encodeIds = (ids: readonly KeyId[]): Bytes => bind(Label.CAPSULE_KEYS, ...ids.map((id) => id.encode()));

const contextOf = (statementHash: Bytes, grantee: Bytes, ids: readonly KeyId[]): Context => [
  statementHash,
  grantee,
  sha256(encodeIds(ids)),
];

function checkShape(statementHash: Bytes, grantee: Bytes, ids: readonly KeyId[]): void {
  if (statementHash.length !== HASH_SIZE || grantee.length !== ID_SIZE) {
    throw new MalformedError("capsule names no statement or grantee");
  }
  if (ids.length > MAX_KEYS) throw new LimitError("capsule holds too many keys");
  const ordered = ids.every((id, at) => at === 0 || compareIds(ids[at - 1] as KeyId, id) < 0);
  if (ids.length === 0 || !ordered) throw new MalformedError("keys of a capsule are not in order");
}

/** Orders by kind, then by the bytes of each field. */
function compareIds(a: KeyId, b: KeyId): number {
  if (a.kind !== b.kind) return a.kind < b.kind ? -1 : 1;
  const orders = a.fields.map((field, at) => compareBytes(field, b.fields[at] as Bytes));
  return orders.find((order) => order !== 0) ?? 0;
}

function placeOf({ fields }: KeyId): SectionPlace {
  const [dossier, section, lane, epoch] = fields as [Bytes, Bytes, Bytes, Bytes];
  return { dossier, section: decodeText(section), lane: decodeText(lane), epoch: parseU64(epoch) };
}

function checkFields({ fields }: KeyId): void {
  const [first, second, ...rest] = fields as [Bytes, Bytes, ...Bytes[]];
  parseU64(second);
  if (first.length !== ID_SIZE || rest.some((field) => field.length !== HASH_SIZE)) {
    throw new MalformedError("wrong size of a key id field");
  }
}
