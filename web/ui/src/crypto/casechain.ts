/**
 * Who joins a case, as a chain of signed changes, and with which keys each of them joined. The opening is link 0; each
 * later link counts on, names the hash of the one before and those whose part ended meanwhile. Signatures are not
 * verified here: who may sign a link follows from the links before it. Page: docs/spec/cases.md.
 */
import type { KeyChain } from "./chains.ts";
import { type Bytes, encodeHex, sameBytes } from "./encoding.ts";
import { MalformedError, PinError } from "./errors.ts";
import type { Statement } from "./statements.ts";

/** The links of one case in their order, the opening first; well-linked, not verified. */
export type CaseChain = {
  readonly links: readonly Statement[];
  /** The hash of the last link: what the next one names, and what is pinned. */
  readonly head: Bytes;
  /** The number of the last link; 0 for the opening. */
  readonly sequence: number;
};

const OPENING = "case-opening";
const LINKS = new Set(["case-participation", "coordinator-transfer"]);
/** Whom a statement lets take part, by its kind: the name of the field. */
const WHO = new Map([[OPENING, "coordinator"], ["case-participation", "participant"]]);

/** Checks that statements are the links of one case, whole and in order; their signatures are NOT verified. */
export function checkCaseChain(links: readonly Statement[], pinned?: Bytes): CaseChain {
  const [first, ...later] = links;
  if (first?.kind !== OPENING || later.some(({ kind }) => !LINKS.has(kind))) {
    throw new MalformedError("links begin with one opening, and go on with changes of who takes part");
  }
  let before = first;
  for (const [at, link] of later.entries()) {
    if (link.payload["case"] !== first.payload["case"]) throw new MalformedError("link of another case");
    if (link.payload["sequence"] !== at + 1 || link.payload["previous"] !== encodeHex(before.hash)) {
      throw new MalformedError("chain has a gap or another order");
    }
    before = link;
  }
  if (pinned && !links.some(({ hash }) => sameBytes(hash, pinned))) {
    throw new PinError("the case is shown without a change that was seen before");
  }
  return { links, head: before.hash, sequence: later.length };
}

/**
 * The key to seal to for whom an opening or participation lets take part, by their verified key chain: a citizen's
 * exactly as named, a professional's possibly a later one, which their organisation attests besides.
 */
export function joinedKey(joined: Statement, chain: KeyChain): Bytes {
  checkJoined(joined, chain);
  if (chain.organisation.length === 0 && joined.payload["chainHead"] !== encodeHex(chain.head)) {
    throw new PinError("the keys were replaced after joining the case");
  }
  return chain.sealingKey;
}

/** Checks that a verified key chain is of whom a statement lets take part, and contains the keys that it names. */
export function checkJoined(joined: Statement, chain: KeyChain): void {
  const field = WHO.get(joined.kind);
  if (!field) throw new MalformedError("this statement lets nobody take part");
  const { [field]: named, signer, chainHead } = joined.payload;
  const { person, organisation } = named as { person: string; organisation: string };
  if (person !== encodeHex(chain.person) || organisation !== encodeHex(chain.organisation)) {
    throw new PinError("the keys are another person's, or of another capacity");
  }
  // An opening by a system names no keys: its coordinator is attested.
  const bySystem = joined.kind === OPENING && signer !== person && organisation !== "";
  if (bySystem && chainHead === "") return;
  if (!chain.statements.some(({ hash }) => encodeHex(hash) === chainHead)) {
    throw new PinError("the keys are not those that joined the case");
  }
}
