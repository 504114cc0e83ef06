#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""run.py - runs attacks that others have published and says which of them our rules see

usage: run.py BUILD LIST ATOMICS [GUID...]

LIST is a JSON file: {"atomics": [{"technique", "guid", "name"}, ...]}. ATOMICS is the folder of that
name in a checkout of the public collection, or the git folder of one; nothing of it lies here. Each
command runs as jail.sh lets it, with the values that the collection gives; its preparations are left
out. The sensor watches, and what came of each attack's own processes is looked at with our rules.

The sensor runs beside the others of this machine; nothing of theirs is looked at.

Prints a line for each: whether a rule of the right technique, of another or none was true of it.
Needs root. Not a test: what the collection holds is not ours to promise.
"""
import collections
import json
import pathlib
import subprocess
import sys
import tempfile
import time

import yaml

SOURCE = pathlib.Path(__file__).resolve().parents[2]
JAIL = pathlib.Path(__file__).with_name("jail.sh")
SECONDS = 12


class Collection:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.is_git = (self.folder / "HEAD").exists()
        self.tests = {}

    def text(self, technique):
        name = f"{technique}/{technique}.yaml"
        if not self.is_git:
            path = self.folder / name
            return path.read_text() if path.exists() else ""
        shown = subprocess.run(["git", "-C", self.folder, "show", f"HEAD:atomics/{name}"],
                               capture_output=True, text=True, check=False)
        return shown.stdout

    def find(self, technique, guid):
        if technique not in self.tests:
            document = yaml.safe_load(self.text(technique)) or {}
            self.tests[technique] = {t.get("auto_generated_guid"): t for t in document.get("atomic_tests", [])}
        return self.tests[technique].get(guid)


def command_of(test):
    """The command with its arguments' defaults; None for what a person has to do."""
    command = test["executor"].get("command")
    for name, argument in (test.get("input_arguments") or {}).items():
        command = command and command.replace("#{%s}" % name, str(argument.get("default")))
    return command and command.replace("PathToAtomicsFolder", "/opt/atomics").strip()


def attack(guid, test):
    shell = "bash" if test["executor"]["name"] == "bash" else "sh"
    subprocess.run(
        ["timeout", "-k", "1", str(SECONDS), "unshare", "--mount", "--pid", "--fork", "--kill-child", "--net",
         "--ipc", "--uts", "sh", JAIL, guid, shell, command_of(test)],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


def watch(build, state, attacks):
    log = state / "log"
    with open(log, "w") as out:
        sensor = subprocess.Popen([build / "vakt-sensor", "--state-dir", state, "--run-dir", state], stderr=out)
    try:
        while "started" not in log.read_text():
            if sensor.poll() is not None:
                sys.exit(f"the sensor does not start: {log.read_text()}")
            time.sleep(0.1)
        for guid, test in attacks:
            attack(guid, test)
        time.sleep(1)
    finally:
        sensor.terminate()
        sensor.wait()
    rows = state / "rows"
    with open(rows, "w") as out:
        subprocess.run([build / "vakt-frames", *sorted((state / "spool").glob("*.seg"))], stdout=out, check=True)
    return rows


def owners(rows, guids):
    """Line of the rows -> the attack whose process it is of, from the start of its own shell on."""
    jailed, owner, of_line = {}, {}, {}
    with open(rows) as lines:
        for number, line in enumerate(lines, 1):
            row = json.loads(line)
            own, parent = row.get("ProcessUniqueId"), row.get("InitiatingProcessUniqueId")
            if row.get("ActionType") == "ProcessCreated":
                words = row.get("ProcessCommandLine", "").split(" ", 4)
                if len(words) > 3 and words[1] == str(JAIL) and words[2] in guids:
                    jailed[own] = words[2]
                elif own in jailed and words[1:2] == ["-c"]:
                    owner[own] = jailed[own]
            guid = owner.get(own) or owner.get(parent)
            if guid:
                of_line[number] = guid
                if own:
                    owner[own] = guid
    return of_line


def matches(build, rows, of_line):
    found = collections.defaultdict(list)
    scan = subprocess.run([build / "vakt-rules", "scan", rows, SOURCE / "content/rules/linux"],
                          capture_output=True, text=True, check=True)
    for line in scan.stdout.splitlines():
        number, _, level, techniques, title = line.split("\t")
        guid = of_line.get(int(number))
        if guid and (level, techniques, title) not in found[guid]:
            found[guid].append((level, techniques, title))
    return found


def report(wanted, found):
    tally = collections.Counter()
    for guid, technique, name, ran in wanted:
        hits = found.get(guid, [])
        right = [h for h in hits if technique in h[1].split(",")]
        verdict = "not run" if not ran else "right" if right else "other" if hits else "none"
        tally[verdict] += 1
        shown = "; ".join(f"{title} ({level})" for level, _, title in (right or hits)[:2])
        print(f"{verdict:8}{technique:10} {guid} {name[:44]:44} {shown}")
    ran = sum(n for verdict, n in tally.items() if verdict != "not run")
    print(f"{tally['right']} of {ran} that ran were seen as what they are ({100 * tally['right'] // max(ran, 1)} %), "
          f"{tally['other']} as something else, {tally['none']} not; {tally['not run']} cannot run here")


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    build = pathlib.Path(sys.argv[1]).resolve() / "src/programs"
    collection = Collection(sys.argv[3])
    wanted, attacks = [], []
    for entry in json.loads(pathlib.Path(sys.argv[2]).read_text())["atomics"]:
        guid = entry["guid"]
        if sys.argv[4:] and guid not in sys.argv[4:]:
            continue
        test = collection.find(entry["technique"], guid)
        ran = bool(test and test["executor"]["name"] in ("sh", "bash") and command_of(test))
        wanted.append((guid, entry["technique"], entry.get("name", ""), ran))
        if ran:
            attacks.append((guid, test))
    with tempfile.TemporaryDirectory() as state:
        rows = watch(build, pathlib.Path(state), attacks)
        report(wanted, matches(build, rows, owners(rows, {guid for guid, _ in attacks})))


main()
