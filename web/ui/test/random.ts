/** Seeded chance for property tests: a failure prints the seed, and the same seed gives the same run. */
import { randomInt } from "node:crypto";

export class Chance {
  readonly seed: number;
  #state: number;

  constructor(seed = Number(process.env["TEST_SEED"] ?? randomInt(2 ** 31))) {
    this.seed = seed;
    this.#state = seed;
  }
  /** From 0 to below `bound` (mulberry32). */
  below(bound: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  }
  pick<Value>(from: readonly Value[]): Value {
    return from[this.below(from.length)] as Value;
  }
  bytes(size: number): Uint8Array<ArrayBuffer> {
    return Uint8Array.from({ length: size }, () => this.below(256));
  }
  /** The data with a bit flipped, a byte dropped, added or doubled, or its end cut off. */
  damage(data: Uint8Array): Uint8Array<ArrayBuffer> {
    const [all, at] = [[...data], this.below(data.length + 1)];
    const changes = [
      () => all.splice(at, 1),
      () => all.splice(at, 0, this.below(256)),
      () => all.splice(at, 0, ...all.slice(at, at + 8)),
      () => all.splice(at),
      () => all.splice(at, 1, (all[at] ?? 0) ^ (1 << this.below(8))),
    ];
    this.pick(changes)();
    return Uint8Array.from(all);
  }
}
