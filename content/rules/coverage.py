#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""coverage.py - prints what our Linux rules cover, by tactic; fails below what is promised

With --techniques the rules of each technique are listed, too. Reads the tags only: whether a rule
is right is proven by its cases.
"""
import collections
import pathlib
import re
import sys

RULES_MIN, TECHNIQUES_MIN, TACTICS_MIN = 120, 60, 11
TECHNIQUE = re.compile(r"t\d{4}(\.\d{3})?$")


def tags_of(path):
    return re.findall(r"^  - attack\.(\S+)$", path.read_text(), re.M)


def main():
    folder = pathlib.Path(__file__).parent / "linux"
    rules = sorted(folder.glob("*.yml"))
    techniques = collections.defaultdict(list)
    tactics = collections.defaultdict(lambda: (set(), set()))
    for rule in rules:
        tags = tags_of(rule)
        own = {tag.upper() for tag in tags if TECHNIQUE.match(tag)}
        for technique in own:
            techniques[technique].append(rule.stem)
        for tactic in tags:
            if not TECHNIQUE.match(tactic):
                tactics[tactic][0].add(rule.stem)
                tactics[tactic][1].update(own)
    for tactic, (of_rules, of_techniques) in sorted(tactics.items()):
        print(f"{tactic:24} {len(of_rules):4} rules {len(of_techniques):4} techniques")
    if "--techniques" in sys.argv[1:]:
        for technique, names in sorted(techniques.items()):
            print(f"{technique:10} {' '.join(names)}")
    print(f"{len(rules)} rules, {len(techniques)} techniques, {len(tactics)} tactics")
    if len(rules) < RULES_MIN or len(techniques) < TECHNIQUES_MIN or len(tactics) < TACTICS_MIN:
        print(f"promised: {RULES_MIN} rules, {TECHNIQUES_MIN} techniques, {TACTICS_MIN} tactics")
        return 1
    return 0


sys.exit(main())
