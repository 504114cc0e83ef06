#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The device port: frames that unpack to a lot, one alone and many at once."""
import concurrent.futures
import signal
import subprocess
import sys
import time

from device import Device, frame
from harness import BUILD, case, contains, equal, main

MIB = 1 << 20
UNPACKED_MAX = 64 * MIB  # WIRE_UNPACKED_MAX


def rows(w, device):
    return int(w.sql(f"SELECT count() FROM vakt.DeviceProcessEvents WHERE FileName = '{device.name}'"))


@case
def memory_for_less_than_one_frame_is_refused(w):
    for wrong in ("63", "0", "-1", "much"):
        done = subprocess.run([BUILD / "src/programs/vakt-cloud", "--frames-mib", wrong],
                              capture_output=True, text=True, check=False)
        equal(done.returncode, 2)
        contains(done.stderr, f"--frames-mib {wrong}: a number from 64 to 65536 is expected")
    w.stop("vakt-cloud")
    w.start_cloud("--frames-mib", 64)


@case
def at_first_nothing_is_counted(w):
    w.admin = w.administrator()
    found = w.admin.get("/portal/api/server").json
    equal({name: sum(found[name].values()) for name in ("frames", "alerts", "devicePort")},
          {"frames": 0, "alerts": 0, "devicePort": 0})
    equal(found["portalPort"]["requests"] > 0, True)


@case
def the_largest_frame_passes_alone(w):
    device = Device(w, "largest1")
    equal(device.send(UNPACKED_MAX)[0], 200)
    equal(rows(w, device), 1)
    status, _, reply = device.send(UNPACKED_MAX + 1)
    equal((status, reply["error"]["code"]), (400, "MalformedBatch"))
    # A refused one, and one that is known already, give back what they took.
    for _ in range(3):
        status, _, reply = device.post("/device/v1/events", frame(device.stream, UNPACKED_MAX, "")[:-1] + b"x")
        equal((status, reply["error"]["code"]), (400, "MalformedBatch"))
        equal(device.send(UNPACKED_MAX)[0], 200)
    equal(rows(w, device), 1)


@case
def what_does_not_fit_beside_another_is_put_off_and_comes_later(w):
    large, small = [Device(w, f"large-{n}") for n in range(2)], Device(w, "small---")
    sizes = {large[0]: 40 * MIB, large[1]: 40 * MIB, small: 3 * MIB}
    # While the store stands still, what has come in stays in flight.
    w.signal("vakt-store", signal.SIGSTOP)
    try:
        with concurrent.futures.ThreadPoolExecutor(3) as threads:
            runs = {threads.submit(d.send, sizes[d]): d for d in large}
            done, _ = concurrent.futures.wait(runs, 60, concurrent.futures.FIRST_COMPLETED)
            refused, = done
            status, headers, reply = refused.result()
            equal((status, reply["error"]["code"]), (503, "ServerBusy"))
            contains(reply["error"]["message"], "try again")
            equal(int(headers["Retry-After"]) >= 1, True)
            kept, = set(runs) - done
            # A usual frame finds room beside the large one.
            beside = threads.submit(small.send, sizes[small])
            time.sleep(1)
            equal((kept.done(), beside.done()), (False, False))
            w.signal("vakt-store", signal.SIGCONT)
            equal((kept.result()[0], beside.result()[0]), (200, 200))
    finally:
        w.signal("vakt-store", signal.SIGCONT)
    equal([rows(w, d) for d in (runs[kept], runs[refused], small)], [1, 0, 1])
    equal(runs[refused].send(sizes[runs[refused]])[0], 200)
    equal(rows(w, runs[refused]), 1)
    contains((w.dir / "vakt-cloud.log").read_text(), "frames in flight take all of the 64 MiB")


@case
def what_came_of_every_frame_is_counted(w):
    found = w.admin.get("/portal/api/server").json
    frames = {name: n for name, n in found["frames"].items() if name != "bytes"}
    # As the cases above sent them.
    equal(frames, {"taken": 4, "events": 4, "resends": 3, "refused": 4, "putOff": 1, "storeFailures": 0})
    # Four devices enrolled, and their frames.
    equal(found["devicePort"]["requests"], 4 + 4 + 3 + 4 + 1)
    equal(found["detection"]["matches"], 0)


if __name__ == "__main__":
    sys.exit(main())
