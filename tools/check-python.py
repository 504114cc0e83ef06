#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Refuses a Python file that does not parse: a test that cannot start fails only where it is run."""
import ast
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = ("bench", "bpf", "content", "schema", "src", "tests", "tools")


def is_python(path):
    with path.open("rb") as f:
        return path.suffix == ".py" or b"python3" in f.readline(80)


def main():
    bad = 0
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if "node_modules" in path.parts or not path.is_file() or not is_python(path):
                continue
            try:
                ast.parse(path.read_bytes())
            except (SyntaxError, ValueError) as e:
                print(f"{path.relative_to(ROOT)}:{getattr(e, 'lineno', '?')}: {e}")
                bad += 1
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
