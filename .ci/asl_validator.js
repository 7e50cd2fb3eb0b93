// Asks asl-validator about definitions: {name: definition} on standard input, {name: [what it objects to]} on standard output.

const { createRequire } = require("node:module");
const { readFileSync } = require("node:fs");

const installed = createRequire(`${process.argv[2]}/`);

// asl-validator compiles its schemas anew for each definition, a quarter of a second each. They are always the same.
const Ajv = createRequire(installed.resolve("asl-validator"))("ajv").default;
const validate = Ajv.prototype.validate;
let compiled;
Ajv.prototype.validate = function (...schemaAndData) {
  compiled ??= this;
  const isValid = validate.apply(compiled, schemaAndData);
  this.errors = compiled.errors;
  return isValid;
};

const aslValidator = installed("asl-validator");

function objections(definition) {
  try {
    const { isValid, errors } = aslValidator(definition);
    return isValid ? [] : errors.map((error) => error.Message);
  } catch (error) {
    return [`${error}`];
  }
}

const definitions = Object.entries(JSON.parse(readFileSync(0)));
console.log(JSON.stringify(Object.fromEntries(definitions.map(([name, definition]) => [name, objections(definition)]))));
