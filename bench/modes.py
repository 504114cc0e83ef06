# SPDX-License-Identifier: Apache-2.0
"""The ways a load is measured: alone, under Vakt, under what others use.

A mode is entered and left around a load and tells what its own processes cost and recorded. On
leaving, however it happens, nothing of it stays: no process, no audit rule, no file.
"""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests/e2e"))
import chain

TICK = os.sysconf("SC_CLK_TCK")
START_TIMEOUT_S = 60
DRAIN_TIMEOUT_S = 30
# At rest: less than this much CPU time in a while.
REST_S = 0.4
RESTING_S = 0.005


class Failed(Exception):
    """Something that the person who runs the benchmark must know."""


def run(*args, check=True):
    r = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if check and r.returncode != 0:
        raise Failed(f"{' '.join(map(str, args))}: {r.stdout.strip()}")
    return r.stdout


def wait_until(what, condition, timeout=START_TIMEOUT_S):
    end = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > end:
            raise Failed(f"{what} did not happen within {timeout} s")
        time.sleep(0.05)


def cpu_of(pid):
    """(user, system) seconds of a process: exact in sum, shared out by the clock's ticks."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    user, system = int(fields[11]) / TICK, int(fields[12]) / TICK
    threads = pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")
    exact = sum(int(p.read_text().split()[0]) for p in threads) / 1e9
    share = user / (user + system) if user + system else 0.5
    return exact * share, exact * (1 - share)


class Mode:
    """Nothing runs: the base, and what all modes share."""

    name = "without"

    def __init__(self, build):
        self.build = build
        self.processes = []
        self.dir = None

    def __enter__(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="vakt-bench-"))
        try:
            self.audit_off()
            self.start()
            self.drain()  # what starting costs is no cost of an operation
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for p in reversed(self.processes):
            p.send_signal(signal.SIGTERM)
        for p in self.processes:
            try:
                p.wait(15)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()
        self.processes = []
        self.clean()
        shutil.rmtree(self.dir, ignore_errors=True)

    def audit_off(self):
        """Once audit was ever on, each new task pays for it until reboot, unless this says no."""
        run("auditctl", "-D")
        run("auditctl", "-a", "never,task")

    def clean(self):
        run("auditctl", "-D", check=False)

    def start(self):
        pass

    def spawn(self, *args, **kwargs):
        log = open(self.dir / f"log{len(self.processes)}", "wb")
        p = subprocess.Popen([str(a) for a in args], stdin=subprocess.DEVNULL,
                             stdout=kwargs.get("stdout", log), stderr=log)
        log.close()
        self.processes.append(p)
        return p

    def pids(self):
        return [p.pid for p in self.processes]

    def cpu(self):
        used = [cpu_of(pid) for pid in self.pids()]
        return sum(u for u, _ in used), sum(s for _, s in used)

    def counts(self):
        """(events recorded, events lost) since the mode began."""
        return 0, 0

    def drain(self):
        """Returns when what the load caused has been worked off: the processes have come to rest."""
        if not self.processes:
            return
        end = time.monotonic() + DRAIN_TIMEOUT_S
        last = sum(self.cpu())
        while time.monotonic() < end:
            time.sleep(REST_S)
            now = sum(self.cpu())
            if now - last < RESTING_S:
                return
            last = now


class Vakt(Mode):
    """The sensor into its spool, as on a machine whose cloud is elsewhere; nothing sends it on."""

    name = "vakt"

    def start(self):
        self.socket = self.dir / "sensor.sock"
        begun = time.monotonic()
        self.spawn(self.build / "src/programs/vakt-sensor", "--state-dir", self.dir, "--run-dir", self.dir)
        wait_until("start of vakt-sensor",
                   lambda: self.alive() and b"started" in (self.dir / "log0").read_bytes())
        self.start_s = time.monotonic() - begun

    def alive(self):
        if self.processes[0].poll() is not None:
            raise Failed("vakt-sensor ended: " + (self.dir / "log0").read_text())
        return True

    def health(self):
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(str(self.socket))
            s.sendall(b"{}\n")
            return json.loads(s.makefile().read())

    def counts(self):
        h = self.health()
        return sum(h["rows"].values()), h["events_lost"] + h["events_dropped"]


class Chain(Vakt):
    """Everything on this machine, supervised: of it sensor and uplink count as Vakt's cost.

    Cloud and store, which belong on another machine, take their share of the processors: ratios of
    wall time say little here, what the uplink costs does.
    """

    name = "chain"

    def start(self):
        self.chain = chain.Chain(self.build)
        self.chain.up()
        self.sensor, self.uplink = (chain.wait_for(s, lambda s=s: self.chain.pid(s))
                                    for s in ("vakt-sensor", "vakt-uplink"))
        self.socket = self.chain.run / "vakt/sensor.sock"
        wait_until("start of vakt-sensor", self.socket.exists)

    def clean(self):
        super().clean()
        if hasattr(self, "chain"):
            self.chain.close()

    def pids(self):
        return [self.sensor, self.uplink]

    def drain(self):
        """Until the store has everything."""
        spool = self.chain.state / "vakt/spool"
        wait_until("the spool's last frame", lambda: len(list(spool.glob("*.seg"))) <= 1, DRAIN_TIMEOUT_S)
        time.sleep(1)


class Auditd(Mode):
    """auditd, told to record the same kinds of events to its log on disk."""

    name = "auditd"

    def audit_off(self):
        run("auditctl", "-D")

    def start(self):
        (self.dir / "auditd.conf").write_text(
            f"log_file = {self.dir}/audit.log\nlog_format = RAW\nflush = INCREMENTAL_ASYNC\nfreq = 50\n"
            "max_log_file = 2000\nmax_log_file_action = IGNORE\nspace_left = 75\nadmin_space_left = 50\n"
            "space_left_action = IGNORE\nadmin_space_left_action = IGNORE\n"
            "disk_full_action = IGNORE\ndisk_error_action = IGNORE\n")
        os.chmod(self.dir, 0o700)
        os.chmod(self.dir / "auditd.conf", 0o600)
        self.spawn("auditd", "-n", "-s", "enable", "-c", self.dir)
        wait_until("start of auditd", lambda: f"pid {self.processes[0].pid}" in run("auditctl", "-s"))
        run("auditctl", "--reset-lost")
        run("auditctl", "-R", pathlib.Path(__file__).with_name("audit.rules"))

    def clean(self):
        super().clean()
        run("auditctl", "-e", "0", check=False)

    def pids(self):
        # The kernel's thread that hands the records on works for auditd.
        return super().pids() + [int(p) for p in run("pgrep", "-x", "kauditd", check=False).split()]

    def status(self):
        return dict(line.split(None, 1) for line in run("auditctl", "-s").splitlines() if " " in line)

    def counts(self):
        log = self.dir / "audit.log"
        records = int(run("grep", "-c", "^type=SYSCALL", log, check=False) or 0) if log.exists() else 0
        return records, int(self.status()["lost"])


class LibbpfTools(Mode):
    """execsnoop, opensnoop and tcpconnect, as far as the kernel lets them attach."""

    name = "bcc"
    TOOLS = ("execsnoop", "opensnoop", "tcpconnect")

    def start(self):
        self.missing = []
        for tool in self.TOOLS:
            with open(self.dir / tool, "wb") as out:
                self.spawn("/usr/sbin/" + tool, stdout=out)
        time.sleep(2)
        for tool, p in zip(self.TOOLS, list(self.processes)):
            if p.poll() is not None:
                self.missing.append(tool)
                self.processes.remove(p)

    def counts(self):
        lines = sum((self.dir / tool).read_bytes().count(b"\n") for tool in self.TOOLS)
        lost = sum(log.read_bytes().lower().count(b"lost") for log in self.dir.glob("log*"))
        return lines, lost


MODES = {m.name: m for m in (Mode, Vakt, Auditd, LibbpfTools, Chain)}
USUAL = ["without", "vakt", "auditd", "bcc"]
