#!/usr/bin/env python3
"""Compares the processor with the reference design in Python, against one local server.

    python3 functions/processor/benches/compare.py [--rows N] [--rounds N] [--port N]

Needs Rust and Python 3.10 or newer; installs boto3 and the emulator, pinned in reference/requirements.txt, into a
virtual environment under target/. Both programs read the same gzip object from the emulator's S3 and write the same
items to its DynamoDB, one after the other, in turns, so that a busy machine disturbs both alike.

What is printed:
- rows per CPU second: rows over the user and system time of the client process alone, less what the same process
  takes for an empty file (start-up, imports, TLS set-up). The server's time does not count, nor does waiting for it.
- the ratio, round by round, and its median.
- peak memory (ru_maxrss) of the Rust processor for 1, 10 and 100 times a tenth of the rows.
"""

import argparse
import gzip
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
WORK = TARGET / "compare"
BUCKET, QUARANTINE, TABLE = "compare-activity", "compare-quarantine", "compare"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=20_000, help="rows of the compared file (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds (default: %(default)s)")
    parser.add_argument("--port", type=int, default=4701, help="the emulator's port (default: %(default)s)")
    options = parser.parse_args()

    python = virtual_environment()
    # The profile that the function ships with.
    build = ["cargo", "build", "--profile", "lambda", "--package", "processor", "--example", "process"]
    subprocess.run(build, cwd=ROOT, check=True)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(WORK),
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{options.port}",
    }
    server = start_server(python, options.port, environment)
    try:
        prepare(python, environment, options.rows)
        rust = [
            str(TARGET / "lambda/examples/process"),
            *(BUCKET, "{key}", TABLE, QUARANTINE, str(HERE.parent / "contract.yaml")),
        ]
        reference = [str(python), str(HERE / "reference/handler.py"), BUCKET, "{key}", TABLE]
        compare(rust, reference, environment, options)
        memory(rust, environment, options.rows)
    finally:
        server.terminate()
        server.wait()


def virtual_environment():
    """The Python that has the pinned packages."""
    wanted = (HERE / "reference/requirements.txt").read_text()
    python, done = WORK / "venv/bin/python", WORK / "venv/installed.txt"
    if not done.exists() or done.read_text() != wanted:
        shutil.rmtree(WORK / "venv", ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", WORK / "venv"], check=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "-r", HERE / "reference/requirements.txt"], check=True)
        done.write_text(wanted)
    return python


def start_server(python, port, environment):
    """The emulator, ready to answer."""
    health = f"http://127.0.0.1:{port}/_localstack/health"
    try:
        urllib.request.urlopen(health, timeout=1)
        sys.exit(f"port {port} is in use; choose another with --port")
    except OSError:
        pass
    ports = {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "EDGE_PORT": str(port), "MINISTACK_HOST": "127.0.0.1"}
    with open(WORK / "server.log", "w") as log:
        server = subprocess.Popen(
            [python.parent / "ministack"], env=environment | ports, stdout=log, stderr=log, cwd=WORK
        )
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(health, timeout=1)
            return server
        except OSError:
            time.sleep(0.1)
    server.kill()
    sys.exit(f"the emulator did not start; see {WORK / 'server.log'}")


PREPARE = """
import sys, boto3
from botocore.config import Config
bucket, quarantine, table, *files = sys.argv[1:]
s3 = boto3.client("s3", config=Config(s3={"addressing_style": "path"}))
for name in (bucket, quarantine):
    s3.create_bucket(Bucket=name)
for file in files:
    s3.upload_file(file, bucket, file.rsplit("/", 1)[1])
boto3.client("dynamodb").create_table(
    TableName=table, BillingMode="PAY_PER_REQUEST",
    AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("user_id", "timestamp")],
    KeySchema=[{"AttributeName": "user_id", "KeyType": "HASH"}, {"AttributeName": "timestamp", "KeyType": "RANGE"}])
"""


def prepare(python, environment, rows):
    """The buckets, the table and the files: the compared one, an empty one, and three for memory."""
    sizes = {"compared": rows, "empty": 0} | {f"memory-{scale}": rows // 10 * scale for scale in (1, 10, 100)}
    files = []
    for name, size in sizes.items():
        files.append(WORK / f"{name}.jsonl.gz")
        write_sample(files[-1], size)
    subprocess.run([python, "-c", PREPARE, BUCKET, QUARANTINE, TABLE, *files], env=environment, check=True)


def write_sample(path, rows):
    """Rows shaped like the upload tool's, no two with the same key; the same bytes each time."""
    draw = random.Random(rows)
    events = ("view", "click", "add_to_cart", "purchase")
    with gzip.GzipFile(path, "wb", mtime=0) as file:
        for number in range(rows):
            seconds, millisecond = divmod(number, 1000)
            row = {
                "user_id": f"user_{draw.randrange(10_000)}",
                "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(1_700_000_000 + seconds))
                + f".{millisecond:03}Z",
                "event": draw.choice(events),
                "product_id": f"product_{draw.randrange(1_000)}",
                "price": round(draw.uniform(1, 500), 2),
            }
            file.write(json.dumps(row).encode() + b"\n")


def run(command, key, environment, rows):
    """Runs a client on an object: its CPU seconds and its peak memory, MiB."""
    process = subprocess.Popen(
        [part.replace("{key}", key) for part in command], env=environment, stdout=subprocess.PIPE, text=True
    )
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{command[0]} failed on {key}")
    output = json.loads(output)
    if output["written"] != rows:
        sys.exit(f"{command[0]} wrote {output['written']} of the {rows} rows of {key}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def compare(rust, reference, environment, options):
    """Rows per CPU second of both, in turns."""
    print(f"{options.rows} rows; rows per CPU second")
    print(f"{'round':>6} {'Rust':>10} {'Python':>10} {'ratio':>7}")
    rates = {"rust": [], "reference": []}
    for number in range(options.rounds):
        turns = [("rust", rust), ("reference", reference)]
        for name, command in turns if number % 2 == 0 else reversed(turns):
            start_up, _ = run(command, "empty.jsonl.gz", environment, 0)
            seconds, _ = run(command, "compared.jsonl.gz", environment, options.rows)
            rates[name].append(options.rows / (seconds - start_up))
        fast, slow = rates["rust"][-1], rates["reference"][-1]
        print(f"{number + 1:>6} {fast:>10,.0f} {slow:>10,.0f} {fast / slow:>7.1f}", flush=True)
    ratios = [fast / slow for fast, slow in zip(rates["rust"], rates["reference"], strict=True)]
    fast, slow = (statistics.median(rates[name]) for name in ("rust", "reference"))
    print(f"{'median':>6} {fast:>10,.0f} {slow:>10,.0f} {statistics.median(ratios):>7.1f}")
    print(f"ratio from {min(ratios):.1f} to {max(ratios):.1f}")


def memory(rust, environment, rows):
    """Peak memory of the Rust processor as its input grows."""
    print("peak memory of the Rust processor")
    for scale in (1, 10, 100):
        size = rows // 10 * scale
        _, peak = run(rust, f"memory-{scale}.jsonl.gz", environment, size)
        print(f"{size:>10,} rows {peak:>7.1f} MiB", flush=True)


if __name__ == "__main__":
    main()
