/**
 * Section keys: one 32-byte secret per section, lane and epoch. It gives a sealing pair, to which agencies seal, and a
 * list key, under which holders keep item keys so that a list needs one public-key opening. Page: docs/spec/keys.md.
 */
import { type Bytes, ID_SIZE, sameBytes, u64, utf8 } from "./encoding.ts";
import { MalformedError, TamperedError } from "./errors.ts";
import { checkItemKey, type Header } from "./headers.ts";
import { keyHash, SealingKey } from "./keys.ts";
import { isCode } from "./kinds.ts";
import { Label } from "./labels.ts";
import { type Context, hkdf, openSealed, seal, unwrap, wrap } from "./seal.ts";

/** Which section key: dossier (16 bytes), section and lane (codes), epoch. */
export type SectionPlace = {
  readonly dossier: Bytes;
  readonly section: string;
  readonly lane: string;
  readonly epoch: number;
};

/** The fields that every derivation and ciphertext of this section key binds. */
export function placeContext({ dossier, section, lane, epoch }: SectionPlace): Bytes[] {
  if (dossier.length !== ID_SIZE || !isCode(section) || !isCode(lane)) throw new MalformedError("not a section place");
  return [dossier, utf8(section), utf8(lane), u64(epoch)];
}

export const sectionSealingKey = (secret: Uint8Array, place: SectionPlace): SealingKey =>
  new SealingKey(hkdf(secret, Label.SECTION_KEM, ...placeContext(place)));

export const sectionListKey = (secret: Uint8Array, place: SectionPlace): Bytes =>
  hkdf(secret, Label.SECTION_LIST, ...placeContext(place));

/** Wraps a section secret under the dossier root, bound to its public key. */
export function wrapSection(root: Uint8Array, secret: Uint8Array, place: SectionPlace): Bytes {
  const { public: publicKey } = sectionSealingKey(secret, place);
  return wrap(Label.SECTION_SECRET, [...placeContext(place), keyHash(publicKey)], root, secret);
}

/** Unwraps a section secret and recomputes its public key, which must be that of the section-key statement. */
export function unwrapSection(
  root: Uint8Array,
  wrapped: Uint8Array,
  place: SectionPlace,
  publicKey: Uint8Array,
): Bytes {
  const secret = unwrap(Label.SECTION_SECRET, [...placeContext(place), keyHash(publicKey)], root, wrapped);
  if (!sameBytes(sectionSealingKey(secret, place).public, publicKey)) throw new TamperedError();
  return secret;
}

/** Wraps an item key under the list key of the section where the item stands now, if the header commits to it. */
export function adoptItemKey(listKey: Uint8Array, itemKey: Uint8Array, place: SectionPlace, header: Header): Bytes {
  checkItemKey(header, itemKey);
  return wrap(Label.ADOPTED_ITEM_KEY, itemContext(place, header), listKey, itemKey);
}

/** Opens an adopted item key and checks it against the header; when that fails, use the sealed one. */
export function openAdopted(listKey: Uint8Array, wrapped: Uint8Array, place: SectionPlace, header: Header): Bytes {
  const itemKey = unwrap(Label.ADOPTED_ITEM_KEY, itemContext(place, header), listKey, wrapped);
  checkItemKey(header, itemKey);
  return itemKey;
}

/** Seals an item key to the section that a placement moves the item to; the placement names the SHA-256 of it. */
export async function sealPlaced(
  itemKey: Uint8Array,
  place: SectionPlace,
  header: Header,
  sectionPublic: Uint8Array,
): Promise<Bytes> {
  checkItemKey(header, itemKey);
  return seal(Label.PLACED_ITEM_KEY, itemContext(place, header), sectionPublic, itemKey);
}

/** Opens an item key that came with a placement and checks it against the header. */
export async function openPlaced(
  sealed: Uint8Array,
  place: SectionPlace,
  header: Header,
  key: SealingKey,
): Promise<Bytes> {
  const itemKey = await openSealed(Label.PLACED_ITEM_KEY, itemContext(place, header), key, sealed);
  checkItemKey(header, itemKey);
  return itemKey;
}

const itemContext = (place: SectionPlace, header: Header): Context => [header.statement.hash, ...placeContext(place)];
