#!/usr/bin/env python3
"""Cold start: from the process's start to its first question for work, beside Python with boto3.

    python3 functions/processor/benches/cold_start.py [--rounds N]

Needs Rust and Python 3.10 or newer; installs boto3, pinned in reference/requirements.txt, into a virtual environment under
target/. A small server plays the runtime API of Lambda: a process is ready when it asks for its first invocation
(`GET /2018-06-01/runtime/invocation/next`), and is ended then. The functions are unpacked from the archives that are
deployed; Python is an interpreter that imports boto3, makes clients of S3 and DynamoDB, and asks. In turns, medians, with the
lowest and the highest.
"""

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import time
import zipfile
from pathlib import Path

from compare import ROOT, WORK, virtual_environment

PYTHON = """
import os, urllib.request, boto3
boto3.client("s3")
boto3.client("dynamodb")
urllib.request.urlopen(f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation/next")
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=21, help="rounds (default: %(default)s)")
    options = parser.parse_args()

    WORK.mkdir(parents=True, exist_ok=True)
    python = virtual_environment()
    programs = {name: [folder / "bootstrap"] for name, folder in unpacked().items()}
    programs["Python with boto3"] = [python, "-c", PYTHON]
    times = {name: [] for name in programs}
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        # The first round finds the files in no cache: it does not count.
        for number in range(options.rounds + 1):
            for name, command in programs.items():
                taken = first_question(command, server)
                if number > 0:
                    times[name].append(1000 * taken)
    for name, values in times.items():
        print(f"{name:<18} {statistics.median(values):>8.1f} ms ({min(values):.1f}–{max(values):.1f})")
    for name in ("processor", "orchestrator"):
        ratios = [slow / fast for fast, slow in zip(times[name], times["Python with boto3"], strict=True)]
        print(f"ratio to {name:<12} {statistics.median(ratios):>8.1f} ({min(ratios):.1f}–{max(ratios):.1f})")


def unpacked():
    """Where each function's archive is unpacked."""
    build = ["cargo", "run", "--quiet", "-p", "stack", "--", "package", "--json"]
    packages = json.loads(subprocess.run(build, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)["packages"]
    folders = {}
    for package in packages:
        folder = folders[package["function"]] = WORK / "unpacked" / package["function"]
        shutil.rmtree(folder, ignore_errors=True)
        with zipfile.ZipFile(package["path"]) as archive:
            archive.extractall(folder)
        (folder / "bootstrap").chmod(0o755)
    return folders


def first_question(command, server):
    """Seconds from the start of a process to its first question for work."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(WORK),
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:%d" % server.getsockname()[1],
        "AWS_LAMBDA_FUNCTION_NAME": "function",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "LAMBDA_TASK_ROOT": str(Path(command[0]).parent),
        "PIPELINE": "benchmark",
        "TABLE_NAME": "table",
        "QUARANTINE_BUCKET": "quarantine",
        "STATE_MACHINE_ARN_PARAMETER": "/pipelines/benchmark/stateMachineArn",
    }
    began = time.monotonic()
    process = subprocess.Popen(command, env=environment)
    try:
        connection, _ = server.accept()
        with connection:
            question = connection.recv(1 << 16)
            taken = time.monotonic() - began
            if b"/runtime/invocation/next" not in question:
                raise SystemExit(f"{command[0]} asked for something else: {question!r}")
            return taken
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    main()
