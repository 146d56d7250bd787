/**
 * The content stream: libsodium's secretstream XChaCha20-Poly1305 in chunks of 65,536 bytes.
 *
 * Every chunk but the last is full and has the tag MESSAGE; the last has the rest and the tag FINAL, and is empty only
 * when the whole content is empty. So a cut, a swap, a repeat or an addition shows. Page: docs/spec/content-stream.md.
 */
import { concat, EMPTY } from "./encoding.ts";
import { TamperedError } from "./errors.ts";
import * as sodium from "./sodium.ts";
import type { Bytes, StreamState } from "./sodium.ts";

export const CHUNK_SIZE = 65_536;
export const HEADER_SIZE = 24;
export const CHUNK_OVERHEAD = 17;
const SEALED_CHUNK = CHUNK_SIZE + CHUNK_OVERHEAD;

/** How many chunks a content of `length` bytes has; an empty content has one. */
export const chunkCount = (length: number): number => Math.max(1, Math.ceil(length / CHUNK_SIZE));

/** The size in bytes of the stream of a content of `length` bytes. */
export const sealedSize = (length: number): number => HEADER_SIZE + length + CHUNK_OVERHEAD * chunkCount(length);

/** Seals one content, holding at most one chunk between calls. The key must be used for this one content only. */
export class StreamSealer {
  readonly #state: StreamState;
  readonly #ad: Bytes;
  #ready: Bytes;
  #pending: Bytes = EMPTY;

  constructor(key: Uint8Array, ad: Bytes) {
    const { state, header } = sodium.streamStartSealing(key);
    this.#state = state;
    this.#ready = header;
    this.#ad = ad;
  }

  /** Takes plaintext of any length; returns the stream bytes that are ready. */
  update(data: Uint8Array): Bytes {
    const out = [this.#ready];
    this.#ready = EMPTY;
    const whole = concat(this.#pending, data);
    let at = 0;
    // A full chunk waits until more follows: only then is it surely not the last.
    for (; whole.length - at > CHUNK_SIZE; at += CHUNK_SIZE) {
      out.push(sodium.streamSeal(this.#state, whole.subarray(at, at + CHUNK_SIZE), this.#ad, sodium.TAG_MESSAGE));
    }
    this.#pending = whole.slice(at);
    return concat(...out);
  }

  /** The last bytes of the stream. */
  finish(): Bytes {
    return concat(this.#ready, sodium.streamSeal(this.#state, this.#pending, this.#ad, sodium.TAG_FINAL));
  }
}

/**
 * Opens one stream: what `update` returns is a verified prefix, complete only once `finish` returned. After an error
 * the opener gives nothing more.
 */
export class StreamOpener {
  readonly #key: Uint8Array;
  readonly #ad: Bytes;
  #state: StreamState | undefined;
  #pending: Bytes = EMPTY;
  #opened = 0;
  #ended = false;

  constructor(key: Uint8Array, ad: Bytes) {
    this.#key = key;
    this.#ad = ad;
  }

  /** Takes stream bytes of any length; returns the plaintext that is verified. */
  update(data: Uint8Array): Bytes {
    const whole = this.#start(concat(this.#pending, data));
    const out: Bytes[] = [];
    let at = 0;
    for (; whole.length - at > SEALED_CHUNK; at += SEALED_CHUNK) {
      out.push(this.#pull(whole.subarray(at, at + SEALED_CHUNK), sodium.TAG_MESSAGE));
    }
    this.#pending = whole.slice(at);
    return concat(...out);
  }

  /** The last plaintext; throws unless the stream ends where its sealer ended it. */
  finish(): Bytes {
    const last = this.#pull(this.#pending, sodium.TAG_FINAL);
    this.#ended = true;
    if (last.length === 0 && this.#opened > 1) throw new TamperedError();
    return last;
  }

  #start(data: Bytes): Bytes {
    if (this.#state || data.length < HEADER_SIZE) return data;
    this.#state = sodium.streamStartOpening(data.subarray(0, HEADER_SIZE), this.#key);
    return data.slice(HEADER_SIZE);
  }

  #pull(sealed: Uint8Array, wanted: number): Bytes {
    const usable = !this.#ended && this.#state && sealed.length >= CHUNK_OVERHEAD ? this.#state : undefined;
    const opened = usable && sodium.streamOpen(usable, sealed, this.#ad);
    if (!opened || opened.tag !== wanted) {
      this.#ended = true;
      throw new TamperedError();
    }
    this.#opened += 1;
    return opened.chunk;
  }
}
