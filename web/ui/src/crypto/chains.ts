/**
 * Chains of key statements: of a person in one capacity, of a dossier, of a section key. The first statement is signed
 * by the key it names, each later one by the key before it; each names the hash of the one before. A chain that does
 * not extend what was pinned blocks. Page: docs/spec/keys.md.
 */
import { type Bytes, decodeBase64, EMPTY, encodeHex, sameBytes } from "./encoding.ts";
import { MalformedError, PinError, SignatureError } from "./errors.ts";
import { keyHash } from "./keys.ts";
import { placeContext, type SectionPlace } from "./sections.ts";
import { type Statement, verify } from "./statements.ts";

/** A verified key chain of a person; keys and head hash are those of its last statement. */
export type KeyChain = {
  readonly person: Bytes;
  /** Empty for a citizen. */
  readonly organisation: Bytes;
  readonly statements: readonly Statement[];
  readonly signingKey: Bytes;
  readonly sealingKey: Bytes;
  readonly head: Bytes;
};

/** A verified chain of dossier keys; `keys` in order of their sequence, `inboxKey` of the head. */
export type DossierChain = {
  readonly dossier: Bytes;
  readonly statements: readonly Statement[];
  readonly keys: readonly Bytes[];
  readonly inboxKey: Bytes;
  readonly head: Bytes;
};

/** A verified section key; `dossierSequence` tells which key of the dossier's chain signed it. */
export type SectionKey = {
  readonly place: SectionPlace;
  readonly publicKey: Bytes;
  readonly hash: Bytes;
  readonly dossierSequence: number;
};

/** Verifies the key chain of a person in one capacity; `pinned` is the head hash seen before, if any. */
export function verifyKeyChain(
  statements: readonly Statement[],
  person: Bytes,
  organisation: Bytes = EMPTY,
  pinned?: Bytes,
): KeyChain {
  const named = encodeHex(person);
  const wanted = { person: named, organisation: encodeHex(organisation), signer: named };
  const { keys, last } = walk(statements, "key-chain", wanted, "signingKey", pinned);
  const sealingKey = decodeBase64(last.payload["sealingKey"] as string);
  return { person, organisation, statements, signingKey: keys.at(-1) as Bytes, sealingKey, head: last.hash };
}

/** Verifies the chain of a dossier's keys. */
export function verifyDossierChain(statements: readonly Statement[], dossier: Bytes, pinned?: Bytes): DossierChain {
  const { keys, last } = walk(statements, "dossier-key", { dossier: encodeHex(dossier) }, "key", pinned);
  return { dossier, statements, keys, inboxKey: decodeBase64(last.payload["inboxKey"] as string), head: last.hash };
}

/** Verifies one section-key statement against a verified dossier chain. */
export function verifySectionKey(statement: Statement, chain: DossierChain): SectionKey {
  if (statement.kind !== "section-key") throw new MalformedError("not a section key");
  const { dossier, section, lane, epoch, publicKey, keyHash: named } = statement.payload;
  if (dossier !== encodeHex(chain.dossier)) throw new PinError("section key belongs to another dossier");
  const dossierSequence = chain.keys.findIndex((key) => encodeHex(keyHash(key)) === named);
  const key = chain.keys[dossierSequence];
  if (!key) throw new SignatureError("section key is signed by no key of the dossier");
  verify(statement, key);
  const place = { dossier: chain.dossier, section, lane, epoch } as SectionPlace;
  placeContext(place);
  return { place, publicKey: decodeBase64(publicKey as string), hash: statement.hash, dossierSequence };
}

/** Verifies all epochs of one section and lane, the last being current. */
export function verifySectionChain(statements: readonly Statement[], chain: DossierChain): SectionKey[] {
  const keys = statements.map((statement) => verifySectionKey(statement, chain));
  const places = new Set(keys.map(({ place }) => `${place.section} ${place.lane}`));
  if (places.size !== 1) throw new MalformedError("section keys of several sections");
  checkOrder(statements, "epoch");
  if (keys.some(({ dossierSequence }, at) => dossierSequence < (keys[at - 1]?.dossierSequence ?? 0))) {
    throw new SignatureError("section key is signed by an older dossier key than the one before");
  }
  return keys;
}

/** Verifies a chain in which each key signs the next; returns the keys in order and the last statement. */
function walk(
  statements: readonly Statement[],
  kind: string,
  wanted: Readonly<Record<string, string>>,
  keyField: string,
  pinned?: Bytes,
): { keys: Bytes[]; last: Statement } {
  const last = statements.at(-1);
  if (!last || statements.some((statement) => statement.kind !== kind)) {
    throw new MalformedError("empty chain, or statements of another kind");
  }
  const fields = Object.entries(wanted);
  if (!statements.every(({ payload }) => fields.every(([name, value]) => payload[name] === value))) {
    throw new MalformedError("chain belongs to another");
  }
  checkOrder(statements, "sequence");
  const keys = statements.map(({ payload }) => decodeBase64(payload[keyField] as string));
  for (const [at, statement] of statements.entries()) verify(statement, keys[Math.max(at - 1, 0)] as Bytes);
  if (pinned && !statements.some(({ hash }) => sameBytes(hash, pinned))) {
    throw new PinError("chain does not contain the pinned head");
  }
  return { keys, last };
}

/** Throws MalformedError unless the count runs from 0 without gaps and each statement names the one before. */
export function checkOrder(statements: readonly Statement[], countField: string): void {
  for (const [at, { payload }] of statements.entries()) {
    const before = statements[at - 1];
    if (payload[countField] !== at || payload["previous"] !== (before ? encodeHex(before.hash) : "")) {
      throw new MalformedError("chain has a gap or another order");
    }
  }
}
