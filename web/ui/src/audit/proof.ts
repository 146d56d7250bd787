/** tlog-proof: one text that shows an entry to be in a log, to be checked offline (c2sp.org/tlog-proof). */
import { type Bytes, concat, decodeBase64, decodeText, encodeBase64, HASH_SIZE, utf8 } from "../crypto/encoding.ts";
import { type Checkpoint, verifyCheckpoint } from "./checkpoint.ts";
import { LogFormatError } from "./errors.ts";
import { leafHash, verifyInclusion } from "./merkle.ts";
import { asLogFormat, type VerifierKey } from "./note.ts";

export const HEADER_LINE = "c2sp.org/tlog-proof@v1";
export const MAX_PATH = 64;

/** Where the entry stands, its path, and the checkpoint note as published; `extra` is not authenticated. */
export type TlogProof = {
  readonly index: number;
  readonly path: readonly Bytes[];
  readonly checkpoint: Bytes;
  readonly extra?: Bytes | undefined;
};

export function encodeProof({ index, path, checkpoint, extra }: TlogProof): Bytes {
  const extras = extra ? [`extra ${encodeBase64(extra)}`] : [];
  const lines = [HEADER_LINE, ...extras, `index ${index}`, ...path.map(encodeBase64), "", ""];
  return concat(utf8(lines.join("\n")), checkpoint);
}

/** Parses a proof; nothing in it is verified yet. */
export function parseProof(data: Bytes): TlogProof {
  const end = data.findIndex((byte, at) => byte === 10 && data[at + 1] === 10);
  if (end < 0) throw new LogFormatError("not a proof");
  const head = asLogFormat("proof is not utf-8", () => decodeText(data.subarray(0, end)));
  const [header, ...lines] = head.split("\n");
  if (header !== HEADER_LINE) throw new LogFormatError("not a proof");
  const extra = lines[0]?.startsWith("extra ") ? base64((lines.shift() as string).slice(6)) : undefined;
  const [, digits] = /^index (0|[1-9][0-9]{0,18})$/.exec(lines.shift() ?? "") ?? [];
  const path = lines.map(base64);
  const index = Number(digits);
  if (!Number.isSafeInteger(index) || path.length > MAX_PATH || path.some((step) => step.length !== HASH_SIZE)) {
    throw new LogFormatError("proof is not well-formed");
  }
  return { index, path, checkpoint: data.slice(end + 2), extra };
}

/** The checkpoint under which `entry` stands in the log at the proof's index. */
export function verifyProof(
  proof: TlogProof,
  entry: Uint8Array,
  key: VerifierKey,
  witnesses: readonly VerifierKey[] = [],
): Checkpoint {
  const checkpoint = verifyCheckpoint(proof.checkpoint, key, witnesses);
  verifyInclusion(leafHash(entry), proof.index, checkpoint.size, proof.path, checkpoint.root);
  return checkpoint;
}

const base64 = (line: string): Bytes => asLogFormat("line of a proof is not base64", () => decodeBase64(line));
