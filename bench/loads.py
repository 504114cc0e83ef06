# SPDX-License-Identifier: Apache-2.0
"""The loads: each runs once and tells operations, wall time and CPU time of the load alone.

How many operations a run has is found when a load is prepared: about a second's worth on the machine
at hand, the same for all modes and rounds.
"""
import json
import os
import pathlib
import re
import resource
import shutil
import socket
import subprocess
import tempfile
import time

from modes import Failed, cpu_of, run, wait_until

BUILD_FILES = 60
FUNCTIONS_A_FILE = 60
RUN_SECONDS = 1.5
WEB_SECONDS = 2


class Load:
    """One of bench-loads; count: what takes a fraction of a second on a slow machine."""

    def __init__(self, name, kind, count, unit, text):
        self.name, self.kind, self.count, self.unit, self.text = name, kind, count, unit, text

    @property
    def ops_text(self):
        return f"{self.count:,} times {self.text}" if self.count else self.text

    def calibrate(self):
        self.run()  # caches are warm for all or for none
        seconds = self.run()["wall"]
        self.count = max(int(self.count * min(RUN_SECONDS / seconds, 20)), 1)

    def prepare(self, build):
        self.program = build / "bench/bench-loads"
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="vakt-load-", dir="/var/tmp"))

    def done(self):
        shutil.rmtree(self.dir, ignore_errors=True)

    def warm(self):
        """What a mode pays once, as the hash of a program, it has paid before the count begins."""
        self.run(part=10)

    def run(self, part=1):
        count = max(self.count // part, 1)
        r = json.loads(run(self.program, "-n", str(count), "-d", self.dir, self.kind))
        return {"ops": r["ops"], "wall": r["wall_ns"] / 1e9, "cpu": r["cpu_ns"] / 1e9}


class Build(Load):
    """A real build: C files made here, compiled by make on two processors."""

    def prepare(self, build):
        super().prepare(build)
        self.files = BUILD_FILES
        for i in range(BUILD_FILES):
            body = "".join(f"static int f{i}_{j}(int x) {{ return printf(\"%d\\n\", x * {j}) + x; }}\n"
                           for j in range(FUNCTIONS_A_FILE))
            calls = " + ".join(f"f{i}_{j}(x)" for j in range(FUNCTIONS_A_FILE))
            (self.dir / f"m{i}.c").write_text(
                f"#include <stdio.h>\n{body}int m{i}(int x) {{ return {calls}; }}\n")
        (self.dir / "Makefile").write_text(
            "all: $(FILES:%=m%.o)\n%.o: %.c\n\tcc -O1 -c -o $@ $<\n")

    def calibrate(self):
        self.run()
        self.files = max(min(int(self.files * 3 * RUN_SECONDS / self.run()["wall"]), BUILD_FILES), 10)

    @property
    def ops_text(self):
        return f"{self.files} C files, {self.text}"

    def run(self, part=1):
        files = max(self.files // part, 2)
        for o in self.dir.glob("*.o"):
            o.unlink()
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        # Without a compiler cache in the way.
        env = dict(os.environ, PATH="/usr/bin:/bin", CCACHE_DISABLE="1", MAKEFLAGS="")
        args = ["make", "-s", "-C", self.dir, "-j2", "FILES=" + " ".join(map(str, range(files)))]
        r = subprocess.run(args, env=env, capture_output=True, text=True, check=False)
        wall = time.monotonic() - start
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if r.returncode != 0:
            raise Failed("build: " + r.stderr)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return {"ops": files, "wall": wall, "cpu": cpu}


class Web(Load):
    """nginx, one worker, a file of 4 KiB, wrk with one thread and 32 connections."""

    def calibrate(self):
        self.run()

    def run(self, part=1):
        (self.dir / "f").write_bytes(b"x" * 4096)
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        # Its own processes: the fork of a server that ran before a mode began would miss it.
        (self.dir / "nginx.conf").write_text(
            f"daemon off; worker_processes 1; pid {self.dir}/pid; error_log {self.dir}/error.log;\n"
            f"user root; events {{ worker_connections 256; }}\n"
            f"http {{ access_log off; server {{ listen 127.0.0.1:{port}; root {self.dir}; }} }}\n")
        server = subprocess.Popen(["nginx", "-p", self.dir, "-c", self.dir / "nginx.conf"],
                                  stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_until("start of nginx", lambda: self.answers(port))
            return self.measure(server.pid, port, max(WEB_SECONDS // part, 1))
        finally:
            server.terminate()
            server.wait()

    @staticmethod
    def answers(port):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", port)) == 0

    def measure(self, master, port, seconds):
        workers = run("pgrep", "-P", str(master)).split()
        before = sum(sum(cpu_of(w)) for w in workers)
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        out = run("wrk", "-t1", "-c32", f"-d{seconds}s", f"http://127.0.0.1:{port}/f")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        m = re.search(r"(\d+) requests in ([\d.]+)s", out)
        if not m:
            raise Failed("wrk: " + out)
        cpu = sum(sum(cpu_of(w)) for w in workers) - before
        cpu += after.ru_utime + after.ru_stime - children.ru_utime - children.ru_stime
        return {"ops": int(m[1]), "wall": float(m[2]), "cpu": cpu}


LOADS = {load.name: load for load in (
    Load("exec", "exec", 100, "process start", "fork, exec of /bin/true, wait"),
    Load("open", "open", 30000, "open", "open for reading, close"),
    Load("write", "write", 2000, "written file", "open for writing, write, close"),
    Load("connect", "connect", 4000, "connection", "a connection to itself over loopback"),
    Build("build", None, 0, "compiled file", "make -j2"),
    Web("web", None, 0, "request", f"nginx, 1 worker, 4 KiB file, wrk -t1 -c32 for {WEB_SECONDS} s"),
)}
