#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The device port: frames that unpack to a lot, one alone and many at once."""
import concurrent.futures
import ctypes
import http.client
import json
import re
import signal
import ssl
import subprocess
import sys
import time

from harness import BUILD, case, contains, equal, main, now_ns

MIB = 1 << 20
UNPACKED_MAX = 64 * MIB  # WIRE_UNPACKED_MAX
FILLER = 1000  # a field that no cloud knows; what it holds is unpacked and skipped

xxhash = ctypes.CDLL("libxxhash.so.0")
xxhash.XXH3_64bits.restype = ctypes.c_uint64
xxhash.XXH3_64bits.argtypes = ctypes.c_char_p, ctypes.c_size_t


def varint(n):
    out = bytearray()
    while n > 0x7F:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    return bytes([*out, n])


def number(field, value):
    return varint(field << 3) + varint(value)


def data(field, content):
    return varint(field << 3 | 2) + varint(len(content)) + content


def zstd(start, zeros):
    """A zstd frame (RFC 8878) of stored bytes and a run of zeros, which takes next to nothing."""
    out = b"\x28\xb5\x2f\xfd\xa0" + (len(start) + zeros).to_bytes(4, "little")
    out += (len(start) << 3).to_bytes(3, "little") + start
    while zeros > 0:
        size = min(zeros, 128 << 10)
        zeros -= size
        out += (size << 3 | 1 << 1 | (zeros == 0)).to_bytes(3, "little") + b"\0"
    return out


def frame(stream, unpacked, text):
    """The first batch of a stream: one event whose file name is the text, and filler."""
    zigzag = now_ns() << 1
    row = data(4, b"ProcessCreated") + data(5, text.encode())
    event = number(1, 0) + number(2, 1) + number(3, zigzag) + data(15 + 4, row)
    start = (data(1, stream.encode()) + number(2, 1) + data(3, b"0123abcd-0000-4000-8000-0123456789ab")
             + number(4, zigzag) + number(5, zigzag) + data(6, event) + varint(FILLER << 3 | 2))
    # The length of the filler's length: all that are used here have four bytes.
    zeros = unpacked - len(start) - 4
    start += varint(zeros)
    packed = zstd(start, zeros)
    head = b"VKT1" + b"".join(n.to_bytes(4, "little") for n in (len(packed), unpacked, 1))
    return head + xxhash.XXH3_64bits(packed, len(packed)).to_bytes(8, "little") + packed


class Device:
    """Enrolled here, with a key and a certificate of its own."""

    def __init__(self, w, name):
        self.w, self.name, self.stream = w, name, name.encode().hex().ljust(32, "0")
        self.folder = w.dir / name
        self.folder.mkdir()
        key, csr = self.folder / "key", self.folder / "csr"
        subprocess.run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-subj", "/CN=x", "-keyout", key, "-out", csr], check=True, capture_output=True)
        token = json.loads(w.command("create-token").stdout)["token"]
        context = ssl.create_default_context(cafile=w.dir / "cloud/ca/ca.crt")
        status, _, reply = self.post("/device/v1/enroll", json.dumps(
            {"token": token, "csr": csr.read_text(), "machineUid": name * 8, "computerDnsName": name}), context)
        equal((status, name), (201, name))
        (self.folder / "crt").write_text(reply["certificate"])

    def post(self, path, body, context=None):
        if not context:
            context = ssl.create_default_context(cafile=self.w.dir / "cloud/ca/ca.crt")
            context.load_cert_chain(self.folder / "crt", self.folder / "key")
        port = re.search(r"devices are served on port (\d+)", (self.w.dir / "vakt-cloud.log").read_text())[1]
        c = http.client.HTTPSConnection("localhost", int(port), context=context, timeout=120)
        try:
            c.request("POST", path, body)
            answer = c.getresponse()
            return answer.status, answer.headers, json.loads(answer.read())
        finally:
            c.close()

    def send(self, unpacked):
        return self.post("/device/v1/events", frame(self.stream, unpacked, self.name))


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


if __name__ == "__main__":
    sys.exit(main())
