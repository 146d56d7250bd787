/**
 * Sealing to a public key, wrapping under a symmetric key, and deriving keys: the three uses of a binding. Each takes
 * a label and the fields of its context; what was made for one place opens in no other. Page: docs/spec/keys.md.
 */
import { bind, concat } from "./encoding.ts";
import { MalformedError, TamperedError } from "./errors.ts";
import { ENC_SIZE, hpke, privateKey, publicKey as hpkePublicKey } from "./kem.ts";
import { keyHash, SEALING_KEY_SIZE, type SealingKey } from "./keys.ts";
import { type Label, SUITE } from "./labels.ts";
import * as sodium from "./sodium.ts";
import type { Bytes } from "./sodium.ts";

export const KEY_SIZE = 32;
export const NONCE_SIZE = 24;
export const TAG_SIZE = 16;
/** What a seal adds: the X-Wing encapsulation and the tag. */
export const SEAL_OVERHEAD = ENC_SIZE + TAG_SIZE;

export type Context = readonly Uint8Array[];

/** HPKE base mode (RFC 9180): encapsulation, then ciphertext; empty AAD. */
export async function seal(
  label: Label,
  context: Context,
  publicKey: Uint8Array,
  plaintext: Uint8Array,
): Promise<Bytes> {
  if (publicKey.length !== SEALING_KEY_SIZE) throw new MalformedError("a sealing key is 1,216 bytes");
  const params = { recipientPublicKey: hpkePublicKey(publicKey), info: info(label, context, publicKey).buffer };
  try {
    const { enc, ct } = await hpke.seal(params, Uint8Array.from(plaintext).buffer);
    return concat(new Uint8Array(enc), new Uint8Array(ct));
  } catch (cause) {
    throw new MalformedError("a sealing key that cannot be sealed to", { cause });
  }
}

/** Opens what was sealed to `key` for exactly this label and context. */
export async function openSealed(label: Label, context: Context, key: SealingKey, sealed: Uint8Array): Promise<Bytes> {
  if (sealed.length < SEAL_OVERHEAD) throw new TamperedError();
  // Copies: the library reads the whole buffer behind a view.
  const enc = Uint8Array.from(sealed.subarray(0, ENC_SIZE)).buffer;
  const ciphertext = Uint8Array.from(sealed.subarray(ENC_SIZE)).buffer;
  const params = { recipientKey: privateKey(key.seed), enc, info: info(label, context, key.public).buffer };
  try {
    return new Uint8Array(await hpke.open(params, ciphertext));
  } catch {
    throw new TamperedError();
  }
}

/**
 * XChaCha20-Poly1305 with the 24-byte nonce in front. The nonce is random; 192 bits never repeat by chance, however
 * many wraps one key makes.
 */
export function wrap(label: Label, context: Context, key: Uint8Array, plaintext: Uint8Array): Bytes {
  const nonce = sodium.random(NONCE_SIZE);
  return concat(nonce, sodium.xchachaSeal(checked(key), nonce, plaintext, bind(label, SUITE, ...context)));
}

export function unwrap(label: Label, context: Context, key: Uint8Array, wrapped: Uint8Array): Bytes {
  if (wrapped.length < NONCE_SIZE + TAG_SIZE) throw new TamperedError();
  const [nonce, sealed] = [wrapped.subarray(0, NONCE_SIZE), wrapped.subarray(NONCE_SIZE)];
  const held = checked(key);
  try {
    return sodium.xchachaOpen(held, nonce, sealed, bind(label, SUITE, ...context));
  } catch {
    throw new TamperedError();
  }
}

/** HKDF-SHA256 (RFC 5869) of uniformly random key material: no salt, info = the binding; 32 bytes. */
export const hkdf = (ikm: Uint8Array, label: Label, ...context: Context): Bytes =>
  derive(ikm, label, context, KEY_SIZE);

/** As `hkdf`, any size. */
export function derive(ikm: Uint8Array, label: Label, context: Context, size: number): Bytes {
  const extracted = sodium.hmacSha256(new Uint8Array(32), ikm);
  const bound = bind(label, ...context);
  const blocks: Bytes[] = [];
  for (let at = 1; blocks.length * 32 < size; at += 1) {
    blocks.push(sodium.hmacSha256(extracted, concat(blocks.at(-1) ?? new Uint8Array(0), bound, Uint8Array.of(at))));
  }
  return concat(...blocks).slice(0, size);
}

/** Binds the recipient too: nobody can pass a sealed object on as if it had been sealed to another. */
const info = (label: Label, context: Context, publicKey: Uint8Array): Bytes =>
  bind(label, SUITE, ...context, keyHash(publicKey));

function checked(key: Uint8Array): Uint8Array {
  if (key.length !== KEY_SIZE) throw new MalformedError("a symmetric key is 32 bytes");
  return key;
}
