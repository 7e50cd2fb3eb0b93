"""Checks the report of `local run` on the wikiticker file: all 39,244 rows are written and read back."""

import json
import sys

report = json.load(open(sys.argv[1], encoding="utf-8"))
expected = {"lines": 39_244, "written": 39_244, "duplicates": 0, "quarantined": 0, "dropped": 0, "blank": 0}
assert report["totals"] == expected, report["totals"]
assert report["table"]["items"] == 39_244, report["table"]
assert [file["status"] for file in report["files"]] == ["SUCCEEDED"], report["files"]
print("39,244 rows written and read back in", round(report["seconds"], 1), "s")
