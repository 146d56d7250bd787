/** What a witness signs: a note's text with the time at which it saw it (c2sp.org/tlog-cosignature, type 0x04). */
import { type Bytes, utf8 } from "../crypto/encoding.ts";
import { LogFormatError } from "./errors.ts";

const TIME_SIZE = 8;
const SIZE = TIME_SIZE + 64;

export const cosignedMessage = (text: string, seconds: bigint): Bytes =>
  utf8(`cosignature/v1\ntime ${seconds}\n${text}`);

/** Splits the 72 bytes of a signature line into the time in UTC seconds and the Ed25519 signature. */
export function splitCosignature(blob: Bytes): [seconds: bigint, signature: Bytes] {
  if (blob.length !== SIZE) throw new LogFormatError("a cosignature is 72 bytes");
  const seconds = new DataView(blob.buffer, blob.byteOffset).getBigUint64(0);
  if (seconds >= 2n ** 63n) throw new LogFormatError("time of a cosignature is out of range");
  return [seconds, blob.slice(TIME_SIZE)];
}
