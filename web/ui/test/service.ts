/** Hashes and tokens that the service keeps to itself: the browser makes none; its bindings and HMAC are the same. */
import * as crypto from "../src/crypto/index.ts";
import { hmacSha256 } from "../src/crypto/sodium.ts";
import { type Outputs, raw, toHex, type Vector } from "./formats.ts";

const url = (text: string): crypto.Bytes => Uint8Array.from(Buffer.from(text, "base64url"));

export function identifier(v: Vector): Outputs {
  const [scheme, digits] = v.identifier.split(":").map(crypto.utf8);
  return { hmac: toHex(hmacSha256(raw(v.key), crypto.bind(crypto.Label.IDENTIFIER, scheme, digits))) };
}

export const rate = (v: Vector): Outputs => ({
  hash: toHex(crypto.sha256(crypto.bind(crypto.Label.RATE, crypto.utf8(v.limit), raw(v.who)))),
});

export const csrf = (v: Vector): Outputs => ({
  token: Buffer.from(hmacSha256(url(v.cookie), crypto.bind(crypto.Label.CSRF))).toString("base64url"),
});
