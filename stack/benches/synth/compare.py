#!/usr/bin/env python3
"""Compares the time that `stack synth` takes with that of `cdk synth` for an equal stack.

    python3 stack/benches/synth/compare.py [--rounds N]

Needs Rust, Python 3.10 or newer, and Node.js 20 or newer with npm; installs the CDK app in cdk/, pinned by its lock
file, below target/. All programs synthesise the development environment, one after the other, in turns, so that a busy
machine disturbs all alike.

What is timed is the whole process and its children, from its start to its exit; the time is wall clock, the CPU seconds
are user and system time. Each program is in its best case: started without npx, without its template on the terminal,
with no credentials or network to look up. Four ways are compared, because the CDK spends most of its time on parts that
one can do without:
- `stack synth`: it checks literals against the provider schemas, and writes the template and the definition.
- `cdk synth`: what a user of the CDK types. It checks the template by AWS's `cloudformation-validate`.
- `cdk synth --no-validation`: without that check. The nearest to `stack synth`.
- `node app.js`: the app alone, without the check and without the CDK's command line.

On a busy machine trust the CPU seconds: a process of a few milliseconds that has to wait for a processor once takes
twice its time, one of a second hardly more.
"""

import argparse
import collections
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
WORK = TARGET / "compare-synth"
APP = WORK / "cdk"
STACK = TARGET / "release/stack"
CDK = APP / "node_modules/.bin/cdk"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20, help="rounds (default: %(default)s)")
    options = parser.parse_args()
    for tool in ("cargo", "node", "npm"):
        if shutil.which(tool) is None:
            sys.exit(f"{tool} is not on the PATH; install it and run this again")

    install_app()
    subprocess.run(["cargo", "build", "--release", "--package", "stack"], cwd=ROOT, check=True)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(WORK),
        "AWS_EC2_METADATA_DISABLED": "true",
        "CDK_DISABLE_CLI_TELEMETRY": "true",
    }
    cdk = [CDK, "synth", "--quiet", "--output"]
    unchecked = environment | {"CDK_VALIDATION": "false"}
    programs = {
        "stack synth": ([STACK, "synth", "--output", WORK / "stack"], environment),
        "cdk synth": ([*cdk, WORK / "cdk.out"], environment),
        "cdk synth --no-validation": ([*cdk, WORK / "cdk-unchecked.out", "--no-validation"], environment),
        "node app.js": (["node", "app.js"], unchecked | {"CDK_OUTDIR": str(WORK / "node.out")}),
    }
    print_versions()
    print_resources(environment)
    compare(programs, options.rounds)


def install_app():
    """Copies the CDK app below target/ and installs its packages, unless they are there."""
    lock, installed = HERE / "cdk/package-lock.json", APP / "node_modules/installed-lock.json"
    shutil.copytree(HERE / "cdk", APP, dirs_exist_ok=True)
    if not installed.exists() or installed.read_text() != lock.read_text():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=APP, check=True, stdout=subprocess.DEVNULL)
        shutil.copy(lock, installed)


def print_versions():
    packages = json.loads((APP / "package.json").read_text())["dependencies"]
    versions = [f"{name} {version}" for name, version in packages.items()]
    for tool in ("rustc", "node"):
        answer = subprocess.run([tool, "--version"], check=True, capture_output=True, text=True).stdout
        versions.append(f"{tool} {answer.removeprefix(tool).split()[0].removeprefix('v')}")
    print(f"{', '.join(versions)}; {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}")


def print_resources(environment):
    """The resources of both templates, which must agree for the times to be comparable."""
    synth = [STACK, "synth", "--format", "json", "--stdout"]
    ours = subprocess.run(synth, env=environment, cwd=WORK, check=True, capture_output=True, text=True).stdout
    run([CDK, "synth", "--quiet", "--output", WORK / "cdk.out"], environment)
    theirs = (WORK / "cdk.out/activity-development.template.json").read_text()
    ours, theirs = (
        collections.Counter(resource["Type"] for resource in json.loads(template)["Resources"].values())
        for template in (ours, theirs)
    )
    types = sorted(ours | theirs)
    print(f"{ours.total()} resources in ours, {theirs.total()} in the CDK's, of {len(types)} types")
    differences = [f"{name}: {ours[name]} and {theirs[name]}" for name in types if ours[name] != theirs[name]]
    if differences:
        sys.exit("the stacks differ; make them equal in cdk/lib:\n" + "\n".join(differences))


def run(command, environment):
    """Runs a program in the app's folder: its wall clock and CPU seconds."""
    with open(WORK / "output.log", "wb") as log:
        started = time.perf_counter()
        process = subprocess.Popen(command, env=environment, cwd=APP, stdout=log, stderr=log)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} failed; see {WORK / 'output.log'}")
    return wall, usage.ru_utime + usage.ru_stime


def compare(programs, rounds):
    """The times of all programs, in turns, after one run of each that warms the file cache."""
    times = {name: [] for name in programs}
    for number in range(rounds + 1):
        for name, (command, environment) in programs.items():
            measured = run(command, environment)
            if number > 0:
                times[name].append(measured)
    medians = {name: [statistics.median(column) for column in zip(*rows)] for name, rows in times.items()}
    ours = medians["stack synth"]
    print(f"medians of {rounds} rounds, ms; in brackets the lowest and the highest")
    print(f"{'':<26} {'wall clock':>25} {'ratio':>7} {'CPU':>25} {'ratio':>7}")
    for name, rows in times.items():
        cells = []
        for column, median, base in zip(zip(*rows), medians[name], ours, strict=True):
            spread = f"({1000 * min(column):.1f} to {1000 * max(column):.1f})"
            cells.append(f"{1000 * median:>7.1f} {spread:>17} {median / base:>7.0f}")
        print(f"{name:<26} {' '.join(cells)}")


if __name__ == "__main__":
    main()
