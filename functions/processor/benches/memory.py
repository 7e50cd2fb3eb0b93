#!/usr/bin/env python3
"""Peak memory as the input grows, from the process's start to its end.

    python3 functions/processor/benches/memory.py [--rows N,N,…] [--port N] [--profile NAME]

Needs Rust and Python 3.10 or newer. The sink of speed.py makes the rows while it sends them, about 300 bytes each, as an
object that is not packed: 33 million are 10 GB. Nothing is stored but what the processor itself spills to its temporary
folder. Printed for each size: the peak of the resident memory (ru_maxrss), CPU seconds for a million rows, which the keys
past the bound make grow, and the seconds that it took.
"""

import argparse
import subprocess

from speed import CONTRACT, ROOT, TARGET, WORK, run, wait_for


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sizes = "5000,500000,7000000,10000000,33000000"
    parser.add_argument("--rows", default=sizes, help="rows of each input (default: %(default)s)")
    parser.add_argument("--port", type=int, default=4798, help="the sink's port (default: %(default)s)")
    parser.add_argument("--profile", default="lambda", help="the cargo profile (default: %(default)s, the function's)")
    options = parser.parse_args()

    examples = ["--example=process", "--example=sink"]
    build = ["cargo", "build", "--profile", options.profile, "--package", "processor", *examples]
    subprocess.run(build, cwd=ROOT, check=True)
    programs = TARGET / options.profile / "examples"
    WORK.mkdir(parents=True, exist_ok=True)
    sink = subprocess.Popen([programs / "sink", "serve", str(options.port), WORK, "0"])
    try:
        wait_for(options.port)
        print(f"{'rows':>12} {'peak MiB':>9} {'CPU s/million':>14} {'seconds':>8}")
        for rows in map(int, options.rows.split(",")):
            command = [programs / "process", "bucket", f"{rows}.rows", "table", "quarantine", CONTRACT]
            cpu, wall, memory = run(command, options.port, rows)
            print(f"{rows:>12,} {memory:>9.1f} {cpu / rows * 1e6:>14.2f} {wall:>8.1f}", flush=True)
    finally:
        sink.terminate()
        sink.wait()


if __name__ == "__main__":
    main()
