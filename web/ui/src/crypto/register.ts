/**
 * Who speaks for an organisation: the register, signed k of n, and attestations of persons and systems. A client seals
 * to nobody whose chain head is not the attested one: a changed key blocks, it does not warn. Page: docs/spec/keys.md.
 */
import { checkOrder, type DossierChain, type KeyChain, type SectionKey, verifySectionKey } from "./chains.ts";
import { bind, type Bytes, decodeBase64, decodeHex, encodeHex, ID_SIZE, sha256, u64 } from "./encoding.ts";
import { MalformedError, PinError } from "./errors.ts";
import { SIGNING_KEY_SIZE } from "./keys.ts";
import { Label } from "./labels.ts";
import { compareBytes } from "./sodium.ts";
import { type Statement, verify, verifyThreshold } from "./statements.ts";

/** Seconds. */
export const MAX_ATTESTATION = 31 * 86_400;
export const MAX_ADDRESS = 15 * 60;

/** The keys that sign the register and how many must; pinned by clients, stated in control leaf 0 of the log. */
export type RegisterKeys = { readonly keys: readonly Bytes[]; readonly threshold: number };

/** A verified register entry: the key that attests for an organisation, from and until in UTC seconds. */
export type OrganisationKey = {
  readonly organisation: Bytes;
  readonly name: string;
  readonly key: Bytes;
  readonly from: number;
  readonly until: number;
  readonly hash: Bytes;
};

/** A verified attestation of a system: what verifies its headers and what is sealed to it. */
export type SystemKeys = {
  readonly organisation: Bytes;
  readonly system: Bytes;
  readonly signingKey: Bytes;
  readonly sealingKey: Bytes;
  readonly hash: Bytes;
};

type Names<Field extends string> = Readonly<Record<Field, string>>;
type Period = { readonly from: number; readonly until: number };

/** What a register entry names: SHA-256 of the threshold and the keys in sorted order. */
export function registerHash({ keys, threshold }: RegisterKeys): Bytes {
  const sorted = keys.toSorted(compareBytes);
  const distinct = new Set(keys.map(encodeHex)).size === keys.length;
  if (!distinct || keys.some((key) => key.length !== SIGNING_KEY_SIZE)) {
    throw new MalformedError("register keys repeat or have the wrong length");
  }
  if (threshold < 1 || threshold > keys.length) throw new MalformedError("register threshold out of range");
  return sha256(bind(Label.REGISTER_KEYS, u64(threshold), ...sorted));
}

/** Verifies one register entry; throws PinError if it names other register keys than those pinned. */
export function verifyRegisterEntry(statement: Statement, register: RegisterKeys): OrganisationKey {
  if (statement.kind !== "register-entry") throw new MalformedError("not a register entry");
  const payload = statement.payload as Names<"keysHash" | "organisation" | "name" | "key">;
  if (payload.keysHash !== encodeHex(registerHash(register))) {
    throw new PinError("register entry names other register keys");
  }
  verifyThreshold(statement, register.keys, register.threshold);
  const { from, until } = statement.payload as unknown as Period;
  const [organisation, key] = [decodeHex(payload.organisation, ID_SIZE), decodeBase64(payload.key)];
  return { organisation, name: payload.name, key, from, until, hash: statement.hash };
}

/** Verifies the whole register, one chain over all organisations; the last entry of an organisation counts. */
export function verifyRegister(statements: readonly Statement[], register: RegisterKeys): OrganisationKey[] {
  checkOrder(statements, "sequence");
  return statements.map((statement) => verifyRegisterEntry(statement, register));
}

/**
 * Checks that an organisation attests this person, with exactly this chain head, now; returns the roles. `counter` is
 * the highest seen before.
 */
export function checkAttestation(
  statement: Statement,
  organisation: OrganisationKey,
  chain: KeyChain,
  now: number,
  counter = 0,
): readonly string[] {
  checkIssued(statement, "person-attestation", organisation, now, counter);
  const payload = statement.payload as Names<"person" | "chainHead">;
  const { from, until } = statement.payload as unknown as Period;
  if (until - from > MAX_ATTESTATION) throw new PinError("attestation lasts longer than 31 days");
  const ofOrganisation = encodeHex(chain.organisation) === encodeHex(organisation.organisation);
  if (payload.person !== encodeHex(chain.person) || !ofOrganisation) {
    throw new PinError("attestation belongs to another person or organisation");
  }
  if (payload.chainHead !== encodeHex(chain.head)) throw new PinError("key chain differs from the attested one");
  return statement.payload["roles"] as readonly string[];
}

/** Checks that an organisation attests a system now; returns its keys. */
export function checkSystemAttestation(
  statement: Statement,
  organisation: OrganisationKey,
  now: number,
  counter = 0,
): SystemKeys {
  checkIssued(statement, "system-attestation", organisation, now, counter);
  const payload = statement.payload as Names<"system" | "signingKey" | "sealingKey">;
  return {
    organisation: organisation.organisation,
    system: decodeHex(payload.system, ID_SIZE),
    signingKey: decodeBase64(payload.signingKey),
    sealingKey: decodeBase64(payload.sealingKey),
    hash: statement.hash,
  };
}

/** Checks the directory's word that chain and section keys are current, at most 15 minutes old. */
export function checkAddress(
  statement: Statement,
  directoryKey: Uint8Array,
  organisation: Uint8Array,
  chain: DossierChain,
  sections: readonly Statement[],
  now: number,
): SectionKey[] {
  if (statement.kind !== "dossier-address") throw new MalformedError("not a dossier address");
  verify(statement, directoryKey);
  const payload = statement.payload as Names<"organisation" | "dossier" | "keyHead">;
  if (payload.organisation !== encodeHex(organisation) || payload.dossier !== encodeHex(chain.dossier)) {
    throw new PinError("address is for another organisation or dossier");
  }
  const { issuedAt, until, sectionKeys } = statement.payload as unknown as AddressTimes;
  if (now < issuedAt - MAX_ADDRESS || now >= Math.min(until, issuedAt + MAX_ADDRESS)) {
    throw new PinError("address is not valid at this time");
  }
  const named = sections.map(({ hash }) => encodeHex(hash));
  if (payload.keyHead !== encodeHex(chain.head) || named.toSorted().join() !== sectionKeys.toSorted().join()) {
    throw new PinError("address names other keys");
  }
  return sections.map((section) => verifySectionKey(section, chain));
}

type AddressTimes = { readonly issuedAt: number; readonly until: number; readonly sectionKeys: readonly string[] };

function checkIssued(
  statement: Statement,
  kind: string,
  organisation: OrganisationKey,
  now: number,
  counter: number,
): void {
  if (statement.kind !== kind) throw new MalformedError("not such an attestation");
  verify(statement, organisation.key);
  if (statement.payload["organisation"] !== encodeHex(organisation.organisation)) {
    throw new PinError("attestation by another organisation");
  }
  if ((statement.payload["counter"] as number) < counter) {
    throw new PinError("attestation is older than one seen before");
  }
  const within = ({ from, until }: Period): boolean => from <= now && now < until;
  if (!within(statement.payload as unknown as Period)) throw new PinError("attestation is not valid at this time");
  if (!within(organisation)) throw new PinError("register entry is not valid at this time");
}
