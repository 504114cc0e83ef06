#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Names of system calls, from the kernel's headers that the compiler finds.

syscalls.py OUTPUT COMPILER...: an architecture whose header is not there has no names.
"""
import re
import subprocess
import sys

# AUDIT_ARCH_* and where the numbers stand.
ARCHITECTURES = [
    (0xC000003E, "#include <asm/unistd_64.h>"),
    (0x40000003, "#include <asm/unistd_32.h>"),
    (0xC00000B7, "#define __BITS_PER_LONG 64\n#define __ARCH_WANT_RENAMEAT\n#include <asm-generic/unistd.h>"),
]


def numbers(compiler, text):
    run = subprocess.run([*compiler, "-E", "-dM", "-x", "c", "-"], input=text, capture_output=True, text=True)
    found = dict(re.findall(r"^#define __NR(?:3264)?_(\w+) (\d+)$", run.stdout, re.M)) if run.returncode == 0 else {}
    return {int(number): name for name, number in found.items()}


def main():
    output, *compiler = sys.argv[1:]
    out = ["/* Made by syscalls.py from the kernel's headers. */", '#include "sensor/logs/syscalls.h"', "",
           "#include <stddef.h>", "", '#include "base/macro.h"']
    rows = []
    for arch, text in ARCHITECTURES:
        found = numbers(compiler, text)
        if not found:
            continue
        out.append(f"static const char *const names_{arch:x}[] = {{")
        out += [f'\t[{number}] = "{name}",' for number, name in sorted(found.items())]
        out.append("};")
        rows.append(f"\tif (arch == 0x{arch:x})\n\t\treturn number < ARRAY_SIZE(names_{arch:x}) ? names_{arch:x}[number] : NULL;")
    out += ["const char *syscall_name(uint32_t arch, unsigned int number)", "{", *rows, "\treturn NULL;", "}"]
    with open(output, "w", encoding="utf-8") as f:
        f.write("\n".join(out) + "\n")


main()
