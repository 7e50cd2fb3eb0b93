#!/usr/bin/env python3
"""Measures a `stack deploy` that has nothing to change, and where its time goes.

    python3 stack/benches/deploy/unchanged.py [--rounds N] [--release] [--port PORT]

Needs Rust, a C compiler and Python 3.10 or newer on Linux. Starts the emulator and deploys the development environment to it
once; then every deployment finds the packages built and uploaded, and the stack as it is wanted.

What is timed is the whole process and its children, from its start to its exit: wall clock, and CPU seconds as user and
system time. It is divided into three:
- cargo: the program asks it what the workspace is and to build the functions, which are up to date. A wrapper that the
  program is given as `CARGO` times it, and costs a millisecond or two itself.
- the emulator, whose CPU seconds are those of its process meanwhile.
- ours: the rest of the CPU seconds. The rest of the wall clock is ours and the emulator's, who take turns.

On a busy machine trust the CPU seconds.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
WORK = TARGET / "deploy-unchanged"
DAEMON = ROOT / "target/emulator/daemon.json"
CARGO = WORK / "cargo"
TIMES = WORK / "cargo-times"

WRAPPER = """#!/bin/sh
start=$(date +%s%N)
cargo "$@"
code=$?
echo $(($(date +%s%N) - start)) >> "$TIMES"
times >> "$TIMES"
exit $code
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15, help="rounds (default: %(default)s)")
    parser.add_argument("--release", action="store_true", help="an optimised program, not the one of `cargo run`")
    parser.add_argument("--port", type=int, default=4599, help="the emulator's port (default: %(default)s)")
    options = parser.parse_args()

    WORK.mkdir(parents=True, exist_ok=True)
    CARGO.write_text(WRAPPER)
    CARGO.chmod(0o755)
    profile = ["--release"] if options.release else []
    # The whole workspace, or the SDKs are compiled anew with other features.
    subprocess.run(["cargo", "build", "--workspace", "--bin", "stack", *profile], cwd=ROOT, check=True)
    stack = TARGET / ("release" if options.release else "debug") / "stack"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}

    subprocess.run([stack, "local", "up", "--port", str(options.port)], cwd=ROOT, env=environment, check=True)
    try:
        daemon = json.loads(DAEMON.read_text())
        environment |= {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": daemon["region"],
            "AWS_EC2_METADATA_DISABLED": "true",
            "CARGO": str(CARGO),
            "TIMES": str(TIMES),
        }
        command = [stack, "deploy", "--yes", "--endpoint-url", daemon["endpoint"]]
        # The first run warms the file cache.
        rounds = [measure(command, environment, daemon["process"]) for _ in range(options.rounds + 1)][1:]
    finally:
        subprocess.run([stack, "local", "down"], cwd=ROOT, env=environment, check=True)
    show(rounds)


def measure(command, environment, emulator):
    """One deployment: milliseconds of wall clock and of CPU, by who takes them."""
    TIMES.unlink(missing_ok=True)
    before = cpu_of(emulator)
    with open(WORK / "output.log", "wb") as log:
        started = time.perf_counter()
        process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=log, stderr=log)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0 or ": unchanged" not in (WORK / "output.log").read_text():
        sys.exit(f"the deployment failed or changed something; see {WORK / 'output.log'}")
    emulator_cpu = cpu_of(emulator) - before
    cargo_wall, cargo_cpu = cargo_times()
    cpu = usage.ru_utime + usage.ru_stime
    return {
        "wall clock, all": wall,
        "wall clock, cargo": cargo_wall,
        "wall clock, ours and the emulator's": wall - cargo_wall,
        "CPU, cargo": cargo_cpu,
        "CPU, the emulator": emulator_cpu,
        "CPU, ours": cpu - cargo_cpu,
    }


def cpu_of(process):
    """The CPU seconds that a process has used so far."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def cargo_times():
    """The wall clock and CPU seconds of all runs of cargo: three lines each, of which the last is of its children."""
    lines = TIMES.read_text().splitlines()
    wall = sum(int(line) for line in lines[0::3]) / 1e9
    cpu = sum(seconds(part) for line in lines[2::3] for part in line.split())
    return wall, cpu


def seconds(text):
    """What the shell writes as 0m0.120000s."""
    minutes, rest = text.removesuffix("s").split("m")
    return 60 * int(minutes) + float(rest)


def show(rounds):
    print(f"medians of {len(rounds)} rounds, ms; in brackets the lowest and the highest; {os.cpu_count()} CPUs, ", end="")
    print(f"load {os.getloadavg()[0]:.1f}")
    for name in rounds[0]:
        column = [1000 * row[name] for row in rounds]
        print(f"{name:<36} {statistics.median(column):>7.0f}  ({min(column):.0f} to {max(column):.0f})")


if __name__ == "__main__":
    main()
