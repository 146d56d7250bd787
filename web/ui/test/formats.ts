/** How each vector format of crypto/ is run: inputs from the file, outputs under the names that the file gives them. */
import * as crypto from "../src/crypto/index.ts";
import type { Bytes } from "../src/crypto/index.ts";

// A vector is JSON of its own format; each entry below knows its fields.
export type Vector = any;
export type Outputs = Record<string, unknown> | Promise<Record<string, unknown>>;

export const raw = (text: string): Bytes => Uint8Array.from(Buffer.from(text, "base64"));
export const hex = (text: string): Bytes => Uint8Array.from(Buffer.from(text, "hex"));
export const toBase64 = (data: Uint8Array): string => Buffer.from(data).toString("base64");
export const toHex = (data: Uint8Array): string => Buffer.from(data).toString("hex");

const statement = (envelope: string): crypto.Statement => crypto.parseStatement(raw(envelope));
const statements = (envelopes: string[]): crypto.Statement[] => envelopes.map(statement);
const header = (envelope: string): crypto.Header => crypto.parseHeader(statement(envelope));
const place = (fields: Vector): crypto.SectionPlace => ({ ...fields, dossier: hex(fields.dossier) });
const pair = (seed: string): crypto.SealingKey => new crypto.SealingKey(raw(seed));
const pin = (head: string): Bytes | undefined => (head === "" ? undefined : hex(head));
export const context = (fields: string[]): Bytes[] => fields.map(raw);
const attesting = ({ keys, threshold, entry }: Vector): crypto.OrganisationKey =>
  crypto.verifyRegisterEntry(statement(entry), { keys: keys.map(raw), threshold });

function openCore(v: Vector): Outputs {
  const core = crypto.parseCore(raw(v.core));
  const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const plain = (value: unknown): unknown => (value instanceof Uint8Array ? toHex(value) : value);
  const fields = Object.fromEntries(Object.entries(core).map(([name, value]) => [snake(name), plain(value)]));
  return { core: toBase64(crypto.encodeCore(core)), coreHash: toHex(crypto.coreHash(raw(v.core))), fields };
}

/** Whatever happens, what comes out is a true prefix: byte i of every stream vector is i mod 251. */
function openStream(v: Vector): Outputs {
  const opener = new crypto.StreamOpener(raw(v.key), raw(v.ad));
  const stream = raw(v.stream);
  let opened = new Uint8Array(0);
  const take = (more: Bytes): void => {
    opened = crypto.concat(opened, more);
    if (opened.length > v.length || opened.some((byte, at) => byte !== at % 251)) throw new Error("not a true prefix");
  };
  for (let at = 0; at < stream.length; at += 10_000) take(opener.update(stream.subarray(at, at + 10_000)));
  take(opener.finish());
  return { length: opened.length, sha256: toHex(crypto.sha256(opened)) };
}

async function openCapsule(v: Vector): Promise<Record<string, unknown>> {
  const expected = new Map<string, Bytes>(
    v.expected.map(({ id, commitment }: Vector) => [toHex(raw(id)), hex(commitment)]),
  );
  const capsule = crypto.parseCapsule(raw(v.capsule));
  const keys = await crypto.openCapsule(capsule, pair(v.seed), expected);
  const spelt = keys.map(({ id, secret }) => ({ id: toBase64(id.encode()), secret: toBase64(secret) }));
  return { capsule: toBase64(crypto.encodeCapsule(capsule)), keys: spelt };
}

async function openRoot(v: Vector): Promise<Record<string, unknown>> {
  const [list, person] = [statement(v.list), hex(v.person)];
  const method = crypto.listMethods(list, person).find((known) => toHex(known.method) === v.method);
  return { root: toBase64(await crypto.openRoot(list, person, method as crypto.Method, pair(v.seed), raw(v.sealed))) };
}

function unlockMethod(v: Vector): Outputs {
  const [person, method] = [hex(v.person), crypto.parseMethod(v.method)];
  crypto.openMethod(person, method, v.typed, raw(v.wrappedSeed));
  return { unlockKey: toBase64(crypto.unlockKey(person, method, v.typed)), method: crypto.methodEntry(method) };
}

function sectionChain(v: Vector): Outputs {
  const chain = crypto.verifyDossierChain(statements(v.chain), hex(v.dossier));
  const keys = crypto.verifySectionChain(statements(v.statements), chain);
  return {
    publicKeys: keys.map(({ publicKey }) => toBase64(publicKey)),
    signedBy: keys.map(({ dossierSequence }) => dossierSequence),
  };
}

function register(v: Vector): Outputs {
  const pinned = { keys: v.keys.map(raw), threshold: v.threshold };
  const entries = crypto.verifyRegister(statements(v.statements), pinned);
  return { keysHash: toHex(crypto.registerHash(pinned)), organisationKeys: entries.map(({ key }) => toBase64(key)) };
}

function attestation(v: Vector): Outputs {
  const chain = crypto.verifyKeyChain(statements(v.chain), hex(v.person), hex(v.organisation));
  return { roles: crypto.checkAttestation(statement(v.statement), attesting(v.register), chain, v.now, v.counter) };
}

function address(v: Vector): Outputs {
  const chain = crypto.verifyDossierChain(statements(v.chain), hex(v.dossier));
  const [word, sections] = [statement(v.statement), statements(v.sections)];
  const keys = crypto.checkAddress(word, raw(v.directoryKey), hex(v.organisation), chain, sections, v.now);
  return { publicKeys: keys.map(({ publicKey }) => toBase64(publicKey)) };
}

export const FORMATS: Record<string, (v: Vector) => Outputs> = {
  encoding: (v) => {
    const fields = crypto.unbind(v.label, raw(v.bound));
    return { fields: fields.map(toBase64), bound: toBase64(crypto.bind(v.label, ...fields)) };
  },
  base64: (v) => ({ data: toHex(crypto.decodeBase64(v.text)), text: crypto.encodeBase64(crypto.decodeBase64(v.text)) }),
  canonical: (v) => {
    const value = crypto.decodeJson(raw(v.json));
    return { value, json: toBase64(crypto.encodeJson(value)) };
  },
  keys: (v) => ({
    signingKey: toBase64(new crypto.SigningKey(raw(v.seed)).public),
    sealingKey: toBase64(pair(v.seed).public),
  }),
  signature: (v) => {
    crypto.verifyEd25519(raw(v.key), raw(v.message), raw(v.signature));
    return {};
  },
  seal: async (v) => ({
    plaintext: toBase64(await crypto.openSealed(v.label, context(v.context), pair(v.seed), raw(v.sealed))),
  }),
  message: async (v) => ({
    words: await crypto.openMessage(v.kind, hex(v.dossier), hex(v.about), pair(v.seed), raw(v.sealed)),
  }),
  wrap: (v) => ({ plaintext: toBase64(crypto.unwrap(v.label, context(v.context), raw(v.key), raw(v.wrapped))) }),
  derivation: (v) => ({ output: toBase64(crypto.derive(raw(v.key), v.label, context(v.context), v.size)) }),
  statement: (v) => {
    const parsed = statement(v.envelope);
    crypto.verify(parsed, raw(v.key));
    return { kind: parsed.kind, payload: parsed.payload, hash: toHex(parsed.hash) };
  },
  threshold: (v) => {
    const parsed = statement(v.envelope);
    crypto.verifyThreshold(parsed, v.keys.map(raw), v.threshold);
    return { hash: toHex(parsed.hash) };
  },
  "item-core": openCore,
  "item-header": (v) => {
    const known = { dossier: hex(v.dossier), sectionKeyHash: hex(v.sectionKeyHash) };
    const checked = crypto.checkHeader(statement(v.envelope), raw(v.key), known);
    return { hash: toHex(checked.statement.hash), coreHash: toHex(checked.coreHash) };
  },
  "item-key": async (v) => ({
    itemKey: toBase64(await crypto.openItemKey(header(v.envelope), pair(v.seed), raw(v.sealedKey))),
  }),
  "item-part": (v) => ({
    plaintext: toBase64(crypto.openPart(header(v.envelope), raw(v.itemKey), v.index, raw(v.stream))),
  }),
  metadata: (v) => ({ metadata: crypto.openMetadata(header(v.envelope), raw(v.itemKey), raw(v.sealedMetadata)) }),
  adoption: (v) => ({
    itemKey: toBase64(crypto.openAdopted(raw(v.listKey), raw(v.wrapped), place(v.place), header(v.envelope))),
  }),
  placement: async (v) => ({
    itemKey: toBase64(await crypto.openPlaced(raw(v.sealed), place(v.place), header(v.envelope), pair(v.seed))),
  }),
  "content-stream": openStream,
  section: (v) => {
    const secret = crypto.unwrapSection(raw(v.root), raw(v.wrapped), place(v.place), raw(v.publicKey));
    return { secret: toBase64(secret), listKey: toBase64(crypto.sectionListKey(secret, place(v.place))) };
  },
  "dossier-keys": (v) => {
    const publics = { key: raw(v.key), inbox: raw(v.inboxKey) };
    const keys = crypto.unwrapDossierKeys(raw(v.root), raw(v.wrapped), hex(v.dossier), v.sequence, publics);
    return { signingSeed: toBase64(keys.signingSeed), dossierRoot: toBase64(keys.root) };
  },
  capsule: openCapsule,
  passphrase: (v) => ({ words: new TextDecoder().decode(crypto.parsePassphrase(v.typed)) }),
  "recovery-code": (v) => ({ code: toBase64(crypto.parseRecoveryCode(v.typed)) }),
  "unlock-method": unlockMethod,
  "unlock-root": openRoot,
  identity: (v) => {
    const { signing, sealing } = crypto.unwrapIdentity(raw(v.root), raw(v.wrapped), statement(v.chainHead));
    return { signingSeed: toBase64(signing.seed), sealingSeed: toBase64(sealing.seed) };
  },
  "key-chain": (v) => {
    const chain = crypto.verifyKeyChain(statements(v.statements), hex(v.person), hex(v.organisation), pin(v.pinned));
    return { head: toHex(chain.head), signingKey: toBase64(chain.signingKey), sealingKey: toBase64(chain.sealingKey) };
  },
  "dossier-chain": (v) => {
    const chain = crypto.verifyDossierChain(statements(v.statements), hex(v.dossier), pin(v.pinned));
    return { head: toHex(chain.head), keys: chain.keys.map(toBase64), inboxKey: toBase64(chain.inboxKey) };
  },
  "section-chain": sectionChain,
  "case-chain": (v) => {
    const { head, sequence } = crypto.checkCaseChain(statements(v.statements), pin(v.pinned));
    return { head: toHex(head), sequence };
  },
  "joined-key": (v) => {
    const chain = crypto.verifyKeyChain(statements(v.chain), hex(v.person), hex(v.organisation));
    return { sealingKey: toBase64(crypto.joinedKey(statement(v.statement), chain)) };
  },
  register,
  attestation,
  "system-attestation": (v) => {
    const keys = crypto.checkSystemAttestation(statement(v.statement), attesting(v.register), v.now, v.counter);
    return { signingKey: toBase64(keys.signingKey), sealingKey: toBase64(keys.sealingKey) };
  },
  address,
};
