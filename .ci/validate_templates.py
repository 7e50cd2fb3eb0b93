"""Asks AWS's own cloudformation-validate about templates: anything above INFO that is not accepted here fails.

The crate of that name wants a newer compiler than this project's, and cargo refuses it without a flag; its wheel needs none.
"""

import sys

from cloudformation_validate import CompositeEngine, Severity

# A rule that is accepted stands here with its reason.
ACCEPTED = {
    "W9002": "the ARN is made of the partition and the reserved name of a bucket that waits for this very permission",
}

engine = CompositeEngine()
faults = 0
for path in sys.argv[1:]:
    for found in engine.validate_template(path).diagnostics:
        if found.severity != Severity.INFO and found.rule_id not in ACCEPTED:
            print(f"{path}: {found.severity.name} {found.rule_id}: {found.message}")
            faults += 1
print(f"cloudformation-validate: {len(sys.argv) - 1} templates, {faults} faults")
sys.exit(faults > 0)
