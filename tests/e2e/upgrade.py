#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""make up again, with another build, while things happen; make down. usage: upgrade.py BUILD"""
import os
import pathlib
import shutil
import sys
import tempfile
import time

from chain import SERVICES, Chain, Starts, Tap, wait_for


def another_build(programs):
    """What a link editor does: new files in place of the old ones."""
    for name in SERVICES:
        old = programs / name
        data = old.read_bytes() + b"\n"
        old.unlink()
        old.write_bytes(data)
        old.chmod(0o755)


def nothing_changes(chain):
    before = {name: chain.pid(name) for name in SERVICES}
    said = chain.up()
    assert "nothing changed" in said, said
    assert before == {name: chain.pid(name) for name in SERVICES}


def goes_over(chain, programs):
    starts = Starts("vakt-upgrade")
    try:
        for _ in range(2):
            time.sleep(0.5)
            before = {name: chain.pid(name) for name in SERVICES}
            another_build(programs)
            chain.up()
            for name in SERVICES:
                assert chain.pid(name) not in (0, before[name]), name
        time.sleep(0.5)
    finally:
        made = starts.stop()
    sql = f"SELECT count(), uniqExact(ProcessCommandLine) FROM vakt.DeviceProcessEvents WHERE {starts.where()}"
    wait_for(f"{made} rows", lambda: (chain.count(sql) or [0])[0] >= made, 90, 0.3)
    assert chain.count(sql) == [made, made], (made, chain.count(sql))
    gaps = chain.ask("SELECT * FROM vakt.SensorGaps")
    assert not gaps, gaps
    print(f"# {made} starts over two new builds, each there once")


def down_ends_all(chain):
    pids = [chain.pid(name) for name in SERVICES]
    chain.down()
    time.sleep(0.5)
    left = [pid for pid in pids if os.path.exists(f"/proc/{pid}")]
    assert not left, left
    assert not os.path.exists(chain.env["VAKT_PINS"])
    for folder in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            assert str(chain.root).encode() not in folder.read_bytes(), folder
        except OSError:
            pass


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory(prefix="vakt-build-") as folder:
        programs = pathlib.Path(folder) / "src/programs"
        shutil.copytree(pathlib.Path(sys.argv[1]) / "src/programs", programs,
                        ignore=shutil.ignore_patterns("*.p", "*.c"))
        with Chain(folder) as chain:
            tap.case("a second make up changes nothing and says so", nothing_changes, chain)
            tap.case("another build takes over without losing an event", goes_over, chain, programs)
            tap.case("make down ends all", down_ends_all, chain)
            if tap.failed:
                chain.show_logs()
    tap.end()


if __name__ == "__main__":
    main()
