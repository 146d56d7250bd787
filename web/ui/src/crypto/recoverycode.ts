/**
 * Recovery codes: 160 random bits and a 20-bit check, as nine groups of four letters and digits. The alphabet leaves
 * out I, L, O and U, so such a letter is a mistype and is caught before anything is sent. Page: docs/spec/unlock.md.
 */
import { bind, type Bytes, decodeHex, encodeHex, sha256 } from "./encoding.ts";
import { ChecksumError, MalformedError } from "./errors.ts";
import { Label } from "./labels.ts";
import { random } from "./sodium.ts";

export const CODE_SIZE = 20;
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const SYMBOLS = 36;
const CHECK_DIGITS = 5;

/** As it is shown: XXXX-XXXX-XXXX-XXXX-XXXX-XXXX-XXXX-XXXX-XXXX. */
export const newRecoveryCode = (): string => formatRecoveryCode(random(CODE_SIZE));

export function formatRecoveryCode(code: Uint8Array): string {
  if (code.length !== CODE_SIZE) throw new MalformedError("a recovery code is 20 bytes");
  const number = BigInt(`0x${encodeHex(code)}${checkOf(code)}`);
  const symbols = Array.from({ length: SYMBOLS }, (_, at) => letter(number, SYMBOLS - 1 - at)).join("");
  return (symbols.match(/.{4}/g) as string[]).join("-");
}

/** The 20 bytes of a typed code, in either letter case, with or without hyphens and spaces. */
export function parseRecoveryCode(typed: string): Bytes {
  const values = [...typed.replace(/[- ]/g, "")].map(valueOf);
  if (values.length !== SYMBOLS || values.includes(-1)) throw new ChecksumError("recovery code is mistyped");
  const number = values.reduce((sum, value) => (sum << 5n) | BigInt(value), 0n);
  const digits = number.toString(16).padStart(CODE_SIZE * 2 + CHECK_DIGITS, "0");
  const code = decodeHex(digits.slice(0, -CHECK_DIGITS), CODE_SIZE);
  if (digits.slice(-CHECK_DIGITS) !== checkOf(code)) throw new ChecksumError("recovery code is mistyped");
  return code;
}

const letter = (number: bigint, place: number): string => ALPHABET.charAt(Number((number >> BigInt(5 * place)) & 31n));

/** Only ASCII letters change case: others may fold into the alphabet. */
const valueOf = (symbol: string): number => (/^[0-9a-z]$/i.test(symbol) ? ALPHABET.indexOf(symbol.toUpperCase()) : -1);

/** Twenty bits, as five hexadecimal digits. */
const checkOf = (code: Uint8Array): string =>
  encodeHex(sha256(bind(Label.RECOVERY_CHECK, code))).slice(0, CHECK_DIGITS);
