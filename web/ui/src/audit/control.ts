/**
 * Control leaves: the public facts of the log, the service and the register. Leaf 0 names the origin and all keys that
 * clients pin. Page: docs/spec/log.md.
 */
import { decodeJson, encodeJson, type Json } from "../crypto/canonical.ts";
import { type Bytes, concat, decodeBase64, encodeHex, HASH_SIZE } from "../crypto/encoding.ts";
import { hasFields, isObject } from "../crypto/kinds.ts";
import { LogFormatError } from "./errors.ts";
import { asLogFormat, parseVerifierKey, type VerifierKey } from "./note.ts";

const FIRST = 2;
const LAST = 10;
const LOG_FIELDS = ["origin", "logKey", "promiseKey", "directoryKey", "registerKeys", "registerThreshold"];

/** A public fact: its kind (a code) and its fields. */
export type ControlLeaf = { readonly kind: string; readonly fields: Readonly<Record<string, Json>> };

/** What leaf 0 says: the origin, and every key that a client pins at its first contact. */
export type LogIdentity = {
  readonly origin: string;
  readonly logKey: VerifierKey;
  readonly promiseKey: VerifierKey;
  readonly directoryKey: Bytes;
  readonly registerKeys: readonly Bytes[];
  readonly registerThreshold: number;
};

export function encodeControl({ kind, fields }: ControlLeaf): Bytes {
  if (!isKind(kind) || "kind" in fields) throw new LogFormatError("not the kind of a control leaf");
  const json = asLogFormat("control leaf is not canonical json", () => encodeJson({ kind, ...fields }));
  return concat(Uint8Array.of(FIRST), json, Uint8Array.of(LAST));
}

export function parseControl(data: Uint8Array): ControlLeaf {
  if (data[0] !== FIRST || data.at(-1) !== LAST) throw new LogFormatError("not a control leaf");
  const value = asLogFormat("control leaf is not canonical json", () => decodeJson(data.subarray(1, -1)));
  if (!isObject(value)) throw new LogFormatError("control leaf has no kind");
  const { kind, ...fields } = value as Record<string, Json>;
  if (typeof kind !== "string" || !isKind(kind)) throw new LogFormatError("control leaf has no kind");
  return { kind, fields };
}

/** Parses control leaf 0. */
export function parseIdentity(data: Uint8Array): LogIdentity {
  const { kind, fields } = parseControl(data);
  if (kind !== "log" || !hasFields(fields, LOG_FIELDS)) throw new LogFormatError("not the identity of a log");
  const { origin, logKey, promiseKey, directoryKey, registerKeys, registerThreshold } = fields as Record<string, Json>;
  const texts = [origin, logKey, promiseKey, directoryKey, ...(Array.isArray(registerKeys) ? registerKeys : [0])];
  if (typeof registerThreshold !== "number" || !texts.every((text) => typeof text === "string")) {
    throw new LogFormatError("identity of the log has a field of another kind");
  }
  const identity = {
    origin: origin as string,
    logKey: parseVerifierKey(logKey as string),
    promiseKey: parseVerifierKey(promiseKey as string),
    directoryKey: parseKey(directoryKey as string),
    registerKeys: (registerKeys as string[]).map(parseKey),
    registerThreshold,
  };
  checkIdentity(identity);
  return identity;
}

function checkIdentity({ origin, logKey, registerKeys, registerThreshold }: LogIdentity): void {
  if (logKey.name !== origin) throw new LogFormatError("identity of the log is not well-formed");
  const distinct = new Set(registerKeys.map(encodeHex)).size;
  if (registerThreshold < 1 || registerThreshold > distinct || distinct !== registerKeys.length) {
    throw new LogFormatError("threshold of the register cannot be met");
  }
}

function parseKey(text: string): Bytes {
  const key = asLogFormat("key in the identity of the log is not base64", () => decodeBase64(text));
  if (key.length !== HASH_SIZE) throw new LogFormatError("identity of the log is not well-formed");
  return key;
}

const isKind = (kind: string): boolean => /^(?=[a-z0-9-]{1,64}$)[a-z0-9]+(-[a-z0-9]+)*$/.test(kind);
