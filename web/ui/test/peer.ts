/**
 * The other side of tests/interop: one JSON request a line on standard input, one answer a line on standard output.
 * Bytes travel as hexadecimal. An answer is {"ok": value} or {"error": name of the error class}.
 */
import { createInterface } from "node:readline";
import * as audit from "../src/audit/index.ts";
import * as crypto from "../src/crypto/index.ts";
import type { Bytes } from "../src/crypto/index.ts";
import * as sodium from "../src/crypto/sodium.ts";
import { WORDS } from "../src/crypto/wordlist.ts";

// Requests come from our own tests; their shapes are checked there.
type Args = any;

const hex = (data: Uint8Array): string => Buffer.from(data).toString("hex");
const raw = (text: string): Bytes => Uint8Array.from(Buffer.from(text, "hex"));
const statement = (envelope: string): crypto.Statement => crypto.parseStatement(raw(envelope));
const place = (args: Args): crypto.SectionPlace => ({ ...args, dossier: raw(args.dossier) });
const header = (envelope: string): crypto.Header => crypto.parseHeader(statement(envelope));
const publics = (args: Args): crypto.DossierPublics => ({ key: raw(args.key), inbox: raw(args.inbox) });
const sealing = (seed: string): crypto.SealingKey => new crypto.SealingKey(raw(seed));
const signing = (seed: string): crypto.SigningKey => new crypto.SigningKey(raw(seed));
const pinned = (args: Args): Bytes | undefined => (args.pinned ? raw(args.pinned) : undefined);

const CORE_BYTES = ["dossier", "item", "previous", "sectionKeyHash", "author", "authorKeyId"];
const core = (fields: Args): crypto.Core =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, CORE_BYTES.includes(name) ? raw(value as string) : value]),
  ) as crypto.Core;

async function openItem(args: Args): Promise<unknown> {
  const known = crypto.checkHeader(statement(args.envelope), raw(args.authorKey), { dossier: raw(args.dossier) });
  const itemKey = await crypto.openItemKey(known, sealing(args.sectionSeed), raw(args.sealedKey));
  return {
    itemKey: hex(itemKey),
    metadata: crypto.openMetadata(known, itemKey, raw(args.sealedMetadata)),
    parts: args.parts.map((part: string, index: number) => hex(crypto.openPart(known, itemKey, index, raw(part)))),
  };
}

async function sealItem(args: Args): Promise<unknown> {
  const signer = signing(args.seed);
  const parts = args.parts.map(raw);
  const sealed = await crypto.sealItem(core(args.core), raw(args.sectionKey), args.metadata, parts, signer);
  return {
    envelope: hex(sealed.header.envelope),
    sealedKey: hex(sealed.sealedKey),
    sealedMetadata: hex(sealed.sealedMetadata),
    parts: sealed.parts.map(hex),
  };
}

async function sealCapsule(args: Args): Promise<unknown> {
  const keys = args.keys.map(({ id, secret }: Args) => ({ id: crypto.KeyId.parse(raw(id)), secret: raw(secret) }));
  const capsule = await crypto.sealCapsule(raw(args.statementHash), raw(args.grantee), raw(args.key), keys);
  return hex(crypto.encodeCapsule(capsule));
}

async function openCapsule(args: Args): Promise<unknown> {
  const expected = new Map(Object.entries(args.expected).map(([id, wanted]) => [id, raw(wanted as string)]));
  const keys = await crypto.openCapsule(crypto.parseCapsule(raw(args.capsule)), sealing(args.seed), expected);
  return Object.fromEntries(keys.map(({ id, secret }) => [id.toString(), hex(secret)]));
}

function checkAttestation(args: Args): unknown {
  const pinned = { keys: args.registerKeys.map(raw), threshold: args.threshold };
  const entry = crypto.verifyRegisterEntry(statement(args.entry), pinned);
  const chain = crypto.verifyKeyChain(args.chain.map(statement), raw(args.person), entry.organisation);
  return crypto.checkAttestation(statement(args.attestation), entry, chain, args.now);
}

const plainMap = (map: ReadonlyMap<unknown, unknown>): unknown =>
  Object.fromEntries([...map].map(([name, value]) => [name, value instanceof Map ? plainMap(value) : value]));

function verifyStream(args: Args): unknown {
  const events = args.events.map(({ seq, leaf, opening }: Args) =>
    opening === null ? { seq, leaf: raw(leaf) } : { seq, leaf: raw(leaf), opening: audit.openingFromJson(opening) },
  );
  const head = audit.firstHead(raw(args.keyHash));
  const checked = audit.verifyStream(args.stream, args.keys.map(raw), events, head);
  const { seq, leafHash, keyHash } = checked.head;
  const [events_, nextTag] = [plainMap(checked.events), checked.nextTag ? hex(checked.nextTag) : null];
  return { seq, leafHash: hex(leafHash), keyHash: hex(keyHash), events: events_, erased: checked.erased, nextTag };
}

function openEvent({ payload, seed, audience, key, seq, previous }: Args): unknown {
  const event = audit.parseEvent(raw(payload));
  const named = event.schema.fields.map(({ name }, at): audit.FieldValue => [name, event.values[at] as Bytes]);
  const leaf = audit.makeLeaf(raw(key), seq, raw(previous), audit.commitment(audit.fieldDigests(raw(seed), named)));
  return { leaf: hex(leaf), opening: audit.openingToJson(audit.openFields(event, raw(seed), audience)) };
}

function verifyPromise({ note, vkey, origin, leaf, index, path }: Args): unknown {
  const promise = audit.verifyPromise(raw(note), audit.parseVerifierKey(vkey), origin, raw(leaf), index, path.map(raw));
  return { ...promise, root: hex(promise.root) };
}

function verifyProof({ proof, entry, vkey, witnesses }: Args): unknown {
  const keys = witnesses.map(audit.parseVerifierKey);
  const parsed = audit.parseProof(raw(proof));
  const { origin, size, root } = audit.verifyProof(parsed, raw(entry), audit.parseVerifierKey(vkey), keys);
  return { origin, size, root: hex(root), again: hex(audit.encodeProof(parsed)) };
}

const CALLS: Record<string, (args: Args) => unknown> = {
  labels: () => crypto.Label,
  words: () => WORDS,
  canonical: ({ data }) => hex(crypto.encodeJson(crypto.decodeJson(raw(data)))),
  bind: ({ label, fields }) => hex(crypto.bind(label, ...fields.map(raw))),
  base64: ({ text }) => hex(crypto.decodeBase64(text)),
  sign: ({ kind, payload, seed }) => hex(crypto.sign(kind, payload, signing(seed)).envelope),
  cosign: ({ envelope, seed }) => hex(crypto.cosign(statement(envelope), signing(seed)).envelope),
  verify: ({ envelope, key }) => {
    const parsed = statement(envelope);
    crypto.verify(parsed, raw(key));
    return hex(parsed.hash);
  },
  statementHash: ({ kind, payload }) => hex(crypto.statementHash(kind, payload)),
  verifyThreshold: ({ envelope, keys, threshold }) =>
    crypto.verifyThreshold(statement(envelope), keys.map(raw), threshold).map(hex),
  xchachaOpen: ({ key, nonce, sealed, ad }) => {
    try {
      return hex(sodium.xchachaOpen(raw(key), raw(nonce), raw(sealed), raw(ad)));
    } catch {
      return null;
    }
  },
  verifyEd25519: ({ key, message, signature }) => crypto.verifyEd25519(raw(key), raw(message), raw(signature)) ?? true,
  sealingKey: ({ seed }) => hex(sealing(seed).public),
  seal: async ({ label, context, key, plaintext }) =>
    hex(await crypto.seal(label, context.map(raw), raw(key), raw(plaintext))),
  open: async ({ label, context, seed, sealed }) =>
    hex(await crypto.openSealed(label, context.map(raw), sealing(seed), raw(sealed))),
  wrap: ({ label, context, key, plaintext }) => hex(crypto.wrap(label, context.map(raw), raw(key), raw(plaintext))),
  unwrap: ({ label, context, key, wrapped }) => hex(crypto.unwrap(label, context.map(raw), raw(key), raw(wrapped))),
  sealItem,
  openItem,
  sealCapsule,
  openCapsule,
  wrapSection: (args) => hex(crypto.wrapSection(raw(args.root), raw(args.secret), place(args.place))),
  unwrapSection: (args) =>
    hex(crypto.unwrapSection(raw(args.root), raw(args.wrapped), place(args.place), raw(args.key))),
  adopt: (args) =>
    hex(crypto.adoptItemKey(raw(args.listKey), raw(args.itemKey), place(args.place), header(args.envelope))),
  openAdopted: (args) =>
    hex(crypto.openAdopted(raw(args.listKey), raw(args.wrapped), place(args.place), header(args.envelope))),
  sealPlaced: async (args) =>
    hex(await crypto.sealPlaced(raw(args.itemKey), place(args.place), header(args.envelope), raw(args.key))),
  openPlaced: async (args) =>
    hex(await crypto.openPlaced(raw(args.sealed), place(args.place), header(args.envelope), sealing(args.seed))),
  sectionKeys: (args) => [
    hex(crypto.sectionSealingKey(raw(args.secret), place(args.place)).public),
    hex(crypto.sectionListKey(raw(args.secret), place(args.place))),
  ],
  wrapDossierKeys: (args) => {
    const keys = { signingSeed: raw(args.signingSeed), root: raw(args.dossierRoot) };
    return hex(crypto.wrapDossierKeys(raw(args.root), keys, raw(args.dossier), args.sequence));
  },
  unwrapDossierKeys: (args) => {
    const [root, wrapped, dossier] = [raw(args.root), raw(args.wrapped), raw(args.dossier)];
    const keys = crypto.unwrapDossierKeys(root, wrapped, dossier, args.sequence, publics(args));
    return [hex(keys.signingSeed), hex(keys.root)];
  },
  newMethod: ({ person, type, typed }) => {
    const { method, wrappedSeed } = crypto.newMethod(raw(person), type, typed);
    return { entry: crypto.methodEntry(method), wrappedSeed: hex(wrappedSeed) };
  },
  openMethod: ({ person, entry, typed, wrappedSeed }) =>
    hex(crypto.openMethod(raw(person), crypto.parseMethod(entry), typed, raw(wrappedSeed)).seed),
  newSecrets: () => ({ passphrase: crypto.newPassphrase(), recoveryCode: crypto.newRecoveryCode() }),
  parsePassphrase: ({ typed }) => hex(crypto.parsePassphrase(typed)),
  parseRecoveryCode: ({ typed }) => hex(crypto.parseRecoveryCode(typed)),
  sealRoot: async ({ envelope, person, root }) => {
    const sealed = await crypto.sealRoot(statement(envelope), raw(person), raw(root));
    return Object.fromEntries([...sealed].map(([method, data]) => [method, hex(data)]));
  },
  openRoot: async ({ envelope, person, method, seed, sealed }) => {
    const [list, owner] = [statement(envelope), raw(person)];
    const known = crypto.listMethods(list, owner).find((entry) => hex(entry.method) === method) as crypto.Method;
    return hex(await crypto.openRoot(list, owner, known, sealing(seed), raw(sealed)));
  },
  wrapIdentity: (args) => {
    const identity = { signing: signing(args.signing), sealing: sealing(args.sealing) };
    return hex(crypto.wrapIdentity(raw(args.root), identity, raw(args.person), raw(args.organisation), args.sequence));
  },
  unwrapIdentity: (args) => {
    const { signing, sealing } = crypto.unwrapIdentity(raw(args.root), raw(args.wrapped), statement(args.envelope));
    return [hex(signing.seed), hex(sealing.seed)];
  },
  verifyKeyChain: (args) =>
    hex(crypto.verifyKeyChain(args.chain.map(statement), raw(args.person), raw(args.organisation), pinned(args)).head),
  verifySectionChain: (args) => {
    const dossier = crypto.verifyDossierChain(args.dossierChain.map(statement), raw(args.dossier), pinned(args));
    return crypto.verifySectionChain(args.sections.map(statement), dossier).map(({ publicKey }) => hex(publicKey));
  },
  checkAttestation,
  verifyStream,
  openEvent,
  verifyPromise,
  verifyProof,
  signNote: ({ text, name, seed }) => hex(audit.encodeNote(audit.signNote(text, name, signing(seed)))),
  parseNote: ({ note }) => hex(audit.encodeNote(audit.parseNote(raw(note)))),
  parseEvent: ({ payload }) => hex(audit.encodeEvent(audit.parseEvent(raw(payload)))),
  treeRoot: ({ hashes }) => hex(audit.treeRoot(hashes.map(raw))),
  verifyConsistency: ({ older, newer, proof, olderRoot, newerRoot }) =>
    audit.verifyConsistency(older, newer, proof.map(raw), raw(olderRoot), raw(newerRoot)) ?? true,
  verifyInclusion: ({ leaf, index, size, proof, root }) =>
    audit.verifyInclusion(raw(leaf), index, size, proof.map(raw), raw(root)) ?? true,
  parsePath: ({ path }) => audit.tilePath(audit.parsePath(path)),
};

async function answer(line: string): Promise<unknown> {
  const { call, args } = JSON.parse(line) as { call: string; args: Args };
  try {
    return { ok: (await (CALLS[call] as (args: Args) => unknown)(args)) ?? null };
  } catch (error) {
    if (error instanceof crypto.CryptoError || error instanceof audit.AuditError) return { error: error.name };
    return { error: "defect", detail: String((error as Error).stack) };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(line))}\n`);
}
