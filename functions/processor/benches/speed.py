#!/usr/bin/env python3
"""CPU seconds for a million rows, where whoever takes the rows costs nothing.

    python3 functions/processor/benches/speed.py [--rows N] [--rounds N] [--port N] [--latency MS] [--profile NAME]
                                                 [--reference N]

Needs Rust and Python 3.10 or newer, and for `--reference` what compare.py needs. The rows are made by the program, the same each time: about 330 bytes each, two of a
hundred malformed. A sink (`examples/sink.rs`) serves them as a gzip object of S3 and answers each `BatchWriteItem` at
once, or after `--latency` milliseconds; its own time does not count.

What is printed, in turns and as medians, with the lowest and the highest:
- floor: the same work in one thread with nothing read from S3 and nothing sent (`examples/floor.rs`);
- processor: all of it, through `examples/process.rs`; its ratio to the floor; its peak memory; rows a second;
- reference, with `--reference`: reference/handler.py on so many of the rows, less its start-up; its ratio to the processor.
"""

import argparse
import gzip
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
WORK = TARGET / "speed"
CONTRACT = HERE.parent / "contract.yaml"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the file (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds (default: %(default)s)")
    parser.add_argument("--port", type=int, default=4799, help="the sink's port (default: %(default)s)")
    parser.add_argument("--latency", type=int, default=0, help="milliseconds for a write (default: %(default)s)")
    parser.add_argument("--profile", default="lambda", help="the cargo profile (default: %(default)s, the function's)")
    parser.add_argument("--reference", type=int, default=0, help="rows for the reference in Python (default: none)")
    options = parser.parse_args()

    examples = [f"--example={name}" for name in ("process", "sink", "floor")]
    build = ["cargo", "build", "--profile", options.profile, "--package", "processor", *examples]
    subprocess.run(build, cwd=ROOT, check=True)
    programs = TARGET / options.profile / "examples"
    file = make_file(programs / "sink", options.rows)
    serve = [programs / "sink", "serve", str(options.port), WORK, str(options.latency)]
    sink = subprocess.Popen(serve)
    try:
        wait_for(options.port)
        floor = [programs / "floor", file, CONTRACT]
        processor = [programs / "process", "bucket", file.name, "table", "quarantine", CONTRACT]
        compare(floor, processor, reference(programs / "sink", options.reference), options)
    finally:
        sink.terminate()
        sink.wait()


def make_file(sink, rows):
    """The rows, packed, once."""
    WORK.mkdir(parents=True, exist_ok=True)
    plain, packed = WORK / f"{rows}.jsonl", WORK / f"{rows}.jsonl.gz"
    subprocess.run([sink, "write", str(rows), plain], check=True)
    with open(plain, "rb") as source, gzip.GzipFile(packed, "wb", 6, mtime=0) as target:
        shutil.copyfileobj(source, target)
    print(f"{rows:,} rows: {plain.stat().st_size / 1e6:.0f} MB, {packed.stat().st_size / 1e6:.0f} MB as gzip")
    plain.unlink()
    return packed


def reference(sink, rows):
    """What runs the reference on so many rows, and on none."""
    if rows == 0:
        return None
    from compare import virtual_environment

    command = [virtual_environment(), HERE / "reference/handler.py", "bucket"]
    return [[*command, make_file(sink, count).name, "table"] for count in (rows, 0)]


def wait_for(port):
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    sys.exit(f"the sink does not listen on port {port}; choose another with --port")


def run(command, port, rows):
    """Runs a program: its CPU seconds, its wall-clock seconds and its peak memory, MiB."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(WORK),
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
    }
    began = time.monotonic()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{command[0]} failed")
    # The last line: what comes before it is the log.
    counts = json.loads(output.strip().splitlines()[-1])
    if counts["lines"] != rows or counts["written"] + counts["quarantined"] != rows:
        sys.exit(f"{command[0]} does not account for {rows} rows: {counts}")
    return usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024


def compare(floor, processor, reference, options):
    """All, in turns, so that a busy machine disturbs all alike."""
    floors, processors, references = [], [], []
    for number in range(options.rounds):
        turns = [(floors, floor), (processors, processor)]
        for results, command in turns if number % 2 == 0 else reversed(turns):
            results.append(run(command, options.port, options.rows))
        if reference:
            whole, start_up = (run(command, options.port, rows) for command, rows in zip(reference, (options.reference, 0)))
            references.append((whole[0] - start_up[0]) / options.reference * 1e6)
    million = options.rows / 1e6
    show("floor, CPU s per million rows", [cpu / million for cpu, _, _ in floors])
    show("processor, CPU s per million rows", [cpu / million for cpu, _, _ in processors])
    show("ratio", [ours[0] / least[0] for ours, least in zip(processors, floors, strict=True)])
    show("processor, peak memory MiB", [memory for _, _, memory in processors])
    show("processor, rows a second", [options.rows / wall for _, wall, _ in processors])
    if reference:
        show("reference, CPU s per million rows", references)
        ours = [cpu / million for cpu, _, _ in processors]
        show("ratio", [theirs / cpu for theirs, cpu in zip(references, ours, strict=True)])


def show(name, values):
    print(f"{name:<36} {statistics.median(values):>10,.2f} ({min(values):,.2f}–{max(values):,.2f})", flush=True)


if __name__ == "__main__":
    main()
