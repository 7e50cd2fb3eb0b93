#!/usr/bin/env python3
"""The whole pipeline on the emulator: one file, ten, a hundred, and one of 200 MB that is split into ranges.

    python3 functions/processor/benches/emulator.py [--rows N]

Needs Rust and Python 3.10 or newer. Each run is `stack local run` on an emulator of its own, with rows that no other file of
the run has. What is printed: the time from the first upload to the end of the last execution, and how the rows were accounted.
It is the emulator's time, for the most part: it is one Python process, which takes a few thousand rows a second. `stack local
run` fails where a count does not reconcile or an item cannot be read back, and so does this. The rows of the large file are long,
since the emulator's time to read a table back grows with the square of its items.
"""

import argparse
import json
import subprocess
import tempfile
from itertools import islice
from pathlib import Path

from speed import ROOT, TARGET


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000, help="rows of a file (default: %(default)s)")
    options = parser.parse_args()

    subprocess.run(["cargo", "build", "--profile", "lambda", "-p", "processor", "--example", "sink"], cwd=ROOT, check=True)
    print(f"{'files':>6} {'rows':>9} {'MB':>6} {'seconds':>8} {'written':>9} {'quarantined':>11}")
    runs = [(1, options.rows, 0), (10, options.rows, 0), (100, options.rows, 0), (1, 40_000, 4_700)]
    for files, rows, padding in runs:
        with tempfile.TemporaryDirectory() as folder:
            show(run(make(Path(folder), files, rows, padding)))


def make(folder, files, rows, padding):
    """So many files with so many rows each, and so many more bytes in each row."""
    everything = folder / "everything"
    subprocess.run([TARGET / "lambda/examples/sink", "write", str(files * rows), everything], check=True)
    paths = [folder / f"{number:03}.jsonl" for number in range(files)]
    with open(everything, "rb") as lines:
        for path in paths:
            with open(path, "wb") as file:
                file.writelines(padded(line, padding) for line in islice(lines, rows))
    everything.unlink()
    return paths


def padded(row, padding):
    """The row with a field of so many bytes more; a row that is cut short stays so."""
    if padding == 0 or not row.endswith(b"}\n"):
        return row
    return row.removesuffix(b"}\n") + b',"padding":"%s"}\n' % (b"x" * padding)


def run(paths):
    """What `stack local run` says of the files, and their size in MB."""
    command = ["cargo", "run", "--quiet", "-p", "stack", "--", "local", "run", "--json", "--port", "0", "--timeout", "3600"]
    output = subprocess.run([*command, *paths], cwd=ROOT, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return json.loads(output.stdout), sum(path.stat().st_size for path in paths) / 1e6


def show(result):
    report, megabytes = result
    totals = report["totals"]
    print(
        f"{len(report['files']):>6} {totals['lines']:>9} {megabytes:>6.1f} {report['processing_seconds']:>8.1f}"
        f" {totals['written']:>9} {totals['quarantined']:>11}",
        flush=True,
    )


if __name__ == "__main__":
    main()
