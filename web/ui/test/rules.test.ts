/** The rules of this folder that a reader counts on. */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { WORDS } from "../src/crypto/wordlist.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const read = (path: string): string => readFileSync(here(path), "utf8");
const names = (pattern: string): string[] =>
  globSync(here(pattern)).map((path) => basename(path).split(".")[0] as string);

test("only sodium.ts touches libsodium, and only kem.ts the HPKE library", () => {
  for (const [library, owner] of [["libsodium", "sodium.ts"], ["@hpke", "kem.ts"]] as const) {
    const imports = (path: string): boolean => readFileSync(path, "utf8").includes(`from "${library}`);
    const users = globSync(here("../src/**/*.ts")).filter(imports);
    assert.deepEqual(users.map((path) => basename(path)), [owner]);
  }
});

test("src/crypto mirrors crypto/ file for file", () => {
  const own = new Set(["sodium", "kem", "index"]);
  const ours = names("../src/crypto/*.ts").filter((name) => !own.has(name)).sort();
  const python = names("../../../crypto/*.py").filter((name) => name !== "__init__").sort();
  assert.deepEqual(ours, python);
});

test("the words are those of the frozen list", () => {
  assert.equal(`${WORDS.join("\n")}\n`, read("../../../crypto/words.txt"));
});

test("the lock file names no host", () => {
  assert.ok(!read("../package-lock.json").includes("://"));
});
