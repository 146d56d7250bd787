/** Checkpoints: the origin, size and root of a log, as a signed note (c2sp.org/tlog-checkpoint@v1.0.0). */
import { type Bytes, decodeBase64, encodeBase64, HASH_SIZE } from "../crypto/encoding.ts";
import { LogFormatError, NoteError } from "./errors.ts";
import { asLogFormat, isName, parseNote, type VerifierKey, verifyNote } from "./note.ts";

export type Checkpoint = { readonly origin: string; readonly size: number; readonly root: Bytes };

export const encodeCheckpoint = ({ origin, size, root }: Checkpoint): string =>
  `${origin}\n${size}\n${encodeBase64(root)}\n`;

/** Parses the text; extension lines are refused. A size beyond 2^53-1 is refused too: no such log exists. */
export function parseCheckpoint(text: string): Checkpoint {
  const [origin = "", digits = "", encoded = "", ...rest] = text.split("\n");
  if (rest.length !== 1 || rest[0] !== "" || !/^(0|[1-9][0-9]{0,18})$/.test(digits)) {
    throw new LogFormatError("text is not a checkpoint");
  }
  const root = asLogFormat("root of the checkpoint is not base64", () => decodeBase64(encoded));
  const size = Number(digits);
  if (!isName(origin) || root.length !== HASH_SIZE || !Number.isSafeInteger(size)) {
    throw new LogFormatError("not a checkpoint");
  }
  return { origin, size, root };
}

/** The checkpoint in a note that the log and all these witnesses signed. */
export function verifyCheckpoint(
  data: Uint8Array,
  key: VerifierKey,
  witnesses: readonly VerifierKey[] = [],
): Checkpoint {
  const note = parseNote(data);
  const checkpoint = parseCheckpoint(note.text);
  if (checkpoint.origin !== key.name) throw new NoteError("checkpoint is of another log");
  const wanted = new Set([key, ...witnesses]);
  if (verifyNote(note, [...wanted]).length !== wanted.size) throw new NoteError("checkpoint lacks a wanted signature");
  return checkpoint;
}
