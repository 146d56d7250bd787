/** How each vector format of the log is run; each file names its operation. */
import * as audit from "../src/audit/index.ts";
import type { Bytes } from "../src/crypto/index.ts";
import { atRest } from "./atrest.ts";
import { hex, type Outputs, raw, toBase64, toHex, type Vector } from "./formats.ts";

type Operations = Record<string, (v: Vector) => Outputs>;

const byOperation =
  (operations: Operations) =>
  (v: Vector): Outputs => {
    const run = operations[v.operation];
    if (!run) throw new Error(`unknown operation ${v.operation}`);
    return run(v);
  };

const keys = (texts: string[]): audit.VerifierKey[] => texts.map(audit.parseVerifierKey);
const leafHashes = (entries: string[]): Bytes[] => entries.map((entry) => audit.leafHash(raw(entry)));

const merkle: Operations = {
  root: (v) => ({ root: toHex(audit.treeRoot(leafHashes(v.entries))) }),
  inclusion: (v) => {
    audit.verifyInclusion(hex(v.leafHash), v.index, v.size, v.proof.map(hex), hex(v.root));
    return {};
  },
  consistency: (v) => {
    audit.verifyConsistency(v.old, v.new, v.proof.map(hex), hex(v.oldRoot), hex(v.newRoot));
    return {};
  },
  prove: (v) => {
    const hashes = leafHashes(v.entries);
    const read = (height: number, index: number): Bytes =>
      audit.treeRoot(hashes.slice(index * 2 ** height, (index + 1) * 2 ** height));
    return {
      inclusion: audit.inclusionProof(v.index, hashes.length, read).map(toHex),
      consistency: audit.consistencyProof(v.old, hashes.length, read).map(toHex),
    };
  },
};

const tiles: Operations = {
  path: (v) => {
    const tile = audit.parsePath(v.path);
    const [kind, level] = tile.level === "entries" ? ["entries", 0] : ["tile", tile.level];
    return { path: audit.tilePath(tile), kind, level, index: tile.index, width: tile.width };
  },
  widths: (v) => ({
    tiles: audit.tilesBetween(v.old, v.new).map(audit.tilePath),
    bundles: audit.bundlesBetween(v.old, v.new).map(audit.tilePath),
  }),
  bundle: (v) => ({ entries: audit.parseBundle(raw(v.data), v.width).map(toBase64) }),
  tile: (v) => ({ hashes: audit.parseTile(raw(v.data), v.width).map(toHex) }),
};

const note: Operations = {
  "verifier-key": (v) => {
    const key = audit.parseVerifierKey(v.text);
    return { text: String(key), name: key.name, kind: key.kind, id: toHex(key.id), public: toBase64(key.public) };
  },
  verify: (v) => {
    const parsed = audit.parseNote(raw(v.note));
    const signedBy = audit.verifyNote(parsed, keys(v.keys)).map(({ name }) => name);
    return { note: toBase64(audit.encodeNote(parsed)), text: parsed.text, signedBy };
  },
};

const checkpoint: Operations = {
  verify: (v) => {
    const found = audit.verifyCheckpoint(raw(v.note), audit.parseVerifierKey(v.key), keys(v.witnesses));
    return { origin: found.origin, size: found.size, root: toHex(found.root) };
  },
};

function formula(v: Vector): Outputs {
  const fields = v.fields.map(([name, value]: [string, string]) => [name, new TextEncoder().encode(value)]);
  const digests = audit.fieldDigests(raw(v.seed), fields);
  const leaf = audit.makeLeaf(raw(v.key), v.seq, hex(v.previous), audit.commitment(digests));
  return {
    salts: audit.fieldSalts(raw(v.seed), fields.length).map(toHex),
    digests: digests.map(toHex),
    commit: toHex(audit.commitment(digests)),
    leaf: toBase64(leaf),
    leafHash: toHex(audit.leafHash(leaf)),
  };
}

function stream(v: Vector): Outputs {
  const events = v.events.map(({ seq, leaf, opening }: Vector) =>
    opening === null ? { seq, leaf: raw(leaf) } : { seq, leaf: raw(leaf), opening: audit.openingFromJson(opening) },
  );
  const pinned = audit.firstHead(hex(v.pinned));
  const { head, erased, nextTag } = audit.verifyStream(v.stream, v.keys.map(raw), events, pinned);
  return { seq: head.seq, leafHash: toHex(head.leafHash), nextTag: nextTag && toHex(nextTag), erased };
}

const leaf: Operations = {
  formula,
  stream,
  event: (v) => {
    const event = audit.parseEvent(raw(v.payload));
    const named = event.schema.fields.map(({ name }, at) => [name, new TextDecoder().decode(event.values[at])]);
    return { payload: toBase64(audit.encodeEvent(event)), values: Object.fromEntries(named) };
  },
  opening: (v) => {
    const opening = audit.openingFromJson(v.opening);
    const values = Object.fromEntries(audit.checkOpening(raw(v.leaf), opening));
    return { opening: audit.openingToJson(opening), values };
  },
  control: (v) => {
    const control = audit.parseControl(raw(v.leaf));
    if (control.kind === "log") audit.parseIdentity(raw(v.leaf));
    return { kind: control.kind, values: control.fields, leaf: toBase64(audit.encodeControl(control)) };
  },
};

const promise: Operations = {
  verify: (v) => {
    const key = audit.parseVerifierKey(v.key);
    const found = audit.verifyPromise(raw(v.note), key, v.origin, raw(v.leaf), v.index, v.path.map(hex));
    return { ...found, root: toHex(found.root) };
  },
};

const proof: Operations = {
  verify: (v) => {
    const parsed = audit.parseProof(raw(v.proof));
    const { size, root } = audit.verifyProof(parsed, raw(v.entry), audit.parseVerifierKey(v.key), keys(v.witnesses));
    return { proof: toBase64(audit.encodeProof(parsed)), index: parsed.index, size, root: toHex(root) };
  },
};

const ALL = { merkle, tiles, note, checkpoint, leaf, "at-rest": atRest, promise, proof };

export const LOG_FORMATS = Object.fromEntries(Object.entries(ALL).map(([name, run]) => [name, byOperation(run)]));
