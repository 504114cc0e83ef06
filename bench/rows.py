# SPDX-License-Identifier: Apache-2.0
"""Rows that are no ratios: memory over time, and whether every event made was seen or counted."""
import contextlib
import json
import os
import pathlib
import re
import subprocess
import tempfile
import time

from modes import Chain, Vakt, run

MIB = 1 << 20
FALCO_MIB = 48
SAMPLES = 12
BURST_EVENTS_A_SECOND = 100000
# Events a second; what bursts do is the question of another row.
STEADY = (("exec", 150), ("file", 600), ("connect", 600))


def pss_kib(pid):
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(re.search(r"^Pss:\s*(\d+)", text, re.M)[1])


@contextlib.contextmanager
def loads(build, where, seconds, *kinds):
    """Runs bench-loads for each (kind, events a second or 0); none outlives the bench."""
    common = [build / "bench/bench-loads", "-s", str(seconds), "-d", where]
    processes = [subprocess.Popen([*common, "-r", str(rate), kind], stdout=subprocess.PIPE, text=True)
                 for kind, rate in kinds]
    try:
        yield processes
    finally:
        for p in processes:
            p.terminate()


def results(processes):
    return [json.loads(p.communicate()[0]) for p in processes]


def memory(build, seconds):
    """The load of a busy server for a while; memory of sensor and uplink meanwhile."""
    samples = []
    with Chain(build) as c, tempfile.TemporaryDirectory(dir="/var/tmp") as where:
        with loads(build, where, seconds, *STEADY) as running:
            began = time.monotonic()
            for i in range(SAMPLES):
                time.sleep(max(began + seconds * (i + 1) / SAMPLES - time.monotonic(), 0))
                samples.append({"seconds": round(time.monotonic() - began), "sensor_kib": pss_kib(c.sensor),
                                "uplink_kib": pss_kib(c.uplink), "events": c.counts()[0]})
            results(running)
        kernel = c.health()["kernel_memory_bytes"]
        lost = c.counts()[1]
    print(f"\nmemory: {samples[-1]['events']} events in {seconds} s, {lost} lost. The ring is part of "
          f"the sensor's PSS; ring and maps {kernel / MIB:.1f} MiB. Falco: {FALCO_MIB} MiB")
    for s in samples:
        print(f"  after {s['seconds']:4} s: PSS sensor {s['sensor_kib'] / 1024:5.1f} MiB, uplink "
              f"{s['uplink_kib'] / 1024:5.1f} MiB; {s['events']} events")
    return {"samples": samples, "kernel_memory_bytes": kernel, "lost": lost}


def burst(build, seconds, kind, rate, marker):
    """Made by one load a processor, found in the spool, and lost as told: the three must add up."""
    n = os.cpu_count()
    with Vakt(build) as v, tempfile.TemporaryDirectory(dir="/var/tmp") as where:
        with loads(build, where, seconds, *[(kind, rate // n)] * n) as running:
            each = results(running)
        made = {"events": sum(e["events"] for e in each), "wall_ns": max(e["wall_ns"] for e in each)}
        v.drain()
        lost = v.counts()[1]
        v.processes[0].terminate()
        v.processes[0].wait()
        segments = sorted((v.dir / "spool").glob("*.seg"))
        frames = subprocess.Popen([build / "src/programs/vakt-frames", *segments], stdout=subprocess.PIPE)
        seen = int(subprocess.run(["grep", "-cE", marker], stdin=frames.stdout, stdout=subprocess.PIPE,
                                  text=True, check=False).stdout or 0)
        frames.wait()
    a_second = made["events"] / (made["wall_ns"] / 1e9)
    print(f"  {kind:8} {made['events']:9} made, {a_second:8.0f} a second; {seen:9} in the spool, {lost} lost")
    return {**made, "seen": seen, "lost": lost}


def lossless(build, seconds):
    """The highest rate of starts, and bursts of files and of sockets."""
    print("\nlossless:")
    short = max(seconds // 6, 5)
    return {
        "exec": burst(build, seconds, "exec", 0, r"vakt-bench|ProcessForked.*bench-loads"),
        "file": burst(build, short, "file", BURST_EVENTS_A_SECOND, r'"FileName":"vakt-bench-'),
        "connect": burst(build, short, "connect", BURST_EVENTS_A_SECOND,
                         r'"(ConnectionSuccess|InboundConnectionAccepted)".*bench-loads'),
    }


def output(*command):
    """What a program of its own prints, shown and kept."""
    text = run(*command)
    print("\n" + text.rstrip())
    return {"lines": text.splitlines()}


def rules(build, _seconds):
    """Nanoseconds an event by the number of rules."""
    return output(build / "bench/bench-rules")


def ingest(build, _seconds):
    """Events a second through the whole control plane, beside its store alone."""
    return output(pathlib.Path(__file__).with_name("ingest.py"), build)


def latency(build, _seconds):
    """From a kernel event to its alert in the API, at half of the rate above."""
    return output(pathlib.Path(__file__).with_name("latency.py"), build)


def hunt(build, _seconds):
    """Hunting queries over 50 million process events and as many others, beside SQL written by hand."""
    return output(pathlib.Path(__file__).with_name("hunt.py"), build, os.environ.get("HUNT_ROWS", "50000000"))


def benign(build, _seconds):
    """What servers do all day: no rule above Informational may be true of it."""
    return output(pathlib.Path(__file__).with_name("benign.py"), build)


ROWS = {"memory": memory, "lossless": lossless, "rules": rules, "ingest": ingest, "latency": latency, "hunt": hunt,
        "benign": benign}
