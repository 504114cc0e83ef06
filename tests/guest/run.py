#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a test program as the only program of a machine with a Debian kernel, emulated by QEMU.

run.py [--append WORDS] KERNEL-PACKAGE CACHE-FOLDER PROGRAM [ARGUMENTS]...: downloads the package
once, puts the program and its libraries beside busybox into an initramfs, boots it without
acceleration and hands on what the program printed. It runs once for each ARGUMENTS, one string, in
the same boot. Needs no root and reaches no network from the guest.
"""
import argparse
import fcntl
import lzma
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

INIT = """#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /tmp /dev
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sys /sys
/bin/busybox mount -t tmpfs tmp /tmp
/bin/busybox mount -t cgroup2 cgroup /sys/fs/cgroup
/bin/busybox ip link set lo up
for module in /modules/*; do /bin/busybox insmod "$module"; done
status=0
RUNS/bin/busybox echo "guest: ended with $status"
/bin/busybox poweroff -f
"""
RUN = "CMOCKA_MESSAGE_OUTPUT=TAP /usr/bin/program {} 2>&1 || status=1\n"
BOOT_SECONDS = 580
# What the tests need and the kernel has not built in.
MODULES = ["./lib/modules/*/kernel/fs/overlayfs/overlay.ko*"]
# What they load themselves, where a machine would have it.
OWN_MODULES = ["./lib/modules/*/kernel/drivers/net/dummy.ko*"]


def package(name, cache):
    """The kernel's file, or that of the newest release of the same series where it is gone."""
    cache.mkdir(parents=True, exist_ok=True)
    with open(cache / "lock", "w") as lock:  # guests start beside each other
        fcntl.flock(lock, fcntl.LOCK_EX)
        return package_once(name, cache)


def package_once(name, cache):
    series = re.match(r"linux-image-(\d+\.\d+)\.", name).group(1)
    found = sorted(cache.glob(f"linux-image-{series}.*.deb"))
    if found:
        return found[-1]
    if subprocess.run(["apt-get", "download", name], cwd=cache, check=False).returncode:
        pattern = rf"^linux-image-{re.escape(series)}\.[0-9.+-]*(deb12[^-]*)?-cloud-amd64$"
        names = subprocess.run(["apt-cache", "search", "--names-only", pattern], check=True,
                               capture_output=True, text=True).stdout.split("\n")
        names = [line.split(" ")[0] for line in names if line]
        names.sort(key=lambda n: [int(part) for part in re.findall(r"\d+", n)])
        subprocess.run(["apt-get", "download", names[-1]], cwd=cache, check=True)
    return sorted(cache.glob(f"linux-image-{series}.*.deb"))[-1]


def kernel(deb, folder):
    tar = subprocess.run(["dpkg-deb", "--fsys-tarfile", deb], check=True, capture_output=True)
    subprocess.run(["tar", "-x", "-C", folder, "--wildcards", "./boot/vmlinuz-*", *MODULES,
                    *OWN_MODULES], check=True, input=tar.stdout)
    return next((folder / "boot").glob("vmlinuz-*"))


def libraries(program):
    text = subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout
    return re.findall(r"(/\S+) \(0x", text)


def initramfs(program, runs, folder):
    root = folder / "root"
    for sub in ("usr/bin", "usr/lib64", "usr/lib", "modules"):
        (root / sub).mkdir(parents=True)
    for link in ("bin", "lib", "lib64"):
        (root / link).symlink_to("usr/" + link)
    shutil.copy("/bin/busybox", root / "usr/bin/busybox")
    shutil.copy("/bin/true", root / "usr/bin/true")
    shutil.copy(program, root / "usr/bin/program")
    for library in {*libraries(program), *libraries("/bin/true")}:
        target = root / library.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, target)
    for module in (folder / "lib").rglob("*.ko*"):
        data = module.read_bytes()
        data = lzma.decompress(data) if module.suffix == ".xz" else data
        target = root / "modules" / module.name.removesuffix(".xz")
        if "drivers" in module.parts:
            target = root / "usr" / module.relative_to(folder).with_name(target.name)
            target.parent.mkdir(parents=True)
        target.write_bytes(data)
    (root / "init").write_text(INIT.replace("RUNS", "".join(map(RUN.format, runs))))
    (root / "init").chmod(0o755)
    image = folder / "initramfs"
    names = subprocess.run(["find", ".", "-print0"], cwd=root, check=True, capture_output=True)
    with image.open("wb") as out:
        subprocess.run(["cpio", "--null", "-o", "-H", "newc", "--quiet"], cwd=root, check=True,
                       input=names.stdout, stdout=out)
    return image


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--append", default="", help="words for the kernel's command line")
    parser.add_argument("package")
    parser.add_argument("cache", type=pathlib.Path)
    parser.add_argument("program")
    parser.add_argument("runs", nargs="*", default=[""])
    args = parser.parse_intermixed_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        # Its two processors take turns in one thread: emulated side by side, one of them may run an
        # instruction that the other one's kernel has just patched, and the guest dies of it.
        command = ["qemu-system-x86_64", "-accel", "tcg,thread=single", "-cpu", "max",
                   "-m", "1024", "-smp", "2", "-nographic", "-no-reboot", "-nic", "none",
                   "-kernel", kernel(package(args.package, args.cache), folder),
                   "-initrd", initramfs(args.program, args.runs, folder),
                   "-append", "console=ttyS0 quiet panic=-1 loglevel=1 " + args.append]
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True,
                                  timeout=BOOT_SECONDS, check=False)
            text = done.stdout
        except subprocess.TimeoutExpired as late:
            text = late.stdout or b""
    text = text.decode(errors="replace").replace("\r", "")
    # What firmware and kernel say before the first line of the program is no part of the result.
    start = re.search(r"^(TAP version|1\.\.|ok |not ok )", text, re.MULTILINE)
    sys.stdout.write(text[start.start():] if start else text)
    sys.exit(0 if "guest: ended with 0" in text else 1)


if __name__ == "__main__":
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    main()
