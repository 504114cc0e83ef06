#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""From a kernel event to its alert in the API, while other devices send half of what can be taken in.

usage: bench/latency.py [BUILD]. A whole Vakt runs on this machine. Recorded devices send as fast as
they can, which gives the rate, and then at half of it; meanwhile processes are started here, each of
which a rule of its own watches for. Measured is from before a start until `GET /api/alerts` has the
alert, polling included.
"""
import http.client
import json
import pathlib
import shutil
import ssl
import subprocess
import sys
import tempfile
import time

import ingest

sys.path.insert(0, str(ingest.SOURCE / "tests/e2e"))
from chain import Chain  # noqa: E402
from detect import add_rules  # noqa: E402

ALERTS = 200
PAUSE_S = 0.15
POLL_S = 0.02
LATE_S = 60
FULL_EVENTS = 60000
PASSWORD = "vakt-latency-of-the-bench"


class Api:
    """The portal's API as its first administrator."""

    def __init__(self, chain):
        self.connection = http.client.HTTPSConnection(
            "127.0.0.1", int(chain.env["VAKT_PORTAL_PORT"]), context=ssl._create_unverified_context())
        self.headers = {"Content-Type": "application/json"}
        first = (chain.state / "vakt-cloud/first-password").read_text().strip()
        self.ask("POST", "/portal/api/login", {"userName": "admin", "password": first})
        self.ask("POST", "/portal/api/password", {"current": first, "new": PASSWORD})

    def ask(self, method, path, body=None):
        self.connection.request(method, path, body and json.dumps(body), self.headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:300]}")
        if cookie := answer.headers.get("Set-Cookie"):
            self.headers["Cookie"] = cookie.partition(";")[0]
        value = json.loads(text) if text else {}
        if "csrfToken" in value:
            self.headers["X-CSRF-Token"] = value["csrfToken"]
        return value

    def titles(self):
        """Of the newest alerts."""
        return [a["title"] for a in self.ask("GET", "/api/alerts?$top=50")["value"]]


def devices(chain, root, spool, events, rate):
    """Starts recorded devices; returns once they have made their frames and begin to send."""
    text = subprocess.run(
        [chain.bin / "vakt-cloud", "--state-dir", chain.state / "vakt-cloud", "--device-port", str(chain.port),
         "create-token", "--uses", str(ingest.SENDERS)], check=True, capture_output=True, text=True).stdout
    secret, ca = ingest.token_parts(text)
    (spool / "acked").unlink(missing_ok=True)  # of those before
    sender = subprocess.Popen(
        [str(a) for a in (ingest.BUILD / "bench/bench-ingest", f"https://localhost:{chain.port}", secret, ca, spool,
                          f"unix:{chain.run}/vakt-store/store.sock", events, ingest.SENDERS, 0, rate)],
        cwd=root, stdout=subprocess.PIPE, text=True)
    assert json.loads(sender.stdout.readline())["phase"] == "ready"
    return sender


def highest_rate(chain, root, spool):
    sender = devices(chain, root, spool, FULL_EVENTS, 0)
    try:
        return json.loads(sender.stdout.readline())["events_per_s"]
    finally:
        sender.terminate()
        sender.wait()


def measure(api, names):
    """Seconds until each name's alert is there."""
    started, seen, due = {}, {}, time.monotonic()
    waiting = list(names)
    while len(seen) < len(names):
        now = time.monotonic()
        if waiting and now >= due:
            name = waiting.pop(0)
            started[name] = time.monotonic()
            subprocess.run(["/bin/true", name], check=True)
            due = now + PAUSE_S
        for title in api.titles():
            if title in started and title not in seen:
                seen[title] = time.monotonic() - started[title]
        if not waiting and time.monotonic() - max(started.values()) > LATE_S:
            raise RuntimeError(f"{len(names) - len(seen)} of {len(names)} alerts did not come in {LATE_S} s")
        time.sleep(POLL_S)
    return sorted(seen.values())


def main():
    names = [f"vakt-latency-{i:04}" for i in range(ALERTS)]
    with Chain(ingest.BUILD) as chain, tempfile.TemporaryDirectory(prefix="vakt-bench-") as folder:
        root = pathlib.Path(folder)
        spool = root / "spool"
        (root / "recording").mkdir()
        shutil.copytree(ingest.record(root / "recording", ingest.RECORD_S), spool)
        add_rules(chain, names)
        api = Api(chain)
        full = highest_rate(chain, root, spool)
        seconds = ALERTS * (PAUSE_S + 0.1) * 2 + LATE_S
        sender = devices(chain, root, spool, int(full / 2 * seconds), full / 2)
        try:
            took = measure(api, names)
            busy = sender.poll() is None
        finally:
            sender.terminate()
            sender.wait()
    figures = {"p50": took[len(took) // 2], "p99": took[len(took) * 99 // 100], "max": took[-1]}
    print(f"event to alert in the API, {ALERTS} alerts, beside {full / 2:.0f} events/s of {ingest.SENDERS} devices "
          f"(half of {full:.0f}): " + ", ".join(f"{k} {v:.2f} s" for k, v in figures.items()) +
          ("" if busy else "; THE LOAD ENDED BEFORE"))


if __name__ == "__main__":
    main()
