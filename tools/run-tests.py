#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs Meson's test suites in the given build folders and counts every single case.

The last line is "N passed, N failed". A test program that dies, times out or reports no case at all
counts as failed; its output is shown.
"""
import json
import pathlib
import re
import subprocess
import sys

CASE = re.compile(r"^(ok|not ok)\b.*", re.MULTILINE)


def placed(build):
    """The thread sanitizer wants memory where it is not once a kernel randomises more bits of it."""
    options = json.loads((build / "meson-info/intro-buildoptions.json").read_text())
    wrapped = ["setarch", "--addr-no-randomize"]
    if {o["name"]: o["value"] for o in options}["b_sanitize"] != "thread":
        return []
    return [] if subprocess.run(wrapped + ["true"], check=False).returncode else wrapped


def run(build, suites):
    log = build / "meson-logs" / "testlog.json"
    log.unlink(missing_ok=True)
    args = placed(build) + ["meson", "test", "-C", str(build), "--num-processes", "2", "--print-errorlogs"]
    for suite in suites:
        args += ["--suite", suite]
    subprocess.run(args, check=False)
    if not log.exists():
        print(f"{build}: no test ran")
        return 0, 1
    passed = failed = 0
    failures = []
    for line in log.read_text().splitlines():
        test = json.loads(line)
        output = test.get("stdout", "")
        bad_cases = [m.group(0) for m in CASE.finditer(output) if m.group(1) == "not ok"]
        good, bad = len(CASE.findall(output)) - len(bad_cases), len(bad_cases)
        if test["result"] == "OK":
            passed += max(good, 1)
        else:
            passed += good
            failed += max(bad, 1)
            failures.append((test, bad_cases, output))
    for failure in failures:
        tell(*failure)
    return passed, failed


def tell(test, bad_cases, output):
    """Once more at the end, where it is read: which case, and what was said about it."""
    print(f"failed: {test['name']} ({test['result']})")
    lines = output.splitlines()
    for case in bad_cases:
        at = lines.index(case)
        told = [line for line in lines[max(0, at - 8) : at + 25] if line == case or line.startswith("#")]
        print("\n".join(f"    {line}" for line in told))
    if not bad_cases:
        print("\n".join(f"    {line}" for line in (output + test.get("stderr", "")).splitlines()[-20:]))


def main():
    passed = failed = 0
    for spec in sys.argv[1:]:
        build, _, suites = spec.partition(":")
        p, f = run(pathlib.Path(build), [s for s in suites.split(",") if s])
        passed += p
        failed += f
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


if __name__ == "__main__":
    main()
