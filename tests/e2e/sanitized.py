#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tests of the whole chain with programs built with sanitizers. usage: sanitized.py SANITIZED BUILD

vakt-store is BUILD's: the engine that it loads brings an allocator of its own. Any report fails, of
whichever process, leaks at the end of a service among them; it says which.
"""
import os
import pathlib
import subprocess
import sys
import tempfile

from chain import SOURCE, Tap

HERE = pathlib.Path(__file__).resolve().parent
PROGRAMS = ("vakt", "vakt-cloud", "vakt-sensor", "vakt-uplink", "vakt-rules", "vakt-frames")


def put_together(sanitized, build, folder):
    programs = folder / "src/programs"
    programs.mkdir(parents=True)
    for name in PROGRAMS:
        (programs / name).symlink_to(sanitized / "src/programs" / name)
    (programs / "vakt-store").symlink_to(build / "src/programs/vakt-store")


def run(command, environment):
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    print(*(f"# {line}" for line in done.stdout.splitlines()), sep="\n")
    assert done.returncode == 0, done.stderr[-3000:]


def no_report(reports):
    found = sorted(reports.iterdir())
    for report in found[:5]:
        print(*(f"# {line}" for line in report.read_text(errors="replace").splitlines()[:40]), sep="\n")
    assert not found, f"{len(found)} reports: {[p.name for p in found]}"


def it_reports(sanitized, environment, reports):
    """What is found is written where we look: told to, the sanitizer says what it knows."""
    options = environment["ASAN_OPTIONS"] + ":print_summary=1:verbosity=1"
    subprocess.run([sanitized / "src/programs/vakt", "version"], env=dict(environment, ASAN_OPTIONS=options),
                   capture_output=True, check=True)
    written = list(reports.iterdir())
    assert written, "the sanitizer writes no report"
    for path in written:
        path.unlink()


def main():
    sanitized, build = (pathlib.Path(p).resolve() for p in sys.argv[1:3])
    tap = Tap()
    with tempfile.TemporaryDirectory(prefix="vakt-sanitized-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        reports = folder / "reports"
        reports.mkdir()
        reports.chmod(0o1777)  # each service is another user
        put_together(sanitized, build, folder)
        common = f"log_path={reports}/report:log_exe_name=1"
        environment = dict(
            os.environ,
            VAKT_BUILD=str(folder),
            VAKT_LIBCHDB=str(SOURCE / "build/chdb/libchdb.so"),
            ASAN_OPTIONS=f"{common}:detect_leaks=1",
            UBSAN_OPTIONS=f"{common}:print_stacktrace=1",
        )
        tap.case("a report is written where it is looked for", it_reports, sanitized, environment, reports)
        tap.case("the chain", run, ["bats", "--tap", HERE / "chain.bats"], environment)
        tap.case("detection", run, [sys.executable, HERE / "detect.py", folder], environment)
        tap.case("no sanitizer has anything to say", no_report, reports)
    tap.end()


if __name__ == "__main__":
    main()
