"""How fast the emulator's Step Functions is, for a figure beside the interpreter's:

    stack local up --port 4566
    python3 statemachine/benches/emulator.py http://127.0.0.1:4566

The work is as in interpreter.rs: a loop of a Pass and a Choice, of fewer turns, and a distributed Map, without a task.
"""

import json
import sys
import time
import urllib.request

ENDPOINT = sys.argv[1]
ROLE = "arn:aws:iam::000000000000:role/bench"
TRANSITIONS = 2_000
ITEMS = 10_000


def call(action, **body):
    headers = {
        "X-Amz-Target": f"AWSStepFunctions.{action}",
        "Content-Type": "application/x-amz-json-1.0",
        "Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/states/aws4_request, SignedHeaders=host, Signature=0",
    }
    request = urllib.request.Request(ENDPOINT, json.dumps(body).encode(), headers)
    return json.load(urllib.request.urlopen(request))


def seconds(name, definition, input):
    """The time that one execution takes, by the clock outside: the emulator rounds its own."""
    machine = call("CreateStateMachine", name=name, definition=json.dumps(definition), roleArn=ROLE)["stateMachineArn"]
    began = time.perf_counter()
    execution = call("StartExecution", stateMachineArn=machine, input=json.dumps(input))["executionArn"]
    while (ended := call("DescribeExecution", executionArn=execution))["status"] == "RUNNING":
        time.sleep(0.01)
    taken = time.perf_counter() - began
    call("DeleteStateMachine", stateMachineArn=machine)
    assert ended["status"] == "SUCCEEDED", ended
    return taken


COUNT = {"Type": "Pass", "Output": {"n": "{% $states.input.n + 1 %}"}, "Next": "IsOver"}
RULE = {"Condition": f"{{% $states.input.n < {TRANSITIONS // 2} %}}", "Next": "Count"}
LOOP = {
    "QueryLanguage": "JSONata",
    "StartAt": "Count",
    "States": {
        "Count": COUNT,
        "IsOver": {"Type": "Choice", "Choices": [RULE], "Default": "Over"},
        "Over": {"Type": "Succeed"},
    },
}
# In JSONPath: the interpreter's Map, which is in JSONata, fails there.
MAP = {
    "StartAt": "Each",
    "States": {
        "Each": {
            "Type": "Map",
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                "StartAt": "One",
                "States": {"One": {"Type": "Pass", "End": True}},
            },
            "End": True,
        }
    },
}

loop, items = seconds("bench-loop", LOOP, {"n": 0}), seconds("bench-map", MAP, list(range(ITEMS)))
print(f"{TRANSITIONS / loop:,.0f} transitions a second; a Map of {ITEMS:,} items in {items:.1f} s")
