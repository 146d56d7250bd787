/**
 * How the service opens what it keeps of the log, and a client its key store. The browser holds neither: only the wrap,
 * the derivation and the event are its own code, and what lies around them is read here as the pages say.
 */
import * as audit from "../src/audit/index.ts";
import * as crypto from "../src/crypto/index.ts";
import type { Bytes } from "../src/crypto/index.ts";
import { context, hex, type Outputs, raw, toBase64, toHex, type Vector } from "./formats.ts";

const BUCKET = 1_024;
const HEAD = 8;
const MAX_ATTACHMENT = 98_304;
const MONTH = "2026-11".length;
const MAX_STATE = 8 * 1024 * 1024;
const NAME = /^[a-z0-9]+(?:[-.][a-z0-9]+)*$/;
const STORE_FORM = "eigendossier-key-store-1";

function open(label: crypto.Label, fields: Bytes[], key: string, sealed: Bytes): Bytes {
  try {
    return crypto.unwrap(label, fields, raw(key), sealed);
  } catch (cause) {
    throw new audit.ProofError("not that of this place", { cause });
  }
}

const secret =
  (label: crypto.Label, counter: string) =>
  (v: Vector): Outputs => {
    const opened = open(label, [hex(v.stream), crypto.u64(v[counter])], v.key, raw(v.sealed));
    if (opened.length !== crypto.KEY_SIZE) throw new audit.LogFormatError("a seed or stream key is 32 bytes");
    return { secret: toHex(opened) };
  };

function pad(event: Uint8Array, attachment: Uint8Array): Bytes {
  const lengths = new DataView(new ArrayBuffer(HEAD));
  lengths.setUint32(0, event.length);
  lengths.setUint32(4, attachment.length);
  const joined = crypto.concat(new Uint8Array(lengths.buffer), event, attachment);
  return crypto.concat(joined, new Uint8Array((BUCKET - (joined.length % BUCKET)) % BUCKET));
}

function unpad(padded: Bytes): [Bytes, Bytes] {
  if (padded.length < HEAD) throw new audit.LogFormatError("no lengths");
  const lengths = new DataView(padded.buffer, padded.byteOffset, HEAD);
  const middle = HEAD + lengths.getUint32(0);
  const end = middle + lengths.getUint32(4);
  const [event, attachment] = [padded.slice(HEAD, middle), padded.slice(middle, end)];
  if (!crypto.sameBytes(pad(event, attachment), padded)) throw new audit.LogFormatError("not padded as it must be");
  if (attachment.length > MAX_ATTACHMENT) throw new audit.LogFormatError("attachment is too large");
  return [event, attachment];
}

function payload(v: Vector): Outputs {
  const place = [hex(v.stream), crypto.u64(v.seq)];
  const [bytes, attachment] = unpad(open(crypto.Label.EVENT_PAYLOAD, place, v.key, raw(v.sealed)));
  const event = audit.parseEvent(bytes);
  const named = event.schema.fields.map(({ name }, at) => [name, new TextDecoder().decode(event.values[at])]);
  return { values: Object.fromEntries(named), attachment: toBase64(attachment) };
}

function answer(v: Vector): Outputs {
  const sealed = raw(v.sealed);
  if (sealed.subarray(0, MONTH).some((byte) => byte > 0x7f)) throw new audit.LogFormatError("names no month");
  const month = new TextDecoder().decode(sealed.subarray(0, MONTH));
  const opened = open(crypto.Label.KEPT_ANSWER, context(v.claim), v.keys[month], sealed.slice(MONTH));
  return { month, answer: toBase64(opened) };
}

export const atRest: Record<string, (v: Vector) => Outputs> = {
  seed: secret(crypto.Label.EVENT_SEED, "seq"),
  "stream-key": secret(crypto.Label.STREAM_KEY, "epoch"),
  payload,
  answer,
};

const isObject = (value: crypto.Json): value is { [name: string]: crypto.Json } =>
  typeof value === "object" && !Array.isArray(value);

export function deviceState(v: Vector): Outputs {
  if (!NAME.test(v.name)) throw new crypto.MalformedError("not a name");
  const opened = crypto.unwrap(crypto.Label.DEVICE_STATE, [crypto.utf8(v.name)], raw(v.key), raw(v.sealed));
  const state = crypto.decodeJson(opened, MAX_STATE);
  if (!isObject(state)) throw new crypto.MalformedError("not a state");
  return { state };
}

export function deviceKey(v: Vector): Outputs {
  const settings = crypto.decodeJson(raw(v.settings));
  if (!isObject(settings) || settings["format"] !== STORE_FORM) throw new crypto.MalformedError("of another form");
  const { memoryKib, passes, salt } = settings;
  if (typeof memoryKib !== "number" || typeof passes !== "number" || typeof salt !== "string") {
    throw new crypto.MalformedError("not settings");
  }
  const none = { method: crypto.EMPTY, type: "passphrase", publicKey: crypto.EMPTY };
  const method = { ...none, memoryKib, passes, salt: crypto.decodeBase64(salt) };
  return { key: toBase64(crypto.stretch(method, crypto.utf8(v.typed.normalize("NFKC")))) };
}
