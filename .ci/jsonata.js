// Holds the recorded results of statemachine/tests/jsonata.json against the reference implementation of JSONata:
//
//     node .ci/jsonata.js FOLDER_OF_NODE_MODULES           fails where a recorded result is not the reference's
//     node .ci/jsonata.js FOLDER_OF_NODE_MODULES --write   records the reference's results

const { createRequire } = require("node:module");
const { readFileSync, writeFileSync } = require("node:fs");
const { join, resolve } = require("node:path");

const jsonata = createRequire(`${resolve(process.argv[2])}/`)("jsonata");
const path = join(__dirname, "../statemachine/tests/jsonata.json");

// An expression that throws, or gives nothing or a function, fails a state.
async function evaluate(expression, input) {
  try {
    const result = await jsonata(expression).evaluate(undefined, { states: { input } });
    return JSON.stringify(result) === undefined ? { expression, fails: true } : { expression, result };
  } catch {
    return { expression, fails: true };
  }
}

async function main() {
  const { input, cases } = JSON.parse(readFileSync(path));
  const evaluated = await Promise.all(cases.map(({ expression }) => evaluate(expression, input)));
  if (process.argv[3] === "--write") {
    const lines = evaluated.map((one) => `    ${JSON.stringify(one)}`);
    writeFileSync(path, `{\n  "input": ${JSON.stringify(input)},\n  "cases": [\n${lines.join(",\n")}\n  ]\n}\n`);
  }
  const wrong = evaluated.filter((one, index) => JSON.stringify(one) !== JSON.stringify(cases[index]));
  if (process.argv[3] !== "--write") {
    wrong.forEach((one) => console.log(`recorded otherwise: ${JSON.stringify(one)}`));
    process.exitCode = wrong.length > 0 ? 1 : 0;
  }
  console.log(`jsonata: ${cases.length} expressions, ${wrong.length} recorded otherwise`);
}

main();
