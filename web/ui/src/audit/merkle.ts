/**
 * RFC 6962 trees over SHA-256: hashes, roots, and the two kinds of proof, made and verified.
 * Sizes are safe integers, beyond 32 bits: so division, not shifts. Source: RFC 9162 sections 2.1.3 and 2.1.4.
 */
import { type Bytes, concat, HASH_SIZE, sameBytes, sha256 } from "../crypto/encoding.ts";
import { ProofError } from "./errors.ts";

export const EMPTY_ROOT = sha256(new Uint8Array(0));

export const leafHash = (entry: Uint8Array): Bytes => sha256(concat(Uint8Array.of(0), entry));
export const nodeHash = (left: Uint8Array, right: Uint8Array): Bytes => sha256(concat(Uint8Array.of(1), left, right));

const half = (value: number): number => Math.floor(value / 2);
const isOdd = (value: number): boolean => value % 2 === 1;
const isPowerOfTwo = (value: number): boolean => Number.isInteger(Math.log2(value)) && 2 ** Math.log2(value) === value;
const isSize = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

/** The frontier of a growing tree: one complete subtree for each bit of the size, the largest first. */
export class Tree {
  size = 0;
  readonly #peaks: Bytes[] = [];

  append(hash: Bytes): void {
    let [grown, size] = [hash, this.size];
    for (; isOdd(size); size = half(size)) grown = nodeHash(this.#peaks.pop() as Bytes, grown);
    this.#peaks.push(grown);
    this.size += 1;
  }
  root(): Bytes {
    return foldPeaks(this.#peaks);
  }
}

export function treeRoot(leafHashes: Iterable<Bytes>): Bytes {
  const tree = new Tree();
  for (const hash of leafHashes) tree.append(hash);
  return tree.root();
}

/** Returns the hash of the complete subtree over leaves [index * 2^height, (index + 1) * 2^height). */
export type NodeReader = (height: number, index: number) => Bytes;

/** The audit path of leaf `index` in the tree of `size` leaves; the leaf's sibling comes first. */
export function inclusionProof(index: number, size: number, read: NodeReader): Bytes[] {
  if (!isSize(index) || !isSize(size) || index >= size) throw new ProofError("no such leaf in a tree of this size");
  return descend(size, (start, end) => end - start === 1, (split) => index < split, read).path;
}

/** The proof that the first `older` leaves of the tree of `newer` leaves are the tree of `older` leaves. */
export function consistencyProof(older: number, newer: number, read: NodeReader): Bytes[] {
  if (!isSize(older) || !isSize(newer) || older > newer) throw new ProofError("the old tree is not the smaller one");
  if (older === 0 || older === newer) return [];
  const { path, start } = descend(newer, (_, end) => end === older, (split) => older <= split, read);
  // A proof that never left the left edge starts from the old root itself, which the verifier holds.
  return start === 0 ? path : [rangeHash(start, older, read), ...path];
}

/** Walks down from the root until `done`, gathering the hash of the half not taken at each step, lowest first. */
function descend(
  size: number,
  done: (start: number, end: number) => boolean,
  goesLeft: (split: number) => boolean,
  read: NodeReader,
): { path: Bytes[]; start: number } {
  const path: Bytes[] = [];
  let [start, end] = [0, size];
  while (!done(start, end)) {
    const split = start + largestPower(end - start - 1);
    const left = goesLeft(split);
    path.unshift(left ? rangeHash(split, end, read) : rangeHash(start, split, read));
    [start, end] = left ? [start, split] : [split, end];
  }
  return { path, start };
}

/** The hash of leaves [from, end), where `from` is a multiple of the smallest power of two >= end - from. */
function rangeHash(from: number, end: number, read: NodeReader): Bytes {
  const peaks: Bytes[] = [];
  let start = from;
  while (start < end) {
    const width = largestPower(end - start);
    peaks.push(read(Math.log2(width), start / width));
    start += width;
  }
  return foldPeaks(peaks);
}

/** The root over complete subtrees of falling size, as they lie from left to right. */
const foldPeaks = (peaks: readonly Bytes[]): Bytes =>
  peaks.length > 0 ? peaks.reduceRight((right, left) => nodeHash(left, right)) : EMPTY_ROOT;

/** The largest power of two that is at most `value`, which is at least 1. */
function largestPower(value: number): number {
  let power = 1;
  while (power * 2 <= value) power *= 2;
  return power;
}

/** Checks that a leaf hash stands at `index` in the tree of `size` leaves and this root. */
export function verifyInclusion(hash: Bytes, index: number, size: number, proof: readonly Bytes[], root: Bytes): void {
  if (!isSize(index) || !isSize(size) || index >= size || !areHashes(proof)) {
    throw new ProofError("inclusion proof is not well-formed");
  }
  let [at, last] = [index, size - 1];
  let reached = hash;
  for (const step of proof) {
    if (last === 0) throw new ProofError("inclusion proof is too long");
    const fromLeft = isOdd(at) || at === last;
    reached = fromLeft ? nodeHash(step, reached) : nodeHash(reached, step);
    if (fromLeft) [at, last] = climb(at, last);
    [at, last] = [half(at), half(last)];
  }
  if (last !== 0 || !sameBytes(reached, root)) throw new ProofError("inclusion proof does not lead to the root");
}

/** Checks that the tree of `newer` leaves extends the tree of `older` leaves. */
export function verifyConsistency(
  older: number,
  newer: number,
  proof: readonly Bytes[],
  olderRoot: Bytes,
  newerRoot: Bytes,
): void {
  if (!isSize(older) || !isSize(newer) || older > newer || !areHashes(proof)) {
    throw new ProofError("consistency proof is not well-formed");
  }
  if (older === 0 || older === newer) return verifySame(older, proof, olderRoot, newerRoot);
  const steps = isPowerOfTwo(older) ? [olderRoot, ...proof] : [...proof];
  const [first, ...rest] = steps;
  if (!first) throw new ProofError("consistency proof is too short");
  const [rebuiltOlder, rebuiltNewer] = rebuild(older - 1, newer - 1, first, rest);
  if (!sameBytes(rebuiltOlder, olderRoot) || !sameBytes(rebuiltNewer, newerRoot)) {
    throw new ProofError("consistency proof does not join the two roots");
  }
}

function verifySame(older: number, proof: readonly Bytes[], olderRoot: Bytes, newerRoot: Bytes): void {
  if (proof.length > 0 || !sameBytes(olderRoot, older === 0 ? EMPTY_ROOT : newerRoot)) {
    throw new ProofError("trees of the same size differ, or a proof too many");
  }
}

/** Folds a consistency proof into the old and the new root (RFC 9162 section 2.1.4.2). */
function rebuild(index: number, end: number, first: Bytes, steps: readonly Bytes[]): [Bytes, Bytes] {
  let [at, last] = [index, end];
  while (isOdd(at)) [at, last] = [half(at), half(last)];
  let [older, newer] = [first, first];
  for (const step of steps) {
    if (last === 0) throw new ProofError("consistency proof is too long");
    if (isOdd(at) || at === last) {
      [older, newer] = [nodeHash(step, older), nodeHash(step, newer)];
      [at, last] = climb(at, last);
    } else {
      newer = nodeHash(newer, step);
    }
    [at, last] = [half(at), half(last)];
  }
  if (last !== 0) throw new ProofError("consistency proof is too short");
  return [older, newer];
}

/** Skips the levels at which a node on the right edge has no sibling. */
function climb(index: number, end: number): [number, number] {
  let [at, last] = [index, end];
  while (at !== 0 && !isOdd(at)) [at, last] = [half(at), half(last)];
  return [at, last];
}

const areHashes = (proof: readonly Bytes[]): boolean => proof.every((step) => step.length === HASH_SIZE);
