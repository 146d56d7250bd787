/**
 * Unlocking: from what a person holds to the user root, and from the root to the identity. Each method's secret opens
 * only that method's own key pair, and the root is sealed to that pair. The methods stand in a signed list; nothing is
 * sealed to one outside it. After each unwrapping the public key is computed again and compared.
 * Page: docs/spec/unlock.md.
 */
import {
  type Bytes,
  concat,
  decodeBase64,
  decodeHex,
  encodeBase64,
  encodeHex,
  EMPTY,
  ID_SIZE,
  newId,
  sameBytes,
  u64,
  utf8,
} from "./encoding.ts";
import { LimitError, MalformedError, TamperedError } from "./errors.ts";
import { keyHash, SealingKey, SigningKey } from "./keys.ts";
import type { Payload } from "./kinds.ts";
import { Label } from "./labels.ts";
import { parsePassphrase } from "./passphrase.ts";
import { parseRecoveryCode } from "./recoverycode.ts";
import { type Context, hkdf, KEY_SIZE, openSealed, seal, unwrap, wrap } from "./seal.ts";
import { argon2id, random } from "./sodium.ts";
import type { Statement } from "./statements.ts";

export const MEMORY_KIB = [65_536, 1_048_576] as const;
export const PASSES = [3, 10] as const;
export const SALT_SIZE = 16;
export const MIN_METHODS = 2;
export const LIST_KIND = "unlock-methods";

/**
 * One way to unlock, as the signed list has it. `memoryKib`, `passes` and `salt` are Argon2id's for a passphrase, else
 * 0, 0 and empty; a passkey keeps its own input for the pseudo-random function in `salt`.
 */
export type Method = {
  readonly method: Bytes;
  readonly type: string;
  readonly publicKey: Bytes;
  readonly memoryKib: number;
  readonly passes: number;
  readonly salt: Bytes;
};

/** The two pairs of one person in one capacity (citizen, or one organisation). */
export type Identity = { readonly signing: SigningKey; readonly sealing: SealingKey };

type MethodEntry = { [Name in keyof Method]: Method[Name] extends number ? number : string };

/** Reads an entry of a list whose statement was parsed. */
export const parseMethod = (entry: MethodEntry): Method => ({
  method: decodeHex(entry.method, ID_SIZE),
  type: entry.type,
  publicKey: decodeBase64(entry.publicKey),
  memoryKib: entry.memoryKib,
  passes: entry.passes,
  salt: decodeBase64(entry.salt),
});

/** The entry for the `methods` of the signed list. */
export const methodEntry = ({ method, type, publicKey, memoryKib, passes, salt }: Method): MethodEntry & Payload => ({
  method: encodeHex(method),
  type,
  publicKey: encodeBase64(publicKey),
  memoryKib,
  passes,
  salt: encodeBase64(salt),
});

/** Makes a method for a generated secret as the person types it, with its wrapped seed. */
export function newMethod(person: Uint8Array, type: string, typed: string): { method: Method; wrappedSeed: Bytes } {
  const pair = SealingKey.generate();
  const stretched = type === "passphrase";
  const method: Method = {
    method: newId(),
    type,
    publicKey: pair.public,
    memoryKib: stretched ? MEMORY_KIB[0] : 0,
    passes: stretched ? PASSES[0] : 0,
    salt: stretched ? random(SALT_SIZE) : EMPTY,
  };
  const key = unlockKey(person, method, typed);
  return { method, wrappedSeed: wrap(Label.METHOD_SEED, methodContext(person, method), key, pair.seed) };
}

/**
 * Opens a method's pair with what the person typed. A mistype (ChecksumError) and parameters out of bounds
 * (LimitError) are refused before deriving anything.
 */
export function openMethod(person: Uint8Array, method: Method, typed: string, wrappedSeed: Uint8Array): SealingKey {
  const key = unlockKey(person, method, typed);
  const pair = new SealingKey(unwrap(Label.METHOD_SEED, methodContext(person, method), key, wrappedSeed));
  if (!sameBytes(pair.public, method.publicKey)) throw new TamperedError();
  return pair;
}

/** Derives the 32-byte unlock key of a method from the typed secret. */
export function unlockKey(person: Uint8Array, method: Method, typed: string): Bytes {
  const secret = SECRETS.get(method.type);
  if (!secret) throw new MalformedError("secret of this method is not typed");
  return hkdf(secret.read(method, typed), secret.label, person, method.method);
}

/** The methods of a list that the caller has verified. */
export function listMethods(statement: Statement, person: Uint8Array): Method[] {
  if (statement.kind !== LIST_KIND || statement.payload["person"] !== encodeHex(person)) {
    throw new MalformedError("not the unlock methods of this person");
  }
  const methods = (statement.payload["methods"] as unknown as MethodEntry[]).map(parseMethod);
  const distinct = new Set(methods.map(({ method }) => encodeHex(method)));
  if (distinct.size !== methods.length || methods.length < MIN_METHODS) {
    throw new MalformedError("fewer than two methods, or one named twice");
  }
  return methods;
}

/** Seals the user root to each method of a verified list, and to nothing else; by method id in hex. */
export async function sealRoot(statement: Statement, person: Bytes, root: Uint8Array): Promise<Map<string, Bytes>> {
  const sealed = listMethods(statement, person).map(async ({ method, publicKey }): Promise<[string, Bytes]> => {
    return [encodeHex(method), await seal(Label.ROOT, [person, method, statement.hash], publicKey, root)];
  });
  return new Map(await Promise.all(sealed));
}

/**
 * Opens the user root with a method's pair. The list can be verified only with the identity that the root opens: do
 * so before using anything else of it.
 */
export const openRoot = (
  statement: Statement,
  person: Bytes,
  { method }: Method,
  pair: SealingKey,
  sealed: Uint8Array,
): Promise<Bytes> => openSealed(Label.ROOT, [person, method, statement.hash], pair, sealed);

/** Wraps the identity of one capacity under the root; `organisation` is empty for a citizen. */
export function wrapIdentity(
  root: Uint8Array,
  { signing, sealing }: Identity,
  person: Bytes,
  organisation: Bytes,
  sequence: number,
): Bytes {
  const context = identityContext(person, organisation, sequence, signing.public, sealing.public);
  return wrap(Label.IDENTITY, context, root, concat(signing.seed, sealing.seed));
}

/**
 * Unwraps an identity and compares both public keys with the key-chain statement that names them. The caller checks
 * the chain itself (chains.ts).
 */
export function unwrapIdentity(root: Uint8Array, wrapped: Uint8Array, chainHead: Statement): Identity {
  const entry = chainHead.payload as Record<"signingKey" | "sealingKey" | "person" | "organisation", string>;
  const [signing, sealing] = [decodeBase64(entry.signingKey), decodeBase64(entry.sealingKey)];
  const organisation = entry.organisation === "" ? EMPTY : decodeHex(entry.organisation, ID_SIZE);
  const sequence = chainHead.payload["sequence"] as number;
  const context = identityContext(decodeHex(entry.person, ID_SIZE), organisation, sequence, signing, sealing);
  const seeds = unwrap(Label.IDENTITY, context, root, wrapped);
  const identity = {
    signing: new SigningKey(seeds.slice(0, KEY_SIZE)),
    sealing: new SealingKey(seeds.slice(KEY_SIZE)),
  };
  if (!sameBytes(concat(identity.signing.public, identity.sealing.public), concat(signing, sealing))) {
    throw new TamperedError();
  }
  return identity;
}

/** Runs Argon2id with a method's parameters, if they are within bounds. */
export function stretch({ memoryKib, passes, salt }: Method, secret: Uint8Array): Bytes {
  const within = ([low, high]: readonly [number, number], value: number): boolean => value >= low && value <= high;
  if (!within(MEMORY_KIB, memoryKib) || !within(PASSES, passes)) {
    throw new LimitError("key derivation parameters out of bounds");
  }
  if (salt.length !== SALT_SIZE) throw new LimitError("key derivation salt is not 16 bytes");
  return argon2id(secret, salt, passes, memoryKib);
}

/** Binds every parameter: a server that lowers one gives a method that does not open. */
const methodContext = (person: Uint8Array, { method, type, publicKey, memoryKib, passes, salt }: Method): Context => [
  person,
  method,
  utf8(type),
  u64(memoryKib),
  u64(passes),
  salt,
  keyHash(publicKey),
];

const identityContext = (
  person: Uint8Array,
  organisation: Uint8Array,
  sequence: number,
  signing: Uint8Array,
  sealing: Uint8Array,
): Context => [person, organisation, u64(sequence), keyHash(signing), keyHash(sealing)];

function fromRecoveryCode({ memoryKib, passes, salt }: Method, typed: string): Bytes {
  if (memoryKib !== 0 || passes !== 0 || salt.length !== 0) {
    throw new LimitError("key derivation parameters where none belong");
  }
  return parseRecoveryCode(typed);
}

type TypedSecret = { readonly label: Label; readonly read: (method: Method, typed: string) => Bytes };

/** Methods whose secret is typed. The third type, passkey-prf, takes its secret from the browser's authenticator. */
const SECRETS: ReadonlyMap<string, TypedSecret> = new Map<string, TypedSecret>([
  ["passphrase", { label: Label.UNLOCK_PASSPHRASE, read: (method, typed) => stretch(method, parsePassphrase(typed)) }],
  ["recovery-code", { label: Label.UNLOCK_RECOVERY, read: fromRecoveryCode }],
]);
