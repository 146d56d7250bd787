/**
 * The keys of a dossier itself: the dossier key signs, the dossier root wraps section secrets and gives the inbox
 * pair. The signed inbox key is thereby the commitment to the root. Page: docs/spec/keys.md.
 */
import { type Bytes, concat, sameBytes, u64 } from "./encoding.ts";
import { MalformedError, TamperedError } from "./errors.ts";
import { keyHash, SEED_SIZE, SealingKey, SigningKey } from "./keys.ts";
import { Label } from "./labels.ts";
import { type Context, hkdf, unwrap, wrap } from "./seal.ts";

/** What a full holder holds for one epoch, 32 bytes each. */
export type DossierKeys = { readonly signingSeed: Bytes; readonly root: Bytes };

/** The two public keys of a dossier-key statement. */
export type DossierPublics = { readonly key: Bytes; readonly inbox: Bytes };

/** Derives the inbox pair of one epoch: for requests and reasons in people's own words. */
export const inboxKey = (root: Uint8Array, dossier: Uint8Array, sequence: number): SealingKey =>
  new SealingKey(hkdf(root, Label.DOSSIER_INBOX, dossier, u64(sequence)));

/** Wraps the keys of a dossier under the holder's own user root, bound to the two public keys. */
export function wrapDossierKeys(root: Uint8Array, keys: DossierKeys, dossier: Uint8Array, sequence: number): Bytes {
  const context = contextOf(dossier, sequence, publicsOf(keys, dossier, sequence));
  return wrap(Label.DOSSIER_KEYS, context, root, concat(keys.signingSeed, keys.root));
}

/** Unwraps the keys of a dossier and recomputes both public keys. */
export function unwrapDossierKeys(
  root: Uint8Array,
  wrapped: Uint8Array,
  dossier: Uint8Array,
  sequence: number,
  publics: DossierPublics,
): DossierKeys {
  const plaintext = unwrap(Label.DOSSIER_KEYS, contextOf(dossier, sequence, publics), root, wrapped);
  const keys = { signingSeed: plaintext.slice(0, SEED_SIZE), root: plaintext.slice(SEED_SIZE) };
  const found = publicsOf(keys, dossier, sequence);
  if (!sameBytes(found.key, publics.key) || !sameBytes(found.inbox, publics.inbox)) throw new TamperedError();
  return keys;
}

const contextOf = (dossier: Uint8Array, sequence: number, { key, inbox }: DossierPublics): Context => [
  dossier,
  u64(sequence),
  keyHash(key),
  keyHash(inbox),
];

function publicsOf({ signingSeed, root }: DossierKeys, dossier: Uint8Array, sequence: number): DossierPublics {
  if (root.length !== SEED_SIZE) throw new MalformedError("dossier keys are 32 bytes each");
  return { key: new SigningKey(signingSeed).public, inbox: inboxKey(root, dossier, sequence).public };
}
