/**
 * Key pairs: Ed25519 to sign statements, X-Wing (ML-KEM-768 with X25519) to seal to. A pair is its 32-byte seed.
 * Secret halves sit in private fields: they never print, and turning a pair into JSON throws.
 * Page: docs/spec/keys.md.
 */
import { sha256 } from "./encoding.ts";
import { MalformedError, SignatureError } from "./errors.ts";
import * as sodium from "./sodium.ts";
import type { Bytes, KeyPair } from "./sodium.ts";

export const SEED_SIZE = 32;
export const SIGNING_KEY_SIZE = 32;
export const SIGNATURE_SIZE = 64;
export const SEALING_KEY_SIZE = 1_216;

/** Names a public key: SHA-256 of its bytes. */
export const keyHash = (publicKey: Uint8Array): Bytes => sha256(publicKey);

abstract class Secret {
  readonly public: Bytes;
  readonly #seed: Bytes;

  constructor(seed: Uint8Array, expand: (seed: Bytes) => KeyPair) {
    if (seed.length !== SEED_SIZE) throw new MalformedError("a seed is 32 bytes");
    this.#seed = Uint8Array.from(seed);
    this.public = expand(this.#seed).publicKey;
  }
  /** The 32 bytes to wrap; they never stand anywhere in the clear. */
  get seed(): Bytes {
    return this.#seed;
  }
  equals(other: Secret): boolean {
    return other.constructor === this.constructor && sodium.equal(this.#seed, other.#seed);
  }
  toString(): string {
    return `${this.constructor.name}(...)`;
  }
  toJSON(): never {
    throw new TypeError("a secret key has no json form");
  }
}

/** An Ed25519 pair (RFC 8032). */
export class SigningKey extends Secret {
  constructor(seed: Uint8Array) {
    super(seed, sodium.ed25519Pair);
  }
  static generate(): SigningKey {
    return new SigningKey(sodium.random(SEED_SIZE));
  }
  /** Callers sign statements and notes, never bare bytes of others. */
  sign(message: Uint8Array): Bytes {
    return sodium.ed25519Sign(message, sodium.ed25519Pair(this.seed).secretKey);
  }
}

/** An X-Wing pair (draft-connolly-cfrg-xwing-kem): SHAKE256 of the seed gives both halves. */
export class SealingKey extends Secret {
  constructor(seed: Uint8Array) {
    super(seed, sodium.xwingPair);
  }
  static generate(): SealingKey {
    return new SealingKey(sodium.random(SEED_SIZE));
  }
}

/** Verifies as libsodium does, here and in Python alike; throws SignatureError. */
export function verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): void {
  if (!sodium.ed25519Verify(signature, message, publicKey)) throw new SignatureError("signature does not verify");
}
