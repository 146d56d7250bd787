/**
 * Generated passphrases: six words and a two-digit check, about 77 bits; never chosen by a person. Spelling is
 * forgiving where it cannot matter, and a mistype is caught before any derivation. Page: docs/spec/unlock.md.
 */
import { bind, type Bytes, sha256, utf8 } from "./encoding.ts";
import { ChecksumError } from "./errors.ts";
import { Label } from "./labels.ts";
import { randomBelow } from "./sodium.ts";
import { WORD_COUNT, WORD_SET, WORDS } from "./wordlist.ts";

export const PASSPHRASE_WORDS = 6;
const CHECKS = 100;
const MAX_TYPED = 1_000;

/** Six words drawn evenly from the list, then their check. */
export function newPassphrase(): string {
  const chosen = Array.from({ length: PASSPHRASE_WORDS }, () => WORDS[randomBelow(WORD_COUNT)]).join(" ");
  return `${chosen} ${checkOf(chosen)}`;
}

/** The bytes that the key derives from: the six words with single spaces, without the check. */
export function parsePassphrase(typed: string): Bytes {
  if (typed.length > MAX_TYPED) throw new ChecksumError("passphrase is mistyped");
  const words = typed.normalize("NFKC").replace(/[\t\n\r ]+/g, " ").replace(/^ | $/g, "").toLowerCase().split(" ");
  const [chosen, check] = [words.slice(0, -1), words.at(-1)];
  const joined = chosen.join(" ");
  const known = chosen.length === PASSPHRASE_WORDS && chosen.every((word) => WORD_SET.has(word));
  if (!known || check !== checkOf(joined)) throw new ChecksumError("passphrase is mistyped");
  return utf8(joined);
}

/** 00 to 99; as secret as the words are, and it tells a server nothing. */
function checkOf(joined: string): string {
  const digest = sha256(bind(Label.PASSPHRASE_CHECK, utf8(joined)));
  const number = new DataView(digest.buffer, digest.byteOffset).getUint32(0);
  return String(number % CHECKS).padStart(2, "0");
}
