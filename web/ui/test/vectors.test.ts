/** Runs every vector that Python made: the same outputs on success, the same class of error on each fault. */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { deviceKey, deviceState } from "./atrest.ts";
import { FORMATS, type Outputs, type Vector } from "./formats.ts";
import { LOG_FORMATS } from "./logformats.ts";
import { csrf, identifier, rate } from "./service.ts";

const FOLDER = fileURLToPath(new URL("../../../tests/vectors/", import.meta.url));
const FILES = globSync("*/*.json", { cwd: FOLDER }).sort();

/** The class that stands for each expected failure. */
const ERRORS: Record<string, string> = {
  malformed: "MalformedError",
  tampered: "TamperedError",
  signature: "SignatureError",
  limit: "LimitError",
  checksum: "ChecksumError",
  pin: "PinError",
  format: "LogFormatError",
  note: "NoteError",
  proof: "ProofError",
  incomplete: "IncompleteError",
  "split-view": "SplitViewError",
};
const KEPT: Record<string, (v: Vector) => Outputs> = {
  "device-state": deviceState,
  "device-key": deviceKey,
  identifier,
  rate,
  csrf,
};
const RUNNERS = { ...FORMATS, ...LOG_FORMATS, ...KEPT };

const VECTORS = FILES.map((file): [string, Vector] => [file, JSON.parse(readFileSync(FOLDER + file, "utf8"))]);

/** The fields that an operation has on failure too are inputs; the others must come out of a success. */
const INPUTS = new Map<string, Set<string>>();
const operation = ({ format, operation }: Vector): string => `${format} ${operation}`;
for (const [, vector] of VECTORS.filter(([, { expect }]) => expect !== "success")) {
  const known = INPUTS.get(operation(vector)) ?? [];
  INPUTS.set(operation(vector), new Set([...known, ...Object.keys(vector)]));
}

async function run(vector: Vector): Promise<void> {
  const format = RUNNERS[vector.format];
  assert.ok(format, `unknown format ${vector.format}`);
  if (vector.expect === "success") {
    const outputs = await format(vector);
    const wanted = Object.fromEntries(Object.keys(outputs).map((name) => [name, vector[name]]));
    assert.deepEqual(outputs, wanted);
    const inputs = INPUTS.get(operation(vector)) ?? new Set(Object.keys(vector));
    assert.deepEqual(Object.keys(vector).filter((name) => !inputs.has(name) && !(name in outputs)), []);
    return;
  }
  const name = ERRORS[vector.expect];
  assert.ok(name, `unknown expectation ${vector.expect}`);
  await assert.rejects(async () => format(vector), { name });
}

test("every vector file is there", () => {
  assert.equal(FILES.length, 793);
});

for (const [file, vector] of VECTORS) {
  test(`${file}: ${vector.comment}`, async () => {
    assert.equal(vector.format, dirname(file), basename(file));
    await run(vector);
  });
}
