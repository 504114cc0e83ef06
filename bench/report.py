# SPDX-License-Identifier: Apache-2.0
"""From samples to figures: ratios within a round, their median with its interval, the table."""
import math
import os
import pathlib
import platform
import re

# What each row is held against. Falco: version 0.44 (modern BPF, default rules), measured once on a
# machine of this kind: ratios of wall time, the sensor's microseconds an operation, and what the
# operation took there alone, for these machines differ in speed by six. AIM: ours.
FALCO = {"exec": 1.04, "open": 2.02, "connect": 1.0, "build": 1.05, "web": 1.32}
FALCO_US = {"exec": (40, 680), "open": (1.3, 0.56), "connect": (2.5, 14)}
# Fork, exec, exit; connected, accepted; an open for reading is none.
EVENTS_AN_OPERATION = {"exec": 3, "connect": 2, "open": 0}
AIM = {"exec": 1.03, "open": 1.05, "build": 1.02, "web": 1.10}


def median(values):
    s = sorted(values)
    n = len(s)
    return (s[n // 2] + s[(n - 1) // 2]) / 2


def interval(values, confidence=0.95):
    """Of the median by order statistics; the whole range where there are too few values for it."""
    s = sorted(values)
    n = len(s)
    best = 0
    for k in range(1, n // 2 + 1):
        outside = 2 * sum(math.comb(n, i) for i in range(k)) / 2 ** n
        if 1 - outside >= confidence:
            best = k
    return (s[best - 1], s[n - best]) if best else (s[0], s[-1])


def figure(values):
    low, high = interval(values)
    return {"median": median(values), "low": low, "high": high, "n": len(values)}


def machine():
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    mem = re.search(r"MemTotal:\s*(\d+)", pathlib.Path("/proc/meminfo").read_text())
    return {"cpu": cpu[1] if cpu else platform.machine(), "processors": os.cpu_count(),
            "memory_mib": int(mem[1]) // 1024, "kernel": platform.release()}


def summarise(rounds, modes):
    """rounds: [{mode: sample}] of one load -> figures of each mode beside the base."""
    alone = [1e6 * r["without"]["wall"] / r["without"]["ops"] for r in rounds]
    result = {"without": {"us_per_op": figure(alone)}}
    for mode in modes:
        samples = [(r["without"], r[mode]) for r in rounds if mode in r and mode != "without"]
        if not samples:
            continue
        per_op = [(b["wall"] / b["ops"], m["wall"] / m["ops"], b["cpu"] / b["ops"], m["cpu"] / m["ops"])
                  for b, m in samples]
        result[mode] = {
            "wall": figure([m / b for b, m, _, _ in per_op]),
            "cpu": figure([m / b for _, _, b, m in per_op]),
            "own_user_us": figure([1e6 * m["own_user"] / m["ops"] for _, m in samples]),
            "own_system_us": figure([1e6 * m["own_system"] / m["ops"] for _, m in samples]),
            # The kernel's part: what the load itself pays more.
            "load_us": figure([1e6 * (m - b) for _, _, b, m in per_op]),
            # Others on the machine make events, too; this does not depend on them.
            "own_us_per_event": figure([1e6 * (m["own_user"] + m["own_system"]) / max(m["events"], 1)
                                        for _, m in samples]),
            "events": sum(m["events"] for _, m in samples),
            "lost": sum(m["lost"] for _, m in samples),
            "start_s": median([m["start_s"] for _, m in samples]) if samples[0][1]["start_s"] else None,
        }
    return result


def ratio(f):
    return f"{f['median']:.2f} ({f['low']:.2f}-{f['high']:.2f})"


def verdict(load, figures):
    """How Vakt's row stands against each thing it is held against."""
    wall, parts = figures["vakt"]["wall"]["median"], []
    if "auditd" in figures:
        parts.append(("below auditd", wall < figures["auditd"]["wall"]["median"]))
    if load in FALCO:
        parts.append((f"Falco {FALCO[load]:.2f}", wall <= FALCO[load]))
    if load in FALCO_US:
        own = figures["vakt"]["own_us_per_event"]["median"] * EVENTS_AN_OPERATION[load]
        share = own / figures["without"]["us_per_op"]["median"]
        falco_us, falco_alone = FALCO_US[load]
        parts.append((f"own {own:.1f} us, Falco {falco_us}", own <= falco_us))
        parts.append((f"own {share:.1%} of an operation, Falco {falco_us / falco_alone:.1%}",
                      share <= falco_us / falco_alone))
    if load in AIM:
        parts.append((f"aim {AIM[load]:.2f}", wall <= AIM[load]))
    return ", ".join(f"{name}: {'yes' if good else 'NO'}" for name, good in parts)


def print_load(load, figures):
    base = figures["without"]["us_per_op"]
    print(f"\n{load.name}: {load.ops_text}; alone {base['median']:.2f} us a {load.unit}, "
          f"{base['n']} rounds")
    print(f"  {'mode':8} {'wall / without':>18} {'CPU / without':>18} {'own us: user':>13} {'system':>7} "
          f"{'an event':>8} {'load pays us':>13} {'events':>9} {'lost':>7}")
    for mode, f in figures.items():
        if mode == "without":
            continue
        own = [f[k]["median"] for k in ("own_user_us", "own_system_us", "own_us_per_event", "load_us")]
        print(f"  {mode:8} {ratio(f['wall']):>18} {ratio(f['cpu']):>18} {own[0]:13.2f} {own[1]:7.2f} "
              f"{own[2]:8.2f} {own[3]:13.2f} {f['events']:9} {f['lost']:7}")
    if "vakt" in figures:
        print(f"  vakt starts in {figures['vakt']['start_s']:.2f} s; " + verdict(load.name, figures))
