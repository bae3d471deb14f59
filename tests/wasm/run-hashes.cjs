// Reads a list of runs from standard input and prints the hashes of their traces: what the wasm build makes of them.
// Usage: node run-hashes.cjs MODULE
const { readFileSync } = require("node:fs");
const { resolve } = require("node:path");

const { runHash } = require(resolve(process.argv[2]));
const cases = JSON.parse(readFileSync(0, "utf8"));
const hashes = cases.map(({ name, toml, twin, seed }) =>
  runHash(name, toml, twin ?? undefined, seed === null ? undefined : BigInt(seed)),
);
console.log(JSON.stringify(hashes));
