#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Refuses an include that goes up or sideways. The order is the one in ARCHITECTURE.md."""
import pathlib
import re
import sys

# A folder may include from those named after it and from itself; "base" is allowed everywhere.
ALLOWED = {
    "base": [],
    "event": [],
    "net": [],
    "rules": ["event"],
    "kql": [],
    "store": ["event", "net"],
    "store/host": [],
    "sensor/kernel": [],
    "sensor/logs": [],
    "sensor/process": ["event", "sensor/kernel", "sensor/logs"],
    "sensor/uplink": ["event", "net"],
    "cloud/access": ["net", "store"],
    "cloud/fleet": ["net", "store", "event"],
    "cloud/detect": ["event", "rules", "store"],
    "cloud/incident": ["event", "rules", "store", "cloud/detect"],
    "cloud/tuning": ["event", "rules", "store", "cloud/detect", "cloud/incident"],
    "cloud/hunt": ["kql", "net", "store"],
    "cloud/custom": ["event", "rules", "kql", "store", "cloud/detect", "cloud/incident", "cloud/hunt"],
    "cloud/ingest": ["event", "net", "store", "rules", "cloud/fleet", "cloud/detect",
                     "cloud/incident", "cloud/tuning"],
    "cloud/api": ["event", "net", "store", "rules", "cloud/access", "cloud/fleet", "cloud/detect",
                  "cloud/incident", "cloud/tuning", "cloud/hunt", "cloud/custom", "cloud/ingest", "kql"],
}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)
ROOT = pathlib.Path(__file__).resolve().parent.parent / "src"


def main():
    bad = 0
    for path in sorted(ROOT.rglob("*.[ch]")):
        folder = path.parent.relative_to(ROOT).as_posix()
        if folder == "programs":
            continue
        if folder not in ALLOWED:
            print(f"not ok - src/{folder} is not named in tools/check-floors.py")
            bad += 1
            continue
        for name in INCLUDE.findall(path.read_text()):
            target = name.rpartition("/")[0]
            if target and target not in ALLOWED[folder] and target not in (folder, "base", "bpf"):
                print(f"not ok - src/{folder}/{path.name} includes {name}")
                bad += 1
    if not bad:
        print("ok - every include goes down")
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
