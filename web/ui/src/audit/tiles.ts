/** tlog-tiles (c2sp.org/tlog-tiles): paths of tiles and bundles in both directions, and what they hold. */
import { type Bytes, HASH_SIZE } from "../crypto/encoding.ts";
import { LogFormatError } from "./errors.ts";

export const TILE_WIDTH = 256;
export const MAX_LEVEL = 63;

/** Where a tile of hashes (level 0 to 63) or a bundle of entries lies; 256 is the full width. */
export type Tile = { readonly level: number | "entries"; readonly index: number; readonly width: number };

export function tilePath({ level, index, width }: Tile): string {
  return `tile/${level}/${indexPath(index)}${width === TILE_WIDTH ? "" : `.p/${width}`}`;
}

/** Parses the path of a tile or bundle; any other spelling than the one of the source is refused. */
export function parsePath(path: string): Tile {
  const match = /^tile\/(entries|0|[1-9][0-9]?)\/((?:x[0-9]{3}\/)*[0-9]{3})(?:\.p\/([1-9][0-9]{0,2}))?$/.exec(path);
  if (!match) throw new LogFormatError("not the path of a tile");
  const [, first = "", groups = "", partial] = match;
  const level: Tile["level"] = first === "entries" ? first : Number(first);
  const tile = { level, index: Number(groups.replace(/[x/]/g, "")), width: partial ? Number(partial) : TILE_WIDTH };
  const inRange = (level === "entries" || level <= MAX_LEVEL) && Number.isSafeInteger(tile.index);
  if (!inRange || tilePath(tile) !== path) throw new LogFormatError("path of a tile is not canonical");
  return tile;
}

/** The width of the partial tile of a level in a tree of `size` leaves; 0 when there is none. */
export const tileWidth = (level: number, size: number): number => Math.floor(size / TILE_WIDTH ** level) % TILE_WIDTH;

/** Every tile, full or partial, that a tree of `newer` leaves has and one of `older` leaves has not. */
export function tilesBetween(older: number, newer: number): Tile[] {
  const tiles: Tile[] = [];
  for (let level = 0; newer >= TILE_WIDTH ** level; level += 1) {
    const [before, after] = [older, newer].map((size) => Math.floor(size / TILE_WIDTH ** level)) as [number, number];
    tiles.push(...rowBetween(level, before, after));
  }
  return tiles;
}

/** Every entry bundle that a log of `newer` entries has and one of `older` entries has not. */
export const bundlesBetween = (older: number, newer: number): Tile[] => rowBetween("entries", older, newer);

function rowBetween(level: Tile["level"], before: number, after: number): Tile[] {
  const tiles: Tile[] = [];
  if (after === before) return tiles;
  for (let index = Math.floor(before / TILE_WIDTH); index * TILE_WIDTH < after; index += 1) {
    tiles.push({ level, index, width: Math.min(TILE_WIDTH, after - index * TILE_WIDTH) });
  }
  return tiles;
}

/** Splits a bundle of exactly `width` entries, each behind its length in two bytes. */
export function parseBundle(data: Bytes, width: number): Bytes[] {
  const entries: Bytes[] = [];
  let at = 0;
  while (at + 2 <= data.length) {
    const start = at + 2;
    at = start + (((data[start - 2] as number) << 8) | (data[start - 1] as number));
    entries.push(data.slice(start, at));
  }
  if (at !== data.length || entries.length !== width) {
    throw new LogFormatError("bundle does not hold the entries of its width");
  }
  return entries;
}

/** Splits a tile of exactly `width` hashes. */
export function parseTile(data: Bytes, width: number): Bytes[] {
  if (data.length !== width * HASH_SIZE) throw new LogFormatError("tile does not hold the hashes of its width");
  return Array.from({ length: width }, (_, at) => data.slice(at * HASH_SIZE, (at + 1) * HASH_SIZE));
}

/** Groups of three digits, all but the last prefixed with x. */
function indexPath(index: number): string {
  const digits = String(index);
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, "0").match(/.{3}/g) as string[];
  return groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join("/");
}
