#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
"""Names the layout of the ring's records after the text of the headers that define it.

A build reads the ring that another's programs filled only where both have the same name, so any
change of these headers must give another one.
"""
import hashlib
import pathlib
import sys

text = b"".join(pathlib.Path(name).read_bytes() for name in sys.argv[1:])
print(f'#define RECORD_LAYOUT "{hashlib.sha256(text).hexdigest()[:12]}"')
