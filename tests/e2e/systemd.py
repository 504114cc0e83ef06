#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""make up, make down and what is between them, where systemd supervises. usage: systemd.py BUILD

systemd is process 1 of namespaces of its own: process ids, mounts, network, control groups. Its root
is this machine's own below an overlay in memory, so nothing is downloaded and nothing stays. Only the
kernel is shared, hence this is no test that may run beside others that load BPF programs.
"""
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

from chain import SERVICES, SOURCE, Tap, wait_for

SYSTEMD = "/lib/systemd/systemd"
# Beside what sysinit.target wants: nothing that this machine has enabled.
TARGET = """[Unit]
Requires=basic.target
After=basic.target
AllowIsolate=yes
"""
MASKED = ("systemd-udevd", "systemd-udev-trigger", "systemd-timesyncd", "systemd-networkd", "systemd-resolved",
          "systemd-networkd-wait-online", "apparmor", "networking", "ifupdown-pre", "console-getty")
# In the new namespaces: mounts, then systemd as process 1.
BOOT = """set -e
root=$1 build=$2 source=$3
mount --make-rprivate /
ip link set lo up
mount -t tmpfs -o size=4g,mode=755 none "$root"
mkdir "$root/upper" "$root/work" "$root/merged"
mount -t overlay -o "lowerdir=/,upperdir=$root/upper,workdir=$root/work" none "$root/merged"
new=$root/merged
mount -t proc proc "$new/proc"
mount -t sysfs sysfs "$new/sys"
mount -t cgroup2 cgroup2 "$new/sys/fs/cgroup"
mount -t tracefs tracefs "$new/sys/kernel/tracing" || true
mount -t tmpfs -o mode=755 none "$new/dev"
for name in null zero full random urandom tty; do
	touch "$new/dev/$name"
	mount --bind "/dev/$name" "$new/dev/$name"
done
ln -s /proc/self/fd "$new/dev/fd"
mkdir "$new/dev/shm" "$new/dev/pts"
mount -t tmpfs none "$new/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 none "$new/dev/pts"
ln -s pts/ptmx "$new/dev/ptmx"
for place in run tmp var/lib/vakt var/lib/vakt-cloud var/lib/vakt-store; do
	mkdir -p "$new/$place"
	mount -t tmpfs -o mode=755 none "$new/$place"
done
chmod 1777 "$new/tmp"
for folder in "$source" "$build" "$(readlink -f "$source/build/chdb")"; do
	mkdir -p "$new$folder"
	mount --bind "$folder" "$new$folder"
	mount -o remount,bind,ro "$new$folder"
done
rm -rf "$new/opt/vakt" "$new/etc/vakt" "$new"/etc/systemd/system/vakt-*
cp "$root.target" "$new/etc/systemd/system/vakt-test.target"
for name in MASKED; do ln -sf /dev/null "$new/etc/systemd/system/$name.service"; done
: >"$new/etc/fstab"
echo uninitialized >"$new/etc/machine-id"
mkdir "$new/old"
cd "$new"
pivot_root . old
exec env -i container=vakt-test PATH=/usr/sbin:/usr/bin:/sbin:/bin \\
	chroot . /bin/sh -c 'umount -l /old && exec "$@"' sh SYSTEMD --unit=vakt-test.target --log-target=console \\
	--show-status=no
""".replace("MASKED", " ".join(MASKED)).replace("SYSTEMD", SYSTEMD)


class Machine:
    """systemd and what it starts; close() ends all of it."""

    def __init__(self, build):
        self.build = pathlib.Path(build).resolve()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="vakt-systemd-"))
        self.groups = self.folder / "cgroup"
        self.group = self.groups / self.folder.name
        self.root = self.folder / "root"
        self.log = self.folder / "log"
        self.pid, self.csrf = 0, ""

    def __enter__(self):
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        try:
            self.boot()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def boot(self):
        self.groups.mkdir()
        self.root.mkdir()
        pathlib.Path(f"{self.root}.target").write_text(TARGET)
        # A control group of our own is the root of what systemd manages.
        subprocess.run(["mount", "-t", "cgroup2", "cgroup2", self.groups], check=True)
        self.group.mkdir()
        inner = ["unshare", "--cgroup", "--mount", "--pid", "--net", "--uts", "--ipc", "--fork", "--kill-child",
                 "sh", "-c", BOOT, "sh", self.root, self.build, SOURCE]
        with self.log.open("wb") as log:
            self.unshare = subprocess.Popen(
                ["sh", "-c", 'echo $$ >"$0/cgroup.procs"; exec "$@"', self.group, *inner],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_for("a child of unshare", self.find_first, 10)
        up = ("systemctl", "is-active", "vakt-test.target")
        wait_for("systemd is up", lambda: self.run(*up).stdout == "active\n", 60)

    def find_first(self):
        if self.unshare.poll() is not None:
            raise AssertionError(f"systemd did not start: {self.log.read_text(errors='replace')}")
        children = pathlib.Path(f"/proc/{self.unshare.pid}/task/{self.unshare.pid}/children").read_text().split()
        self.pid = int(children[0]) if children else 0
        return self.pid

    def run(self, *command, seconds=120, **variables):
        env = [f"{k}={v}" for k, v in variables.items()]
        return subprocess.run(
            ["nsenter", "-t", str(self.pid), "-m", "-p", "-n", "-u", "-i", "-C", "-r", f"-w{SOURCE}", "env", "-i",
             "HOME=/root", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", *env, *map(str, command)],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=seconds)

    def need(self, *command, **variables):
        done = self.run(*command, **variables)
        assert done.returncode == 0, (command, done.stdout[-3000:], done.stderr[-3000:])
        return done.stdout

    def ask(self, method, path, body=None):
        """The API's answer, by curl: it has the namespaces' network and we have not."""
        options = ["-d", json.dumps(body)] if body else []
        text = self.need("curl", "-sSk", "--fail-with-body", "-X", method, "-b", "/tmp/jar", "-c", "/tmp/jar",
                         "-H", f"X-CSRF-Token: {self.csrf}", *options, f"https://127.0.0.1:8443{path}")
        return json.loads(text or "null")

    def up(self):
        return self.need("tools/up.sh", VAKT_BUILD=self.build)

    def unit(self, name, field):
        return self.need("systemctl", "show", "-p", field, "--value", name).strip()

    def show_logs(self):
        journal = self.run("journalctl", "--no-pager", "-n", "80", "-o", "short-monotonic").stdout
        text = self.log.read_text(errors="replace") + journal
        print(*(f"# {line}" for line in text.splitlines()), sep="\n")

    def close(self):
        if self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)  # the first process takes all others with it
        if hasattr(self, "unshare"):
            self.unshare.wait(30)
        if self.group.exists():
            for folder in sorted(self.group.rglob("*"), key=lambda p: -len(p.parts)):
                if folder.is_dir():
                    remove_group(folder)
            remove_group(self.group)
        subprocess.run(["umount", self.groups], check=False, stderr=subprocess.DEVNULL)
        shutil.rmtree(self.folder, ignore_errors=True)


def remove_group(folder):
    """Its last process may still be on its way out."""
    def gone():
        try:
            folder.rmdir()
        except OSError:
            return not folder.exists()
        return True
    wait_for(f"{folder} is empty", gone, 10)


def installs(m):
    said = m.up()
    assert "running:" in said, said
    for name in SERVICES:
        assert m.unit(name, "ActiveState") == "active", name
        assert m.unit(name, "UnitFileState") == "enabled", name
        assert m.unit(name, "NRestarts") == "0", (name, m.unit(name, "NRestarts"))
    users = {name: m.unit(name, "User") for name in SERVICES}
    for name, user in users.items():
        pid = m.unit(name, "MainPID")
        assert m.need("stat", "-c", "%U", f"/proc/{pid}").strip() == user, (name, user)
    assert users["vakt-cloud"] == "vakt-cloud" and users["vakt-store"] == "vakt-store", users


def sandboxed(m):
    """What the unit asks for is in force, and systemd has no complaint about the units' text."""
    done = m.run("systemd-analyze", "verify", *(f"/etc/systemd/system/{name}.service" for name in SERVICES))
    assert done.returncode == 0 and "vakt" not in done.stderr, done.stderr
    for name in SERVICES:
        pid = m.unit(name, "MainPID")
        status = m.need("cat", f"/proc/{pid}/status")
        assert "NoNewPrivs:\t1" in status, (name, status)
        if name != "vakt-sensor":
            assert "CapEff:\t0000000000000000" in status, (name, status)
        words = m.need("systemd-analyze", "security", "--no-pager", name)
        print(f"# {name}: {re.search(r'Overall exposure.*', words).group(0)}")


def sign_in(m):
    """The first log-in, as the portal makes it; answers what further requests need."""
    first = m.need("cat", "/var/lib/vakt-cloud/first-password").strip()
    body = m.ask("POST", "/portal/api/login", {"userName": "admin", "password": first})
    m.csrf = body["csrfToken"]
    m.ask("POST", "/portal/api/password", {"current": first, "new": "a-password-of-this-test"})


def test_alert(m):
    sign_in(m)
    m.need("/opt/vakt/bin/vakt", "edr", "test-alert")
    title = "Enumeration of files with sensitive data"
    found = wait_for("the alert", lambda: [a for a in m.ask("GET", "/api/alerts")["value"] if a["title"] == title], 30)
    assert len(found) == 1, found


def comes_back(m):
    for name in SERVICES:
        old = m.unit(name, "MainPID")
        m.need("kill", "-9", old)
        wait_for(f"{name} comes back", lambda: m.unit(name, "MainPID") not in ("0", old), 20)
    wait_for("the sensor answers", lambda: m.run("/opt/vakt/bin/vakt", "health", "--field", "sensor").returncode == 0)
    m.need("/bin/true", "vakt-after-kill")
    sql = "SELECT count() FROM vakt.DeviceProcessEvents WHERE ProcessCommandLine = '/bin/true vakt-after-kill'"
    wait_for("the event is stored", lambda: m.run(
        "curl", "-s", "--unix-socket", "/run/vakt-store/store.sock", "http://store/?readonly=1", "--data", sql
    ).stdout.strip() not in ("", "0"), 60)


def nothing_changes(m):
    before = {name: m.unit(name, "MainPID") for name in SERVICES}
    said = m.up()
    assert "nothing changed" in said, said
    assert before == {name: m.unit(name, "MainPID") for name in SERVICES}


def down_leaves_nothing(m):
    m.need("tools/down.sh")
    for name in SERVICES:
        assert m.unit(name, "ActiveState") == "inactive", name
        assert m.unit(name, "UnitFileState") == "disabled", name
    assert m.run("test", "-e", "/sys/fs/bpf/vakt").returncode == 1
    left = m.need("sh", "-c", "cat /proc/[0-9]*/comm | grep ^vakt- || true")
    assert not left, left


def main():
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    tap = Tap()
    with Machine(sys.argv[1]) as m:
        tap.case("make up installs units that stay up", installs, m)
        tap.case("what the units forbid is forbidden", sandboxed, m)
        tap.case("the test alert is there", test_alert, m)
        tap.case("what is killed comes back and goes on", comes_back, m)
        tap.case("a second make up changes nothing and says so", nothing_changes, m)
        if tap.failed:
            m.show_logs()
        tap.case("make down leaves nothing", down_leaves_nothing, m)
    tap.end()


if __name__ == "__main__":
    main()
