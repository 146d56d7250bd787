/** The only file that touches libsodium. Everything is synchronous once this module has loaded. */
import sodium, { type StateAddress } from "libsodium-wrappers-sumo";

await sodium.ready;

export type Bytes = Uint8Array<ArrayBuffer>;
export type KeyPair = { publicKey: Bytes; secretKey: Bytes };
type State = StateAddress;

const own = (bytes: Uint8Array): Bytes => bytes as Bytes;

export const random = (size: number): Bytes => own(sodium.randombytes_buf(size));

/** Evenly drawn from 0 to below `bound`. */
export const randomBelow = (bound: number): number => sodium.randombytes_uniform(bound);

export const sha256 = (data: Uint8Array): Bytes => own(sodium.crypto_hash_sha256(data));

/** SHA-256 of data that comes in pieces. */
export class Sha256 {
  readonly #state = sodium.crypto_hash_sha256_init();
  update(data: Uint8Array): void {
    sodium.crypto_hash_sha256_update(this.#state, data);
  }
  final(): Bytes {
    return own(sodium.crypto_hash_sha256_final(this.#state));
  }
}

export function hmacSha256(key: Uint8Array, message: Uint8Array): Bytes {
  const state = sodium.crypto_auth_hmacsha256_init(key);
  sodium.crypto_auth_hmacsha256_update(state, message);
  return own(sodium.crypto_auth_hmacsha256_final(state));
}

/** Constant-time comparison; the lengths are public. */
export const equal = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && sodium.memcmp(a, b);

/** Lexicographic order of public bytes: negative, zero or positive. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const at = a.findIndex((byte, index) => byte !== b[index]);
  return at < 0 || at >= b.length ? a.length - b.length : (a[at] as number) - (b[at] as number);
}

export const toBase64 = (data: Uint8Array): string => sodium.to_base64(data, sodium.base64_variants.ORIGINAL);
export const fromBase64 = (text: string): Bytes => own(sodium.from_base64(text, sodium.base64_variants.ORIGINAL));
export const toHex = (data: Uint8Array): string => sodium.to_hex(data);
export const fromHex = (text: string): Bytes => own(sodium.from_hex(text));

export function ed25519Pair(seed: Uint8Array): KeyPair {
  const { publicKey, privateKey } = sodium.crypto_sign_seed_keypair(seed);
  return { publicKey: own(publicKey), secretKey: own(privateKey) };
}

export const ed25519Sign = (message: Uint8Array, secretKey: Uint8Array): Bytes =>
  own(sodium.crypto_sign_detached(message, secretKey));

/** False for every bad signature: libsodium also refuses S >= L, small-order keys and non-canonical points. */
export function ed25519Verify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
  if (signature.length !== 64 || publicKey.length !== 32) return false;
  return sodium.crypto_sign_verify_detached(signature, message, publicKey);
}

/** X-Wing from a 32-byte seed, which is also its secret key (draft-connolly-cfrg-xwing-kem). */
export function xwingPair(seed: Uint8Array): KeyPair {
  const { publicKey, privateKey } = sodium.crypto_kem_xwing_seed_keypair(seed);
  return { publicKey: own(publicKey), secretKey: own(privateKey) };
}

export function xwingEncapsulate(publicKey: Uint8Array): { sharedSecret: Bytes; enc: Bytes } {
  const { sharedSecret, ciphertext } = sodium.crypto_kem_xwing_enc(publicKey);
  return { sharedSecret: own(sharedSecret), enc: own(ciphertext) };
}

export const xwingDecapsulate = (enc: Uint8Array, secretKey: Uint8Array): Bytes =>
  own(sodium.crypto_kem_xwing_dec(enc, secretKey));

export const chachaSeal = (key: Uint8Array, nonce: Uint8Array, data: Uint8Array, ad: Uint8Array): Bytes =>
  own(sodium.crypto_aead_chacha20poly1305_ietf_encrypt(data, ad, null, nonce, key));

export const chachaOpen = (key: Uint8Array, nonce: Uint8Array, data: Uint8Array, ad: Uint8Array): Bytes =>
  own(sodium.crypto_aead_chacha20poly1305_ietf_decrypt(null, data, ad, nonce, key));

export const xchachaSeal = (key: Uint8Array, nonce: Uint8Array, data: Uint8Array, ad: Uint8Array): Bytes =>
  own(sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(data, ad, null, nonce, key));

export const xchachaOpen = (key: Uint8Array, nonce: Uint8Array, data: Uint8Array, ad: Uint8Array): Bytes =>
  own(sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(null, data, ad, nonce, key));

export const STREAM_HEADER_SIZE = sodium.crypto_secretstream_xchacha20poly1305_HEADERBYTES;
export const STREAM_CHUNK_OVERHEAD = sodium.crypto_secretstream_xchacha20poly1305_ABYTES;
export const TAG_MESSAGE = sodium.crypto_secretstream_xchacha20poly1305_TAG_MESSAGE;
export const TAG_FINAL = sodium.crypto_secretstream_xchacha20poly1305_TAG_FINAL;

export function streamStartSealing(key: Uint8Array): { state: State; header: Bytes } {
  const { state, header } = sodium.crypto_secretstream_xchacha20poly1305_init_push(key);
  return { state, header: own(header) };
}

export const streamSeal = (state: State, chunk: Uint8Array, ad: Uint8Array, tag: number): Bytes =>
  own(sodium.crypto_secretstream_xchacha20poly1305_push(state, chunk, ad, tag));

export const streamStartOpening = (header: Uint8Array, key: Uint8Array): State =>
  sodium.crypto_secretstream_xchacha20poly1305_init_pull(header, key);

export function streamOpen(state: State, sealed: Uint8Array, ad: Uint8Array): { chunk: Bytes; tag: number } | false {
  const opened = sodium.crypto_secretstream_xchacha20poly1305_pull(state, sealed, ad);
  return opened && { chunk: own(opened.message), tag: opened.tag };
}

export type StreamState = State;

/** Argon2id version 1.3, parallelism 1, 32 bytes out (RFC 9106). */
export const argon2id = (secret: Uint8Array, salt: Uint8Array, passes: number, memoryKib: number): Bytes =>
  own(sodium.crypto_pwhash(32, secret, salt, passes, memoryKib * 1024, sodium.crypto_pwhash_ALG_ARGON2ID13));
