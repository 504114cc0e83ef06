#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints a SQL file as a C string, so that the program carries its own schema."""
import json
import pathlib
import sys

name, path = sys.argv[1:]
print(f"static const char {name}[] =")
for line in pathlib.Path(path).read_text().splitlines():
    if not line.lstrip().startswith("--"):
        print("\t" + json.dumps(line.partition("--")[0] + "\n"))
print("\t;")
