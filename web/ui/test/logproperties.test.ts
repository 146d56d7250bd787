/** The log's parsers: on any bytes nothing but our own errors escapes, and what parses spells itself the same again. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import * as audit from "../src/audit/index.ts";
import { type Bytes, CryptoError, decodeText, utf8 } from "../src/crypto/index.ts";
import { raw, type Vector } from "./formats.ts";
import { Chance } from "./random.ts";

const ROUNDS = 2_000;

/** A field of a vector that succeeds. */
function sound(file: string, field: string): Bytes {
  const path = fileURLToPath(new URL(`../../../tests/vectors/${file}.json`, import.meta.url));
  return raw((JSON.parse(readFileSync(path, "utf8")) as Vector)[field]);
}

const NOTE = sound("checkpoint/cosigned", "note");
const text = (data: Bytes): string => audit.parseNote(data).text;

const PARSERS: Record<string, [sound: Bytes, again: (data: Bytes) => Bytes]> = {
  note: [NOTE, (data) => audit.encodeNote(audit.parseNote(data))],
  checkpoint: [utf8(text(NOTE)), (data) => utf8(audit.encodeCheckpoint(audit.parseCheckpoint(decodeText(data))))],
  promise: [
    utf8(text(sound("promise/alone", "note"))),
    (data) => utf8(audit.encodePromise(audit.parsePromise(decodeText(data)))),
  ],
  proof: [sound("proof/extra", "proof"), (data) => audit.encodeProof(audit.parseProof(data))],
  event: [sound("leaf/event-reading", "payload"), (data) => audit.encodeEvent(audit.parseEvent(data))],
  control: [sound("leaf/control-identity", "leaf"), (data) => audit.encodeControl(audit.parseControl(data))],
  path: [utf8("tile/0/x001/x234/067.p/12"), (data) => utf8(audit.tilePath(audit.parsePath(decodeText(data))))],
};

for (const [name, [data, again]] of Object.entries(PARSERS)) {
  test(`${name}: only our errors, one spelling`, () => {
    assert.deepEqual(again(data), data);
    const chance = new Chance();
    for (let round = 0; round < ROUNDS; round += 1) {
      const bad = round % 4 === 0 ? chance.bytes(chance.below(80)) : chance.damage(data);
      try {
        assert.deepEqual(again(bad), bad, `seed ${chance.seed}`);
      } catch (error) {
        const known = error instanceof audit.AuditError || error instanceof CryptoError;
        assert.ok(known, `seed ${chance.seed}: ${error}`);
      }
    }
  });
}

test("identity: damaged leaves are refused or well-formed", () => {
  const [chance, leaf] = [new Chance(), sound("leaf/control-identity", "leaf")];
  for (let round = 0; round < ROUNDS; round += 1) {
    try {
      const identity = audit.parseIdentity(chance.damage(leaf));
      assert.equal(identity.logKey.name, identity.origin);
    } catch (error) {
      assert.ok(error instanceof audit.AuditError, `seed ${chance.seed}: ${error}`);
    }
  }
});
