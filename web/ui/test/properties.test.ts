/** On any bytes nothing but our own errors escapes, and what parses spells itself the same again. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as crypto from "../src/crypto/index.ts";
import { type Bytes, CryptoError } from "../src/crypto/index.ts";
import { Chance } from "./random.ts";

const ROUNDS = 2_000;
const text = (data: Bytes): string => new TextDecoder("latin1").decode(data);

const KEY = new crypto.SigningKey(new Uint8Array(32).fill(1));
const ID = "00".repeat(16);
const REQUEST = { item: ID, version: 1, action: "read", purpose: "", case: "", reason: "", nonce: ID, signer: ID };
const STATEMENT = crypto.sign("reading-request", { ...REQUEST, issuedAt: 1, organisation: "", role: "" }, KEY);
const PLACE = { dossier: new Uint8Array(16), section: "debts", lane: "ordinary", epoch: 0 };
const CORE: crypto.Core = {
  ...PLACE,
  item: new Uint8Array(16),
  version: 1,
  previous: new Uint8Array(0),
  sectionKeyHash: new Uint8Array(32),
  author: new Uint8Array(16),
  authorKeyId: crypto.keyHash(KEY.public),
  authorKind: "system",
  type: "debt-claim",
  label: "normal",
  issued: 1,
  dataFrom: 0,
  dataUntil: 0,
  partCount: 1,
};
const CAPSULE: crypto.Capsule = {
  statementHash: new Uint8Array(32),
  grantee: new Uint8Array(16),
  keyIds: [crypto.KeyId.section(PLACE)],
  sealed: new Uint8Array(40),
};

/** Each parser with a sound input, and what it makes of an input spelt again. */
const PARSERS: Record<string, [sound: Bytes, again: (data: Bytes) => Bytes]> = {
  base64: [
    crypto.utf8("QUJD"),
    (data) => crypto.utf8(crypto.encodeBase64(crypto.decodeBase64(crypto.decodeText(data)))),
  ],
  hex: [crypto.utf8("0a1b"), (data) => crypto.utf8(crypto.encodeHex(crypto.decodeHex(crypto.decodeText(data), 2)))],
  u64: [crypto.u64(77), (data) => crypto.u64(crypto.parseU64(data))],
  binding: [crypto.bind("label", new Uint8Array(3)), (data) => crypto.bind("label", ...crypto.unbind("label", data))],
  json: [crypto.utf8('{"a":[1,"é",{"b":true}]}'), (data) => crypto.encodeJson(crypto.decodeJson(data))],
  statement: [STATEMENT.envelope, (data) => respelt(crypto.parseStatement(data))],
  core: [crypto.encodeCore(CORE), (data) => crypto.encodeCore(crypto.parseCore(data))],
  keyId: [crypto.KeyId.section(PLACE).encode(), (data) => crypto.KeyId.parse(data).encode()],
  capsule: [crypto.encodeCapsule(CAPSULE), (data) => crypto.encodeCapsule(crypto.parseCapsule(data))],
  padding: [crypto.pad(new Uint8Array(10)), (data) => crypto.pad(crypto.unpad(data))],
};

function respelt({ kind, payload, signatures }: crypto.Statement): Bytes {
  return crypto.encodeJson(
    {
      payload: crypto.encodeBase64(crypto.encodeJson(payload)),
      payloadType: `application/vnd.eigendossier.${kind}.v1+json`,
      signatures: signatures.map((signature) => ({ sig: crypto.encodeBase64(signature) })),
    },
    crypto.MAX_ENVELOPE,
  );
}

for (const [name, [sound, again]] of Object.entries(PARSERS)) {
  test(`${name}: only our errors, one spelling`, () => {
    assert.deepEqual(again(sound), sound);
    const chance = new Chance();
    for (let round = 0; round < ROUNDS; round += 1) {
      const data = round % 4 === 0 ? chance.bytes(chance.below(80)) : chance.damage(sound);
      try {
        assert.deepEqual(again(data), data, `seed ${chance.seed}`);
      } catch (error) {
        assert.ok(error instanceof CryptoError, `seed ${chance.seed}: ${error}`);
      }
    }
  });
}

test("typed secrets: any text is read or is a mistype", () => {
  const chance = new Chance();
  const sound = [crypto.newPassphrase(), crypto.newRecoveryCode()].map(crypto.utf8);
  for (let round = 0; round < ROUNDS; round += 1) {
    const typed = text(chance.damage(chance.pick(sound)));
    for (const parse of [crypto.parsePassphrase, crypto.parseRecoveryCode]) {
      try {
        assert.ok(parse(typed).length >= 20);
      } catch (error) {
        assert.ok(error instanceof crypto.ChecksumError, `seed ${chance.seed}: ${error}`);
      }
    }
  }
});

test("openings: a damaged object gives one error and one message", async () => {
  const chance = new Chance();
  const pair = crypto.SealingKey.generate();
  const wrapped = crypto.wrap(crypto.Label.DEVICE_STATE, [], new Uint8Array(32), chance.bytes(50));
  const sealed = await crypto.seal(crypto.Label.MESSAGE, [], pair.public, chance.bytes(50));
  const failed = { name: "TamperedError", message: new crypto.TamperedError().message };
  for (let round = 0; round < 40; round += 1) {
    const [badWrap, badSeal] = [chance.damage(wrapped), chance.damage(sealed)];
    if (!crypto.sameBytes(badWrap, wrapped)) {
      assert.throws(() => crypto.unwrap(crypto.Label.DEVICE_STATE, [], new Uint8Array(32), badWrap), failed);
    }
    if (!crypto.sameBytes(badSeal, sealed)) {
      await assert.rejects(crypto.openSealed(crypto.Label.MESSAGE, [], pair, badSeal), failed);
    }
  }
});

test("every label opens only its own (matrix)", () => {
  const [labels, key] = [Object.values(crypto.Label), new Uint8Array(32)];
  for (const label of labels) {
    const wrapped = crypto.wrap(label, [], key, Uint8Array.of(7));
    for (const other of labels) {
      const open = (): Bytes => crypto.unwrap(other, [], key, wrapped);
      if (other === label) assert.deepEqual(open(), Uint8Array.of(7));
      else assert.throws(open, crypto.TamperedError);
    }
  }
});

test("secret keys print and serialise as nothing", () => {
  for (const key of [crypto.SigningKey.generate(), crypto.SealingKey.generate()]) {
    assert.match(String(key), /^\w+\(\.\.\.\)$/);
    assert.throws(() => JSON.stringify({ key }), TypeError);
    assert.ok(!Object.values(key).some((value) => value instanceof Uint8Array && crypto.sameBytes(value, key.seed)));
  }
});
