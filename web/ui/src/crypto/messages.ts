/**
 * Messages: people's own words, sealed to an inbox and bound to what they belong to. The server knows who writes to whom
 * and when, and the length in steps of 256 bytes; never the words. Page: docs/spec/messages.md.
 */
import { type Bytes, decodeText, ID_SIZE, utf8 } from "./encoding.ts";
import { LimitError, MalformedError } from "./errors.ts";
import { METADATA_BLOCK, pad, unpad } from "./items.ts";
import type { SealingKey } from "./keys.ts";
import { Label } from "./labels.ts";
import { type Context, openSealed, SEAL_OVERHEAD, seal } from "./seal.ts";

export const MESSAGE_KINDS: ReadonlySet<string> = new Set(["access-request", "access-answer"]);
/** Bytes of a sealed message at most. */
export const MAX_MESSAGE = 8_192;
/** Bytes of UTF-8 that fit, with the one that padding always takes. */
export const MAX_WORDS = Math.floor((MAX_MESSAGE - SEAL_OVERHEAD) / METADATA_BLOCK) * METADATA_BLOCK - 1;

/** Seals words to a sealing key; `about` is the id of the request that they belong to. */
export async function sealMessage(
  kind: string,
  dossier: Uint8Array,
  about: Uint8Array,
  publicKey: Uint8Array,
  words: string,
): Promise<Bytes> {
  const within = context(kind, dossier, about);
  const text = encoded(words);
  if (text.length > MAX_WORDS) throw new LimitError("too many words");
  return seal(Label.MESSAGE, within, publicKey, pad(text));
}

/** Opens words; what was sealed to anybody or for anything else fails. */
export async function openMessage(
  kind: string,
  dossier: Uint8Array,
  about: Uint8Array,
  key: SealingKey,
  sealed: Uint8Array,
): Promise<string> {
  const within = context(kind, dossier, about);
  if (sealed.length > MAX_MESSAGE) throw new LimitError("the message is too long");
  const words = decodeText(unpad(await openSealed(Label.MESSAGE, within, key, sealed)));
  if (words === "") throw new MalformedError("a message has words");
  return words;
}

function context(kind: string, dossier: Uint8Array, about: Uint8Array): Context {
  if (!MESSAGE_KINDS.has(kind) || dossier.length !== ID_SIZE || about.length !== ID_SIZE) {
    throw new MalformedError("words belong to a request in a dossier");
  }
  return [utf8(kind), dossier, about];
}

function encoded(words: string): Bytes {
  const text = utf8(words);
  // A lone surrogate is silently replaced when it is encoded.
  if (text.length === 0 || decodeText(text) !== words) throw new MalformedError("a message has words, in Unicode");
  return text;
}
