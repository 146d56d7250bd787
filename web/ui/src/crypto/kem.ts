/**
 * What @hpke/core needs and lacks: X-Wing (KEM 0x647A) and ChaCha20-Poly1305 (AEAD 0x0003), both by libsodium.
 * The key schedule stays the library's (RFC 9180, base mode, HKDF-SHA256).
 */
import { type AeadEncryptionContext, type AeadInterface, CipherSuite, HkdfSha256, type KemInterface } from "@hpke/core";
import * as sodium from "./sodium.ts";
import type { Bytes } from "./sodium.ts";

type Params<Name extends "encap" | "decap"> = Parameters<KemInterface[Name]>[0];
type Source = ArrayBufferLike | ArrayBufferView;

/** The library passes keys around as CryptoKey and never looks inside; ours carry their raw bytes. */
class RawKey {
  readonly type: "public" | "private";
  readonly extractable = true;
  readonly algorithm = { name: "X-Wing" };
  readonly usages = [];
  readonly #raw: Bytes;
  constructor(type: "public" | "private", raw: Bytes) {
    this.type = type;
    this.#raw = raw;
  }
  static raw(key: unknown): Bytes {
    return (key as RawKey).#raw;
  }
}

const bytes = (source: Source): Bytes =>
  ArrayBuffer.isView(source)
    ? (new Uint8Array(source.buffer, source.byteOffset, source.byteLength) as Bytes)
    : (new Uint8Array(source) as Bytes);

/** A copy with a buffer of its own: the library reads `.buffer` whole. */
const buffer = (data: Uint8Array): ArrayBuffer => Uint8Array.from(data).buffer;

const key = (type: "public" | "private", raw: Source | Uint8Array): CryptoKey =>
  new RawKey(type, Uint8Array.from(bytes(raw))) as unknown as CryptoKey;

export const publicKey = (raw: Uint8Array): CryptoKey => key("public", raw);
export const privateKey = (raw: Uint8Array): CryptoKey => key("private", raw);

class XWing implements KemInterface {
  readonly id = 0x647a;
  readonly secretSize = 32;
  readonly encSize = 1120;
  readonly publicKeySize = 1216;
  readonly privateKeySize = 32;

  async serializePublicKey(held: CryptoKey): Promise<ArrayBuffer> {
    return buffer(RawKey.raw(held));
  }
  async deserializePublicKey(raw: Source): Promise<CryptoKey> {
    return key("public", raw);
  }
  async serializePrivateKey(held: CryptoKey): Promise<ArrayBuffer> {
    return buffer(RawKey.raw(held));
  }
  async deserializePrivateKey(raw: Source): Promise<CryptoKey> {
    return key("private", raw);
  }
  async importKey(format: "raw" | "jwk", raw: ArrayBuffer | JsonWebKey, isPublic = true): Promise<CryptoKey> {
    if (format !== "raw" || !(raw instanceof ArrayBuffer)) throw new TypeError("only raw keys");
    return key(isPublic ? "public" : "private", raw);
  }
  async generateKeyPair(): Promise<CryptoKeyPair> {
    return this.deriveKeyPair(sodium.random(32));
  }
  async deriveKeyPair(seed: Source): Promise<CryptoKeyPair> {
    const pair = sodium.xwingPair(bytes(seed));
    return { publicKey: publicKey(pair.publicKey), privateKey: privateKey(pair.secretKey) };
  }
  async encap(params: Params<"encap">): Promise<{ sharedSecret: ArrayBuffer; enc: ArrayBuffer }> {
    const { sharedSecret, enc } = sodium.xwingEncapsulate(RawKey.raw(params.recipientPublicKey));
    return { sharedSecret: buffer(sharedSecret), enc: buffer(enc) };
  }
  async decap(params: Params<"decap">): Promise<ArrayBuffer> {
    return buffer(sodium.xwingDecapsulate(bytes(params.enc), RawKey.raw(params.recipientKey)));
  }
}

class ChaCha20Poly1305 implements AeadInterface {
  readonly id = 0x0003;
  readonly keySize = 32;
  readonly nonceSize = 12;
  readonly tagSize = 16;

  createEncryptionContext(secret: Source): AeadEncryptionContext {
    const held = Uint8Array.from(bytes(secret));
    return {
      seal: async (nonce, data, ad) => buffer(sodium.chachaSeal(held, bytes(nonce), bytes(data), bytes(ad))),
      open: async (nonce, data, ad) => buffer(sodium.chachaOpen(held, bytes(nonce), bytes(data), bytes(ad))),
    };
  }
}

export const ENC_SIZE = 1120;
export const PUBLIC_KEY_SIZE = 1216;

/** The one suite of the project, number 1. */
export const hpke = new CipherSuite({ kem: new XWing(), kdf: new HkdfSha256(), aead: new ChaCha20Poly1305() });
