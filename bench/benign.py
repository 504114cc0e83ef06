#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""benign.py - bench/benign-hour.sh beside the real sensor: which of our rules are true of it

usage: benign.py BUILD [--record FILE] [--rounds N]

What counts are rows of the load's own processes, whatever else this machine does. Ends with an error when a
rule above Informational was true of one. --record keeps one round for the tests, as content/rules/benign.jsonl.xz:
a row a line, in the columns that rules look at. Needs root.
"""
import argparse
import collections
import json
import lzma
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

RULES = pathlib.Path(__file__).resolve().parents[1] / "content/rules/linux"
LOAD = pathlib.Path(__file__).with_name("benign-hour.sh")
LEFT_OUT = {"ReportId", "DeviceId", "DeviceName", "MD5", "SHA1", "SHA256", "ProcessTokenElevation", "BootId"}


def wait_for(path, process, seconds):
    end = time.monotonic() + seconds
    while not path.exists():
        if process.poll() is not None or time.monotonic() > end:
            sys.exit(f"{path.name} did not come")
        time.sleep(0.2)


def watch(build, folder, rounds):
    """Rows of all of this machine while the load ran, and the load's own process id."""
    load = subprocess.Popen([LOAD, folder, str(rounds)], stdin=subprocess.DEVNULL)
    wait_for(folder / "ready", load, 60)
    log = folder / "sensor.log"
    with open(log, "w") as out:
        sensor = subprocess.Popen([build / "vakt-sensor", "--state-dir", folder, "--run-dir", folder], stderr=out)
    try:
        while "started" not in log.read_text():
            if sensor.poll() is not None:
                sys.exit(log.read_text())
            time.sleep(0.1)
        (folder / "go").touch()
        load.wait()
        time.sleep(2)
    finally:
        sensor.terminate()
        sensor.wait()
    done = (folder / "done").read_text().strip()
    if done != "ok":
        sys.exit(f"{done}\n{(folder / 'log').read_text()[-3000:]}")
    rows = folder / "rows"
    with open(rows, "w") as out:
        subprocess.run([build / "vakt-frames", *sorted((folder / "spool").glob("*.seg"))], stdout=out, check=True)
    return rows, int((folder / "ready").read_text())


def own_rows(rows, root):
    """Those of processes that the load began, from the first row that names it on."""
    own = set()
    with open(rows) as lines:
        for line in lines:
            row = json.loads(line)
            actor, target = row.get("InitiatingProcessUniqueId"), row.get("ProcessUniqueId")
            if row.get("InitiatingProcessId") == root and actor:
                own.add(actor)
            if actor in own or target in own:
                if row["Table"] == "DeviceProcessEvents" and target:
                    own.add(target)
                yield row


def compact(row):
    return {name: value for name, value in row.items()
            if name not in LEFT_OUT and not name.startswith("InitiatingProcessSHA")
            and not name.endswith("UniqueId") and value not in (None, "")}


def scan(build, text):
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as out:
        out.write(text)
        out.flush()
        found = subprocess.run([build / "vakt-rules", "scan", out.name, RULES], capture_output=True,
                               text=True, check=True).stdout
    lines = text.splitlines()
    count, first = collections.Counter(), {}
    for line in found.splitlines():
        number, _, level, _, title = line.split("\t")
        count[level, title] += 1
        first.setdefault((level, title), json.loads(lines[int(number) - 1]))
    for (level, title), n in sorted(count.items()):
        row = first[level, title]
        print(f"  {level:13} {n:4} times {title}: {row.get('ProcessCommandLine') or row.get('FolderPath')}, "
              f"by {row.get('InitiatingProcessCommandLine')} of {row.get('InitiatingProcessParentFileName')}")
    return sorted({title for level, title in count if level != "informational"})


def main():
    p = argparse.ArgumentParser()
    p.add_argument("build", type=pathlib.Path)
    p.add_argument("--record", type=pathlib.Path)
    p.add_argument("--rounds", type=int, default=1)
    a = p.parse_args()
    build = a.build / "src/programs"
    folder = pathlib.Path(tempfile.mkdtemp(prefix="vakt-benign-"))
    try:
        rows, root = watch(build, folder, a.rounds)
        text = "".join(json.dumps(compact(row), separators=(",", ":"), ensure_ascii=False) + "\n"
                       for row in own_rows(rows, root))
    finally:
        shutil.rmtree(folder)
    if a.record:
        with lzma.open(a.record, "wt", preset=9 | lzma.PRESET_EXTREME) as out:
            out.write(text)
    print(f"benign: {text.count(chr(10))} rows of a benign hour's work")
    loud = scan(build, text)
    if loud:
        sys.exit(f"above Informational: {', '.join(loud)}")


if __name__ == "__main__":
    main()
