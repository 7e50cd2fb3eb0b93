"""The reference design's processor in Python: what most teams would write, and what the Rust one is compared with.

boto3's `batch_writer`, `gzip` and `json` with `Decimal`, over the same table and the same object. It does less than
the Rust processor: no record contract, no quarantine, no accounting, no resumed reads.

Run by `compare.py`: python handler.py BUCKET KEY TABLE
"""

import gzip
import json
import sys
from decimal import Decimal

import boto3
from botocore.config import Config

s3 = boto3.client("s3", config=Config(s3={"addressing_style": "path"}))
dynamodb = boto3.resource("dynamodb")


def handler(event, context):
    """Writes every row of the object as an item; returns how many. What is no JSON or has no key is left out."""
    body = s3.get_object(Bucket=event["bucket"], Key=event["key"])["Body"]
    lines = gzip.GzipFile(fileobj=body) if event["key"].endswith(".gz") else body.iter_lines()
    table = dynamodb.Table(event["table"])
    rows = malformed = 0
    with table.batch_writer(overwrite_by_pkeys=["user_id", "timestamp"]) as batch:
        for line in lines:
            if line.strip():
                try:
                    batch.put_item(Item=json.loads(line, parse_float=Decimal))
                    rows += 1
                except (ValueError, KeyError):
                    malformed += 1
    return {"lines": rows + malformed, "written": rows, "quarantined": malformed}


if __name__ == "__main__":
    print(json.dumps(handler(dict(zip(("bucket", "key", "table"), sys.argv[1:], strict=True)), None)))
