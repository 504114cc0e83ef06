#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""make up again, with another build, while things happen; make down. usage: upgrade.py BUILD"""
import grp
import os
import pathlib
import pwd
import shutil
import subprocess
import sys
import tempfile
import time

from chain import SERVICES, Chain, Starts, Tap, wait_for

OWN_FOLDER = ("vakt-store", "vakt-cloud")  # and a user of the same name


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


def as_root(chain, name):
    """Runs a service as an older installation did: as root, with root's files."""
    chain.sv("down", name)
    script = chain.state / "vakt-services" / name / "run"
    lines = [line for line in script.read_text().splitlines() if "prepare.sh" not in line]
    script.write_text("\n".join(lines).replace(f"chpst -u {name} ", "") + "\n")
    subprocess.run(["chown", "-R", "root:root", chain.state / name, chain.run / "vakt-store"], check=True)
    chain.sv("up", name)


def owner(pid):
    return pwd.getpwuid(os.stat(f"/proc/{pid}").st_uid).pw_name


def own_users(chain):
    for name in OWN_FOLDER:
        assert owner(chain.pid(name)) == name, (name, owner(chain.pid(name)))
        foreign = subprocess.run(["find", chain.state / name, "!", "-user", name], check=True,
                                 capture_output=True, text=True).stdout
        assert not foreign, foreign
    store = chain.run / "vakt-store/store.sock"
    group = grp.getgrnam("vakt-cloud").gr_gid
    for path, mode in ((store.parent, 0o2750), (store, 0o660)):
        st = path.stat()
        assert (st.st_gid, st.st_mode & 0o7777) == (group, mode), (path, st)
    for user, answer in (("vakt-cloud", "200"), ("vakt-uplink", "000"), ("nobody", "000")):
        done = subprocess.run(
            ["setpriv", f"--reuid={user}", f"--regid={pwd.getpwnam(user).pw_gid}", "--clear-groups", "curl", "-s",
             "-o", "/dev/null", "-w", "%{http_code}", "--unix-socket", store, "http://store/", "--data", "SELECT 1"],
            capture_output=True, text=True, check=False)
        assert done.stdout == answer, (user, done)
    # What an administrator does beside the server leaves nothing of root's.
    subprocess.run([chain.bin / "vakt-cloud", "--state-dir", chain.state / "vakt-cloud", "create-token"],
                   check=True, stdout=subprocess.DEVNULL)
    assert not [p for p in (chain.state / "vakt-cloud").rglob("*") if p.owner() != "vakt-cloud"]


def was_root(chain):
    for name in OWN_FOLDER:
        as_root(chain, name)
    subprocess.run(["/bin/true", "vakt-was-root"], check=True)
    sql = "SELECT count() FROM vakt.DeviceProcessEvents WHERE ProcessCommandLine LIKE '/bin/true {}%'"
    wait_for("it is stored", lambda: chain.count(sql.format("vakt-was-root")) not in (None, [0]), 60)
    assert {owner(chain.pid(name)) for name in OWN_FOLDER} == {"root"}
    before = chain.count(sql.format(""))
    devices = chain.state_rows("SELECT count(*) FROM device")
    chain.up()
    own_users(chain)
    subprocess.run(["/bin/true", "vakt-own-user"], check=True)
    wait_for("it is stored", lambda: chain.count(sql.format("vakt-own-user")) not in (None, [0]), 60)
    assert chain.count(sql.format(""))[0] > before[0]
    assert chain.state_rows("SELECT count(*) FROM device") == devices
    nothing_changes(chain)


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
            tap.case("the control plane and the store are users of their own", own_users, chain)
            tap.case("what ran as root goes over to its user with all it had", was_root, chain)
            tap.case("make down ends all", down_ends_all, chain)
            if tap.failed:
                chain.show_logs()
    tap.end()


if __name__ == "__main__":
    main()
