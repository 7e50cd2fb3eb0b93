"""Asks independent judges about state machines: the corpus of the package `statemachine`, and the definitions given.

A judge accepts what is sound and refuses what is broken, or `disagreements.yaml` says why it does not. The table is exact:
an entry that no longer holds fails as well.

usage: judge_definitions.py FOLDER_OF_NODE_MODULES [DEFINITION...]
"""

import json
import subprocess
import sys
from pathlib import Path

import yaml
from cfnlint.jsonschema import StandardValidator
from cfnlint.rules.resources.stepfunctions.StateMachineDefinition import StateMachineDefinition
from cfnlint.schema.resolver import RefResolver
from statelint.config import Config
from statelint.linter import Linter

HERE = Path(__file__).parent
CORPUS = HERE.parent / "statemachine" / "tests" / "definitions"


def asl_validator(definitions):
    command = ["node", str(HERE / "asl_validator.js"), str(Path(sys.argv[1]).resolve())]
    asked = subprocess.run(command, input=json.dumps(definitions), stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(asked.stdout)


def cfn_lint(definitions):
    """The schema of rule E3601, by itself: a template of all definitions takes cfn-lint half a minute."""
    rule = StateMachineDefinition()
    schemas = {"JSONPath": rule.schema, "JSONata": rule._convert_schema_to_jsonata()}
    validators = {
        language: StandardValidator(schema=schema, resolver=RefResolver.from_schema(schema, store={"definition": schema}))
        for language, schema in schemas.items()
    }

    def objections(definition):
        validator = validators.get(definition.get("QueryLanguage", "JSONPath"))
        if validator is None:
            return []
        faults = [*validator.iter_errors(definition), *rule._validate_start_at(definition, "", False)]
        return [fault.message for fault in faults]

    return {name: objections(definition) for name, definition in definitions.items()}


def statelint(definitions):
    config = Config(None, False, False)
    return {name: Linter.validate(json.dumps(definition), config) for name, definition in definitions.items()}


JUDGES = {"asl-validator": asl_validator, "cfn-lint": cfn_lint, "statelint": statelint}


def main():
    corpus = {f"{file.parent.name}/{file.stem}": file for file in sorted(CORPUS.glob("*/*.json"))}
    definitions = {name: json.loads(file.read_text("utf-8"))["definition"] for name, file in corpus.items()}
    definitions |= {path: json.loads(Path(path).read_text("utf-8")) for path in sys.argv[2:]}
    table = yaml.safe_load((HERE / "disagreements.yaml").read_text("utf-8"))

    faults = []
    for judge, ask in JUDGES.items():
        explained = {name: entry for entry in table[judge] for name in entry["definitions"]}
        faults += [f"{judge}: an entry lacks why or aws: {entry}" for entry in table[judge] if not entry["why"] or not entry["aws"]]
        verdicts = ask(definitions)
        for name in definitions:
            objections = verdicts[name]
            disagrees = bool(objections) != name.startswith("broken/")
            if disagrees and name not in explained:
                faults.append(f"{judge} {'refuses' if objections else 'accepts'} {name}, unexplained: {objections}")
            elif not disagrees and name in explained:
                faults.append(f"{judge} agrees on {name} by now; remove the entry")
        faults += [f"{judge}: there is no {name}; remove the entry" for name in explained.keys() - definitions.keys()]
        print(f"{judge}: {len(definitions)} definitions, {len(explained)} explained disagreements")
    print(*faults, sep="\n", end="\n" if faults else "")
    return bool(faults)


sys.exit(main())
