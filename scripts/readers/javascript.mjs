// Judges ids of the idgen command by the packages uuid, ulid and typeid-js.
//
// usage: node javascript.mjs IDGEN COUNT

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { decodeTime, isValid } from "ulid";
import { TypeID } from "typeid-js";
import { v1ToV6, v3, v5, v6ToV1, validate, version } from "uuid";

const [idgen, count] = process.argv.slice(2);

const run = (args, input = "") =>
  execFileSync(idgen, args, { encoding: "utf8", input, maxBuffer: 1 << 30 }).split("\n").slice(0, -1);

const generate = (scheme, ...more) => {
  const ids = run(["generate", scheme, "-n", count, ...more]);
  assert.equal(ids.length, Number(count), scheme);
  assert.equal(new Set(ids).size, ids.length, `${scheme}: an id came twice`);
  return ids;
};

const isNow = (millis, id) =>
  assert.ok(Math.abs(Date.now() - millis) < 60_000, `${id} is of ${new Date(millis)}`);

for (const number of [1, 4, 6, 7]) {
  const ids = generate(`uuid-v${number}`);
  for (const id of ids) {
    assert.ok(validate(id), id);
    assert.equal(version(id), number, id);
  }
  if (number >= 6) assert.deepEqual(ids, ids.toSorted(), `uuid-v${number} is out of order`);
}

const ones = generate("uuid-v1");
const sixes = run(["convert", "uuid-v1", "uuid-v6"], ones.join("\n"));
assert.deepEqual(sixes, ones.map((id) => v1ToV6(id)));
assert.deepEqual(ones, sixes.map((id) => v6ToV1(id)));

const names = ["www.example.com", "ü€𝄞", "a b", "0"];
assert.deepEqual(run(["name", "uuid-v3", "--namespace", "dns", ...names]), names.map((name) => v3(name, v3.DNS)));
assert.deepEqual(run(["name", "uuid-v5", "--namespace", "url", ...names]), names.map((name) => v5(name, v5.URL)));
for (const id of run(["name", "uuid-v8", "--namespace", "dns", ...names])) {
  assert.equal(version(id), 8, id);
}
for (const id of run(["convert", "discord", "uuid-v8"], run(["generate", "discord", "-n", count]).join("\n"))) {
  assert.equal(version(id), 8, id);
}

const ulids = generate("ulid");
for (const id of ulids) {
  assert.ok(isValid(id), id);
  isNow(decodeTime(id), id);
}
assert.deepEqual(ulids, ulids.toSorted(), "ulid is out of order");

for (const id of generate("uuid-v7", "--prefix", "some_order")) {
  const read = TypeID.fromString(id);
  assert.equal(read.getType(), "some_order");
  assert.equal(version(read.toUUID()), 7, id);
  assert.equal(read.toString(), id);
}

console.log(`JavaScript's uuid, ulid and typeid-js read ${count} ids of each scheme`);
