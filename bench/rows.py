# SPDX-License-Identifier: Apache-2.0
"""Rows that are no ratios: memory over time, and whether every event made was seen or counted."""
import json
import pathlib
import re
import subprocess
import tempfile
import time

from modes import Vakt, run

MIB = 1 << 20
FALCO_MIB = 48
BURST_EVENTS_A_SECOND = 100000


def pss_kib(pid):
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(re.search(r"^Pss:\s*(\d+)", text, re.M)[1])


def loads(build, where, seconds, *kinds):
    """Starts bench-loads for each (kind, events a second or 0)."""
    return [subprocess.Popen([build / "bench/bench-loads", "-s", str(seconds), "-r", str(rate), "-d", where, kind],
                             stdout=subprocess.PIPE, text=True) for kind, rate in kinds]


def results(processes):
    return [json.loads(p.communicate()[0]) for p in processes]


def memory(build, seconds):
    """Starts, files and connections for a while; the sensor's memory meanwhile."""
    samples = []
    with Vakt(build) as v, tempfile.TemporaryDirectory(dir="/var/tmp") as where:
        running = loads(build, where, seconds, ("exec", 0), ("file", 3000), ("connect", 3000))
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            time.sleep(max(seconds / 12, 1))
            pid = v.processes[0].pid
            samples.append({"seconds": round(time.monotonic() - began), "pss_kib": pss_kib(pid),
                            "events": v.counts()[0]})
        results(running)
        kernel = v.health()["kernel_memory_bytes"]
        lost = v.counts()[1]
    print(f"\nmemory: {samples[-1]['events']} events in {seconds} s, {lost} lost; rings and maps "
          f"{kernel / MIB:.1f} MiB; Falco is at {FALCO_MIB} MiB without them")
    for s in samples:
        print(f"  after {s['seconds']:4} s: PSS {s['pss_kib'] / 1024:.1f} MiB, {s['events']} events")
    return {"samples": samples, "kernel_memory_bytes": kernel, "lost": lost}


def burst(build, seconds, kind, rate, marker):
    """Made by the load, found in the spool, and lost as told: the three must add up."""
    with Vakt(build) as v, tempfile.TemporaryDirectory(dir="/var/tmp") as where:
        made = results(loads(build, where, seconds, (kind, rate)))[0]
        v.drain()
        lost = v.counts()[1]
        v.processes[0].terminate()
        v.processes[0].wait()
        frames = subprocess.Popen([build / "src/programs/vakt-frames", *sorted((v.dir / "spool").glob("*.seg"))],
                                  stdout=subprocess.PIPE)
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
        "exec": burst(build, seconds, "exec", 0, r"vakt-bench"),
        "file": burst(build, short, "file", BURST_EVENTS_A_SECOND, r'"FileName":"vakt-bench-'),
        "connect": burst(build, short, "connect", BURST_EVENTS_A_SECOND,
                         r'"(ConnectionSuccess|InboundConnectionAccepted)".*bench-loads'),
    }


ROWS = {"memory": memory, "lossless": lossless}
