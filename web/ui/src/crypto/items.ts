/**
 * Sealing an item version to a section key, and opening it with the item key. Every version has a new random item key;
 * metadata key, content keys and commitment derive from it and the core hash. Page: docs/spec/items.md.
 */
import { decodeJson, encodeJson } from "./canonical.ts";
import { type Core, coreHash, encodeCore } from "./core.ts";
import { bind, type Bytes, concat, encodeBase64, encodeHex, sameBytes, sha256, u64 } from "./encoding.ts";
import { MalformedError, TamperedError } from "./errors.ts";
import {
  checkHash,
  checkItemKey,
  contentKey,
  type Header,
  itemCommitment,
  KIND,
  metadataKey,
  type PartInfo,
} from "./headers.ts";
import { keyHash, type SealingKey, type SigningKey } from "./keys.ts";
import { compileSchema, type Payload } from "./kinds.ts";
import { Label, SUITE } from "./labels.ts";
import { KEY_SIZE, openSealed, seal, unwrap, wrap } from "./seal.ts";
import { random, Sha256 } from "./sodium.ts";
import { sign, type Statement } from "./statements.ts";
import { chunkCount, StreamOpener, StreamSealer } from "./stream.ts";

export const METADATA_BLOCK = 256;

export type Metadata = {
  readonly title: string;
  readonly parts: readonly { readonly name: string; readonly mediaType: string }[];
  readonly view: string;
};

/** One version as it travels and is stored: header, sealed item key, metadata, one stream per part. */
export type SealedItem = {
  readonly header: Statement;
  readonly sealedKey: Bytes;
  readonly sealedMetadata: Bytes;
  readonly parts: readonly Bytes[];
};

const checkMetadata = compileSchema({ title: "text", parts: [{ name: "text", mediaType: "text" }], view: "text" });

/** Seals one part chunk by chunk; `info` says what the header must state once `finish` was called. */
export class PartSealer {
  info: PartInfo | undefined;
  readonly #stream: StreamSealer;
  readonly #digest = new Sha256();
  #length = 0;

  constructor(itemKey: Uint8Array, core: Bytes, index: number) {
    this.#stream = new StreamSealer(contentKey(itemKey, core, index), contentAd(core, index));
  }
  /** Takes plaintext of any length; returns the stream bytes that are ready. */
  update(data: Uint8Array): Bytes {
    this.#length += data.length;
    return this.#count(this.#stream.update(data));
  }
  finish(): Bytes {
    const last = this.#count(this.#stream.finish());
    this.info = { length: this.#length, chunks: chunkCount(this.#length), hash: this.#digest.final() };
    return last;
  }
  #count(sealed: Bytes): Bytes {
    this.#digest.update(sealed);
    return sealed;
  }
}

/** Opens one part chunk by chunk; complete only once `finish` returned. */
export class PartOpener {
  readonly #info: PartInfo;
  readonly #stream: StreamOpener;
  readonly #digest = new Sha256();
  #length = 0;

  constructor(header: Header, itemKey: Uint8Array, index: number) {
    checkItemKey(header, itemKey);
    const info = header.parts[index];
    if (!info) throw new MalformedError("no such part");
    this.#info = info;
    this.#stream = new StreamOpener(contentKey(itemKey, header.coreHash, index), contentAd(header.coreHash, index));
  }
  /** Takes stream bytes of any length; returns the plaintext that is verified. */
  update(sealed: Uint8Array): Bytes {
    this.#digest.update(sealed);
    return this.#count(this.#stream.update(sealed));
  }
  /** The last plaintext, if length and stream are the ones that the header names. */
  finish(): Bytes {
    const last = this.#count(this.#stream.finish());
    const whole = this.#length === this.#info.length && sameBytes(this.#digest.final(), this.#info.hash);
    if (!whole) throw new TamperedError();
    return last;
  }
  #count(plaintext: Bytes): Bytes {
    this.#length += plaintext.length;
    if (this.#length > this.#info.length) throw new TamperedError();
    return plaintext;
  }
}

/** Seals one version: give each part to a `part(index)`, then `finish` signs the header. */
export class ItemSealer {
  readonly #core: Core;
  readonly #encoded: Bytes;
  readonly #hash: Bytes;
  readonly #itemKey: Bytes;
  readonly #parts = new Map<number, PartSealer>();
  readonly sealedKey: Bytes;
  readonly sealedMetadata: Bytes;

  private constructor(core: Core, encoded: Bytes, itemKey: Bytes, sealedKey: Bytes, sealedMetadata: Bytes) {
    this.#core = core;
    this.#encoded = encoded;
    this.#hash = coreHash(encoded);
    this.#itemKey = itemKey;
    this.sealedKey = sealedKey;
    this.sealedMetadata = sealedMetadata;
  }

  /** A new key per version: nothing sealed is ever sealed again under the same key. */
  static async start(core: Core, sectionPublic: Uint8Array, metadata: Metadata): Promise<ItemSealer> {
    if (!sameBytes(core.sectionKeyHash, keyHash(sectionPublic))) {
      throw new MalformedError("core names another section key");
    }
    const [encoded, itemKey] = [encodeCore(core), random(KEY_SIZE)];
    const hash = coreHash(encoded);
    const sealedMetadata = sealMetadata(core, hash, itemKey, metadata);
    const sealedKey = await seal(Label.ITEM_KEY, [hash], sectionPublic, itemKey);
    return new ItemSealer(core, encoded, itemKey, sealedKey, sealedMetadata);
  }

  /** Starts part `index`, each once. */
  part(index: number): PartSealer {
    const known = Number.isInteger(index) && index >= 0 && index < this.#core.partCount;
    if (!known || this.#parts.has(index)) throw new MalformedError("no such part, or started twice");
    const part = new PartSealer(this.#itemKey, this.#hash, index);
    this.#parts.set(index, part);
    return part;
  }

  /** Signs the header, once every part is finished. */
  finish(signer: SigningKey): Statement {
    const infos = Array.from({ length: this.#core.partCount }, (_, index) => this.#parts.get(index)?.info);
    const parts = infos.map((info) => {
      if (!info) throw new MalformedError("a part is missing or not finished");
      return { length: info.length, chunks: info.chunks, hash: encodeHex(info.hash) };
    });
    const payload = {
      core: encodeBase64(this.#encoded),
      commitment: encodeHex(itemCommitment(this.#itemKey, this.#hash)),
      sealedKeyHash: encodeHex(sha256(this.sealedKey)),
      metadataHash: encodeHex(sha256(this.sealedMetadata)),
      parts,
      signer: encodeHex(this.#core.author),
      keyHash: encodeHex(this.#core.authorKeyId),
    };
    return sign(KIND, payload, signer);
  }
}

/** Seals a whole version in memory. */
export async function sealItem(
  core: Core,
  sectionPublic: Uint8Array,
  metadata: Metadata,
  contents: readonly Uint8Array[],
  signer: SigningKey,
): Promise<SealedItem> {
  const sealer = await ItemSealer.start(core, sectionPublic, metadata);
  const parts = contents.map((content, index) => {
    const part = sealer.part(index);
    return concat(part.update(content), part.finish());
  });
  const { sealedKey, sealedMetadata } = sealer;
  return { header: sealer.finish(signer), sealedKey, sealedMetadata, parts };
}

/** Opens the item key with the section's pair and checks it against the commitment. */
export async function openItemKey(header: Header, key: SealingKey, sealedKey: Uint8Array): Promise<Bytes> {
  checkHash(sealedKey, header.sealedKeyHash);
  const itemKey = await openSealed(Label.ITEM_KEY, [header.coreHash], key, sealedKey);
  checkItemKey(header, itemKey);
  return itemKey;
}

/** Opens a whole part in memory. */
export function openPart(header: Header, itemKey: Uint8Array, index: number, sealed: Uint8Array): Bytes {
  const opener = new PartOpener(header, itemKey, index);
  return concat(opener.update(sealed), opener.finish());
}

/** Wraps the metadata; its length shows only in steps of 256. */
export function sealMetadata(core: Core, hash: Bytes, itemKey: Uint8Array, metadata: Metadata): Bytes {
  checkMetadata(metadata);
  if (metadata.parts.length !== core.partCount) throw new MalformedError("metadata lists another count of parts");
  return wrap(Label.ITEM_METADATA, [hash], metadataKey(itemKey, hash), pad(encodeJson(metadata as unknown as Payload)));
}

/** Opens the metadata; throws MalformedError if its author sealed something else than metadata. */
export function openMetadata(header: Header, itemKey: Uint8Array, sealedMetadata: Uint8Array): Metadata {
  checkHash(sealedMetadata, header.metadataHash);
  checkItemKey(header, itemKey);
  const key = metadataKey(itemKey, header.coreHash);
  const value = decodeJson(unpad(unwrap(Label.ITEM_METADATA, [header.coreHash], key, sealedMetadata)));
  checkMetadata(value);
  const metadata = value as unknown as Metadata;
  if (metadata.parts.length !== header.core.partCount) {
    throw new MalformedError("metadata lists another count of parts");
  }
  return metadata;
}

/** What every chunk of a part is bound to: the version's core and the part's place in it. */
export const contentAd = (core: Uint8Array, index: number): Bytes => bind(Label.ITEM_CONTENT, SUITE, core, u64(index));

/** Pads to the next multiple of 256 bytes: 0x80, then as few zeros as needed (ISO/IEC 7816-4). */
export function pad(data: Uint8Array): Bytes {
  const padded = new Uint8Array(Math.ceil((data.length + 1) / METADATA_BLOCK) * METADATA_BLOCK);
  padded.set(data);
  padded[data.length] = 0x80;
  return padded;
}

export function unpad(padded: Uint8Array): Bytes {
  const end = padded.findLastIndex((byte) => byte !== 0);
  const data = Uint8Array.from(padded.subarray(0, Math.max(end, 0)));
  if (!sameBytes(pad(data), padded)) throw new MalformedError("wrong padding");
  return data;
}
