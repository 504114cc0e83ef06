#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What Vakt costs a machine, beside what others cost it: `make bench`.

Every load runs without and under each mode in the same round, the order turning from round to round;
figures are ratios within a round, their median over the rounds and the median's 95 % interval. Other
work on the machine makes single rounds worthless, so believe medians only. Writes
build/bench/NAME.json, a file for each row.
"""
import argparse
import json
import os
import pathlib
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import report
import rows
from loads import LOADS
from modes import MODES, USUAL, Failed


def names(text, known, what):
    wanted = [n for n in text.replace(",", " ").split() if n] or list(known)
    for n in wanted:
        if n not in known:
            raise Failed(f"there is no {what} \"{n}\"; there are: {', '.join(known)}")
    return wanted


def measure(load, mode_class, build):
    with mode_class(build) as mode:
        load.warm()
        mode.drain()
        events, lost = mode.counts()
        user, system = mode.cpu()
        sample = load.run()
        mode.drain()
        after_user, after_system = mode.cpu()
        after_events, after_lost = mode.counts()
        sample.update(own_user=after_user - user, own_system=after_system - system,
                      events=after_events - events, lost=after_lost - lost)
        sample["missing"] = getattr(mode, "missing", [])
        sample["start_s"] = getattr(mode, "start_s", None)
    return sample


def run_load(load, modes, rounds, build):
    results = []
    load.prepare(build)
    try:
        load.calibrate()
        for i in range(rounds):
            turn = i % len(modes)
            order = modes[turn:] + modes[:turn]
            results.append({m: measure(load, MODES[m], build) for m in order})
            print(f"\r{load.name}: round {i + 1} of {rounds}", end="", file=sys.stderr, flush=True)
    finally:
        load.done()
    print(file=sys.stderr)
    return results


def write(out, name, data):
    out.mkdir(parents=True, exist_ok=True)
    data = {"machine": report.machine(), "unix_time": int(time.time()), **data}
    (out / f"{name}.json").write_text(json.dumps(data, indent=1) + "\n")


def arguments():
    env = os.environ.get
    p = argparse.ArgumentParser(description="Each option may also come from the environment, in capitals.")
    p.add_argument("--rounds", type=int, default=int(env("ROUNDS", "9")))
    p.add_argument("--loads", default=env("LOADS", ""), help="of: " + " ".join([*LOADS, *rows.ROWS]))
    p.add_argument("--modes", default=env("MODES", ""), help="of: " + " ".join(MODES))
    p.add_argument("--seconds", type=int, default=int(env("SECONDS_A_ROW", "60")),
                   help="length of the rows memory and lossless")
    p.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build/release"))
    p.add_argument("--out", type=pathlib.Path, default=pathlib.Path("build/bench"))
    return p.parse_args()


def main():
    a = arguments()
    if os.geteuid() != 0:
        raise Failed("make bench must run as root: the sensor reads the kernel")
    wanted = names(a.loads, [*LOADS, *rows.ROWS], "load")
    modes = names(a.modes or " ".join(USUAL), list(MODES), "mode")
    if "without" not in modes:
        modes.insert(0, "without")
    m = report.machine()
    print(f"{m['cpu']}, {m['processors']} processors, {m['memory_mib']} MiB, Linux {m['kernel']}; "
          f"load average {os.getloadavg()[0]:.1f}")
    for name in wanted:
        if name in rows.ROWS:
            write(a.out, name, rows.ROWS[name](a.build, a.seconds))
            continue
        rounds = run_load(LOADS[name], modes, a.rounds, a.build)
        figures = report.summarise(rounds, modes)
        report.print_load(LOADS[name], figures)
        write(a.out, name, {"load": LOADS[name].ops_text, "figures": figures, "rounds": rounds})


if __name__ == "__main__":
    # An end by signal leaves no audit rule behind either.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        main()
    except (Failed, AssertionError) as e:
        print(f"bench: {e}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
