/**
 * Promises: what a reader gets at once, before the log has grown over the event. A promise without inclusion after the
 * merge delay is evidence against the service. Page: docs/spec/promise.md.
 */
import { type Bytes, decodeBase64, encodeBase64, HASH_SIZE } from "../crypto/encoding.ts";
import { LogFormatError, NoteError, ProofError } from "./errors.ts";
import { leafHash, verifyInclusion } from "./merkle.ts";
import { asLogFormat, isName, parseNote, type VerifierKey, verifyNote } from "./note.ts";

export const HEADER = "dossier-audit-promise/v1";
export const MAX_COUNT = 4_096;

/** `root` is over `count` leaf hashes, a power of two; `issued` in UTC milliseconds, `delay` in seconds. */
export type Promised = {
  readonly origin: string;
  readonly root: Bytes;
  readonly count: number;
  readonly issued: number;
  readonly delay: number;
};

export const encodePromise = ({ origin, root, count, issued, delay }: Promised): string =>
  [HEADER, origin, encodeBase64(root), count, issued, delay, ""].join("\n");

/** UTC milliseconds after which a checkpoint without the leaf breaks the promise. */
export const due = ({ issued, delay }: Promised): number => issued + delay * 1000;

export function parsePromise(text: string): Promised {
  const [header, origin = "", encoded = "", ...rest] = text.split("\n");
  const numbers = rest.slice(0, 3);
  if (header !== HEADER || rest.length !== 4 || rest[3] !== "") throw new LogFormatError("text is not a promise");
  if (!numbers.every((line) => /^(0|[1-9][0-9]{0,15})$/.test(line))) {
    throw new LogFormatError("number in a promise is not canonical");
  }
  const root = asLogFormat("root of the promise is not base64", () => decodeBase64(encoded));
  const [count, issued, delay] = numbers.map(Number) as [number, number, number];
  const good = isName(origin) && root.length === HASH_SIZE && [issued, delay].every(Number.isSafeInteger);
  // At most 4,096, so 32-bit arithmetic is exact.
  if (!good || count < 1 || count > MAX_COUNT || (count & (count - 1)) !== 0) throw new LogFormatError("not a promise");
  return { origin, root, count, issued, delay };
}

/** Checks that the promise key of the log `origin` promised to log exactly this leaf (its 97 bytes). */
export function verifyPromise(
  data: Uint8Array,
  key: VerifierKey,
  origin: string,
  leaf: Uint8Array,
  index: number,
  path: readonly Bytes[],
): Promised {
  const note = parseNote(data);
  verifyNote(note, [key]);
  const promise = parsePromise(note.text);
  if (promise.origin !== origin) throw new NoteError("promise is of another log");
  if (2 ** path.length !== promise.count) throw new ProofError("path has the wrong length for the batch");
  verifyInclusion(leafHash(leaf), index, promise.count, path, promise.root);
  return promise;
}
