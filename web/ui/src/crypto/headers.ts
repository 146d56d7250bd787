/**
 * The signed header of an item version: parsing it, and checking that it is what the reader expects.
 * Page: docs/spec/items.md.
 */
import { type Core, coreHash, parseCore } from "./core.ts";
import { type Bytes, decodeBase64, decodeHex, encodeHex, HASH_SIZE, sameBytes, sha256, u64 } from "./encoding.ts";
import { MalformedError, PinError, TamperedError } from "./errors.ts";
import { Label } from "./labels.ts";
import { hkdf } from "./seal.ts";
import { type Statement, verify } from "./statements.ts";
import { chunkCount } from "./stream.ts";

export const KIND = "item-header";

/** What the header says of a part: plaintext length, count of chunks, SHA-256 of the stream. */
export type PartInfo = { readonly length: number; readonly chunks: number; readonly hash: Bytes };

/** A header whose fields agree with each other; its hash is that of its statement. */
export type Header = {
  readonly statement: Statement;
  readonly core: Core;
  readonly coreHash: Bytes;
  readonly commitment: Bytes;
  readonly sealedKeyHash: Bytes;
  readonly metadataHash: Bytes;
  readonly parts: readonly PartInfo[];
};

type HeaderPayload = {
  core: string;
  signer: string;
  keyHash: string;
  commitment: string;
  sealedKeyHash: string;
  metadataHash: string;
  parts: { length: number; chunks: number; hash: string }[];
};

/** Reads a header out of its statement, NOT verified; throws MalformedError if its fields contradict each other. */
export function parseHeader(statement: Statement): Header {
  if (statement.kind !== KIND) throw new MalformedError("not an item header");
  const payload = statement.payload as unknown as HeaderPayload;
  const coreBytes = decodeBase64(payload.core);
  const [core, parts] = [parseCore(coreBytes), payload.parts.map(parsePart)];
  if (payload.signer !== encodeHex(core.author) || payload.keyHash !== encodeHex(core.authorKeyId)) {
    throw new MalformedError("header is signed by another than its author");
  }
  if (parts.length !== core.partCount) throw new MalformedError("header lists another count of parts");
  return {
    statement,
    core,
    coreHash: coreHash(coreBytes),
    commitment: decodeHex(payload.commitment, HASH_SIZE),
    sealedKeyHash: decodeHex(payload.sealedKeyHash, HASH_SIZE),
    metadataHash: decodeHex(payload.metadataHash, HASH_SIZE),
    parts,
  };
}

/**
 * Verifies a header against the author's key and the place it is read in. Throws PinError if it names another dossier
 * or was sealed to another section key than the one given.
 */
export function checkHeader(
  statement: Statement,
  publicKey: Uint8Array,
  place: { dossier: Uint8Array; sectionKeyHash?: Uint8Array | undefined },
): Header {
  verify(statement, publicKey);
  const header = parseHeader(statement);
  if (!sameBytes(header.core.dossier, place.dossier)) throw new PinError("header belongs to another dossier");
  if (place.sectionKeyHash && !sameBytes(header.core.sectionKeyHash, place.sectionKeyHash)) {
    throw new PinError("header names another section key");
  }
  return header;
}

/** The commitment to an item key under a core hash: one key per header, whatever the cipher allows. */
export const itemCommitment = (itemKey: Uint8Array, core: Uint8Array): Bytes =>
  hkdf(itemKey, Label.ITEM_COMMITMENT, core);

/** Throws TamperedError unless this is the item key that the header commits to. */
export function checkItemKey(header: Header, itemKey: Uint8Array): void {
  if (!sameBytes(itemCommitment(itemKey, header.coreHash), header.commitment)) throw new TamperedError();
}

/** Throws TamperedError unless the SHA-256 of `data` is the one that the header names. */
export function checkHash(data: Uint8Array, wanted: Uint8Array): void {
  if (!sameBytes(sha256(data), wanted)) throw new TamperedError();
}

/** The key of one part; each part of each version has its own, used for one stream. */
export const contentKey = (itemKey: Uint8Array, core: Uint8Array, index: number): Bytes =>
  hkdf(itemKey, Label.ITEM_CONTENT_KEY, core, u64(index));

export const metadataKey = (itemKey: Uint8Array, core: Uint8Array): Bytes =>
  hkdf(itemKey, Label.ITEM_METADATA_KEY, core);

function parsePart({ length, chunks, hash }: HeaderPayload["parts"][number]): PartInfo {
  if (chunks !== chunkCount(length)) throw new MalformedError("header part has a wrong count of chunks");
  return { length, chunks, hash: decodeHex(hash, HASH_SIZE) };
}
