# SPDX-License-Identifier: Apache-2.0
"""A whole Vakt in a folder of its own, as `make up` installs and supervises it.

What the tests of robustness share. Everything runs below one temporary folder, on free ports, with
pins of its own; close() ends all of it, also when a test fails.
"""
import contextlib
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import traceback

SOURCE = pathlib.Path(__file__).resolve().parents[2]
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
SERVICES = ("vakt-store", "vakt-cloud", "vakt-sensor", "vakt-uplink")


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("store", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(what, condition, seconds=30, step=0.1):
    """Returns what the condition gives as soon as it is true."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(step)


class Chain:
    def __init__(self, build):
        self.build = pathlib.Path(build).resolve()
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="vakt-e2e-"))
        self.root.chmod(0o755)  # the uplink is not root
        self.port = free_port()
        self.env = dict(
            os.environ,
            VAKT_ROOT=str(self.root),
            VAKT_BUILD=str(self.build),
            VAKT_DEVICE_PORT=str(self.port),
            VAKT_PORTAL_PORT=str(free_port()),
            VAKT_PINS=f"/sys/fs/bpf/vakt-e2e-{os.getpid()}",
        )
        self.state = self.root / "var/lib"
        self.run = self.root / "run"
        self.bin = self.root / "opt/vakt/bin"

    def __enter__(self):
        # A runner that gives up sends SIGTERM: what was started must end with us.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        try:
            self.up()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind, *_):
        if kind:
            self.show_logs()
        self.close()

    def up(self):
        done = subprocess.run(["tools/up.sh"], cwd=SOURCE, env=self.env, capture_output=True, text=True)
        if done.returncode:
            raise AssertionError(f"up.sh: {done.stdout}{done.stderr}")
        return done.stdout

    def down(self):
        subprocess.run(["tools/down.sh"], cwd=SOURCE, env=self.env, capture_output=True, check=False)

    def close(self):
        self.down()
        shutil.rmtree(self.root, ignore_errors=True)

    def show_logs(self):
        for name in SERVICES:
            log = self.root / "var/log/vakt" / name / "current"
            if log.exists():
                for line in log.read_text(errors="replace").splitlines()[-15:]:
                    print(f"# {name}: {line}")

    def ask(self, sql, readonly=True, timeout=30):
        """Rows of a statement as lists of text; None while the store does not answer."""
        c = UnixConnection(str(self.run / "vakt-store/store.sock"), timeout)
        try:
            c.request("POST", f"/?readonly={int(readonly)}", body=sql)
            answer = c.getresponse()
            text = answer.read().decode(errors="replace")
        except (OSError, http.client.HTTPException):
            return None
        finally:
            c.close()
        if answer.status in (503, 404):  # starting: not yet, or no tables yet
            return None
        if answer.status != 200:
            raise AssertionError(f"store {answer.status}: {text}")
        return [line.split("\t") for line in text.splitlines()]

    def count(self, sql):
        """The single row of a counting statement as numbers, or None."""
        rows = self.ask(sql)
        return rows and [int(n) for n in rows[0]]

    def pid(self, service):
        try:
            pid = int((self.state / "vakt-services" / service / "supervise/pid").read_text())
            os.kill(pid, 0)
            return pid
        except (OSError, ValueError):
            return 0

    def kill(self, service, how=signal.SIGKILL):
        """Ends a service and waits until its supervisor has started another."""
        old = wait_for(f"{service} runs", lambda: self.pid(service))
        os.kill(old, how)
        return wait_for(f"{service} comes back", lambda: self.pid(service) not in (0, old))

    def sv(self, verb, service):
        subprocess.run(
            ["sv", "-w", "30", verb, str(self.state / "vakt-services" / service)],
            check=True, stdout=subprocess.DEVNULL,
        )

    def environment(self, service, **variables):
        """Gives a service other variables, from its next start on; up() takes them back."""
        run = self.state / "vakt-services" / service / "run"
        # For the program alone: not for chpst, which is root and becomes the service's user.
        env = "".join(f"{k}='{v}' " for k, v in variables.items())
        pattern = rf"(exec (?:chpst -u \S+ )?)(?:env (?:\w+='[^']*' )+)?({re.escape(str(self.bin))})"
        text, found = re.subn(pattern, rf"\g<1>{'env ' + env if env else ''}\g<2>", run.read_text())
        assert found == 1, text
        run.write_text(text)
        # Not "restart": that may return while the old one still answers.
        self.sv("down", service)
        self.sv("up", service)

    def clock(self, service, offset):
        """Moves a service's wall clock, "+40d"; "" puts it right."""
        variables = dict(LD_PRELOAD=FAKETIME, FAKETIME=offset, DONT_FAKE_MONOTONIC=1) if offset else {}
        self.environment(service, **variables)

    def state_rows(self, sql):
        with contextlib.closing(sqlite3.connect(self.state / "vakt-cloud/state.db", timeout=30)) as db:
            return db.execute(sql).fetchall()

    def vakt(self, *args):
        return subprocess.run(
            [self.bin / "vakt", *args, "--state-dir", self.state / "vakt", "--run-dir", self.run / "vakt"],
            capture_output=True, text=True, check=False,
        )

    def health(self):
        return json.loads(self.vakt("health", "--output", "json").stdout)

    def uplink(self):
        return self.health().get("uplink", {})


class Starts:
    """Process starts with a number each, made by a thread until it is told to stop."""

    def __init__(self, marker, pause=0.01):
        self.marker, self.pause, self.made = marker, pause, 0
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.work)
        self.thread.start()

    def work(self):
        while not self.stopping.is_set():
            subprocess.run(["/bin/true", f"{self.marker}-{self.made}"], check=True)
            self.made += 1
            time.sleep(self.pause)

    def stop(self):
        self.stopping.set()
        self.thread.join()
        return self.made

    def where(self):
        return f"ProcessCommandLine LIKE '/bin/true {self.marker}-%' AND ActionType = 'ProcessCreated'"


class Tap:
    """Runs cases and prints them in the Test Anything Protocol."""

    def __init__(self):
        self.count = self.failed = 0

    def case(self, name, function, *args):
        self.count += 1
        begun = time.monotonic()
        try:
            function(*args)
            print(f"ok {self.count} - {name} # {time.monotonic() - begun:.1f} s", flush=True)
        except Exception as e:  # a case that fails must not hide the others
            self.failed += 1
            for at in traceback.extract_tb(e.__traceback__)[1:]:
                print(f"# {at.filename.rpartition('/')[2]}:{at.lineno}: {at.line}")
            print(f"# {type(e).__name__}: {e}")
            print(f"not ok {self.count} - {name}", flush=True)

    def end(self):
        print(f"1..{self.count}")
        sys.exit(1 if self.failed else 0)
