# SPDX-License-Identifier: Apache-2.0
"""A device of the tests' own: enrolls, and makes frames as no sensor would."""
import ctypes
import http.client
import json
import re
import ssl
import subprocess

from harness import equal, now_ns

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


def frame(stream, unpacked, text, batch=1, line=""):
    """A batch with one start of a process whose file name is the text, and filler."""
    zigzag = now_ns() << 1
    row = data(4, b"ProcessCreated") + data(5, text.encode()) + data(6, b"/usr/bin/" + text.encode())
    row += number(17, 4242 << 1)  # its process id: one without is nobody's
    if line:
        row += data(18, line.encode())
    event = number(1, 0) + number(2, batch) + number(3, zigzag) + data(15 + 4, row)
    start = (data(1, stream.encode()) + number(2, batch) + data(3, b"0123abcd-0000-4000-8000-0123456789ab")
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

    def send(self, unpacked, batch=1, program=None, line=""):
        return self.post("/device/v1/events", frame(self.stream, unpacked, program or self.name, batch, line))
