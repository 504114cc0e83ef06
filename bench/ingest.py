#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the control plane takes in, beside what its store alone would take.

usage: bench/ingest.py [BUILD [EVENTS [SENDERS]]]. Records the real sensor over a build and shell work,
replays the recording over TLS through vakt-cloud with its rules into vakt-store, and then the same
rows straight into the store; says where vakt-cloud spends its time. Once with the recorded frames,
which are as small as a quiet machine's, and once with frames as a busy machine's sensor seals them.
VAKT_RECORDING names a spool to send instead of recording one.
"""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

SOURCE = pathlib.Path(__file__).resolve().parents[1]
BUILD = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else SOURCE / "build/release").resolve()
EVENTS = int(sys.argv[2]) if len(sys.argv) > 2 else 600000
SENDERS = int(sys.argv[3]) if len(sys.argv) > 3 else 8
RECORD_S = 15
FRAME_EVENTS = 10000  # where the sensor seals a frame
os.environ.setdefault("VAKT_BUILD", str(BUILD))
os.environ.setdefault("VAKT_LIBCHDB", str(SOURCE / "build/chdb/libchdb.so"))
sys.path.insert(0, str(SOURCE / "tests/e2e/api"))
from harness import World  # noqa: E402

# Stages of vakt-cloud by what perf says of a sample; the first that fits counts.
STAGES = [
    ("TLS and HTTP", r"libssl|libcrypto|libevent|http_|evhttp|evbuffer"),
    ("decode", r"libzstd|ZSTD|HUF_|FSE_|XXH|wire_|take_|read_varint|libxxhash"),
    ("detection", r"literals_|set_match|rules_|detect|column_value|get_value|get_field|eval|on_literal|set_bit|pcre|leaf_|subject_|scan_"),
    ("native block", r"native_|put_|buf_|batch_|add_event|event_field_find|memmove|memcpy|realloc|store_events"),
    ("insert", r"libcurl|telemetry_|send_request"),
    ("state", r"libsqlite|sqlite|state_|fleet_|incident_"),
    ("kernel", r"\[kernel|\[k\]|vmlinux"),
]


def program(name):
    return BUILD / "src/programs" / name


def cpu(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def work(seconds):
    """A build and what shells do, again and again."""
    end = time.monotonic() + seconds
    with tempfile.TemporaryDirectory(dir="/var/tmp") as where:
        while time.monotonic() < end:
            subprocess.run(
                "for f in '%s'/src/base/*.c; do cc -I'%s/src' -D_GNU_SOURCE -c -o o.o \"$f\" || true; done;"
                "for i in 1 2 3 4 5 6 7 8 9; do ls -l /etc >l$i; grep -c root /etc/passwd; cp l$i m$i;"
                "mv m$i n$i; rm n$i; sh -c 'id; uname -a' | sort; done" % (SOURCE, SOURCE),
                shell=True, cwd=where, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Sensor:
    def __init__(self, root):
        self.root = root
        (root / "device").mkdir()
        (root / "run").mkdir()
        self.log = open(root / "sensor.log", "wb")
        self.process = None

    def __enter__(self):
        self.process = subprocess.Popen(
            [program("vakt-sensor"), "--state-dir", self.root / "device", "--run-dir", self.root / "run"],
            stdout=self.log, stderr=self.log)
        for _ in range(300):
            if b"started" in (self.root / "sensor.log").read_bytes():
                return self
            time.sleep(0.1)
        raise RuntimeError((self.root / "sensor.log").read_text())

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.log.close()


def record(root, seconds):
    with Sensor(root):
        work(seconds)
        time.sleep(2)
    return root / "device/spool"


def token(world, uses):
    text = world.command("create-token", "--uses", str(uses), "--device-port", str(world.device_port)).stdout
    return text


def token_parts(text):
    """(token, fingerprint of the CA) of a token file."""
    try:
        fields = json.loads(text)
    except ValueError:
        fields = dict(re.findall(r"^\s*([\w]+)\s*[:=]\s*\"?([^\"\s]+)\"?\s*$", text, re.M))
    fields = {k.replace("_", "").lower(): v for k, v in fields.items()}
    return fields["token"], fields["casha256"]


def send(world, root, spool, events, frame_events, rate=0):
    secret, ca = token_parts(token(world, SENDERS))
    command = [BUILD / "bench/bench-ingest", f"https://localhost:{world.device_port}", secret, ca, spool,
               f"unix:{world.dir}/store.sock", str(events), str(SENDERS),
               str(frame_events), str(rate)]
    return subprocess.Popen([*map(str, command)], cwd=root,
                            stdout=subprocess.PIPE, text=True)


def stages(path):
    text = subprocess.run(["perf", "report", "-i", path, "--stdio", "--no-children", "-F", "overhead,dso,symbol"],
                          capture_output=True, text=True, check=False).stdout
    shares = {}
    for percent, rest in re.findall(r"^\s+([\d.]+)%\s+(.*)$", text, re.M):
        name = next((n for n, pattern in STAGES if re.search(pattern, rest)), "other")
        shares[name] = shares.get(name, 0) + float(percent)
    return dict(sorted(shares.items(), key=lambda i: -i[1]))


def throughput(world, root, spool, events, frame_events):
    pids = {name: p.pid for name, p in world.processes.items()}
    sender = send(world, root, spool, events, frame_events)
    lines, profile = [], None
    try:
        # Frames are made before the first line; only then the clock of the programs begins.
        for line in sender.stdout:
            lines.append(json.loads(line))
            if lines[-1]["phase"] == "ready":
                before = {n: cpu(p) for n, p in pids.items()}
                profile = subprocess.Popen(
                    ["perf", "record", "-q", "-F", "499", "-o", root / "perf.data", "-p", str(pids["vakt-cloud"])],
                    stderr=subprocess.DEVNULL)
            elif lines[-1]["phase"] == "chain":
                spent = {n: cpu(p) - before[n] for n, p in pids.items()}
                profile.send_signal(signal.SIGINT)
                profile.wait()
    finally:
        if sender.poll() is None and len(lines) < 3:
            sender.terminate()
    if sender.wait() or len(lines) < 3:
        raise RuntimeError("bench-ingest failed")
    _, chain, bulk = lines
    chain["cpu_us_per_event"] = {n: round(s / chain["events"] * 1e6, 2) for n, s in spent.items()}
    chain["cloud_stages_percent"] = {k: round(v, 1) for k, v in stages(root / "perf.data").items()}
    return chain, bulk


class BenchWorld(World):
    def cloud_options(self):
        return [*super().cloud_options(), "--rules-dir", SOURCE / "content/rules"]


def show(what, chain, bulk):
    print(f"{what}: chain {chain['events_per_s']} events/s, frame p50 {chain['frame_p50_ms']} ms, p99 "
          f"{chain['frame_p99_ms']} ms; CPU {chain['cpu_us_per_event']} us an event; vakt-cloud "
          f"{chain['cloud_stages_percent']} %")
    if bulk["events"]:
        print(f"{what}: store alone {bulk['events_per_s']} events/s, ratio "
              f"{chain['events_per_s'] / bulk['events_per_s']:.2f}")


def main():
    with tempfile.TemporaryDirectory(prefix="vakt-bench-") as name:
        root = pathlib.Path(name)
        recording = root / "recording"
        recording.mkdir()
        spool = root / "spool"
        shutil.copytree(os.environ.get("VAKT_RECORDING") or record(recording, RECORD_S), spool)
        for what, events, frame_events in (("recorded frames", EVENTS // 10, 0),
                                           (f"frames of {FRAME_EVENTS}", EVENTS, FRAME_EVENTS)):
            (spool / "acked").unlink(missing_ok=True)
            world = BenchWorld()
            try:
                world.device_port = int(re.search(r"devices are served on port (\d+)",
                                                  (world.dir / "vakt-cloud.log").read_text())[1])
                show(what, *throughput(world, root, spool, events, frame_events))
            finally:
                world.close()


if __name__ == "__main__":
    main()
