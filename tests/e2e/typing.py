#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Types at a program's prompts: typing.py COMMAND [PROMPT=LINE]... [PROMPT]

The program gets a terminal of its own. Each line is typed when its prompt is there, not after a
time: log-in programs throw away what was typed before they ask. A last prompt without a line is
only waited for; then the program is ended.
"""
import os
import pty
import select
import signal
import sys
import time

PROMPT_SECONDS = 30
# The prompt is printed before the terminal is switched to silent, which throws away typed input.
SETTLE_SECONDS = 0.3


class Terminal:
    def __init__(self, command):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvp(command[0], command)
        self.unread = b""

    def wait_for(self, prompt):
        deadline = time.monotonic() + PROMPT_SECONDS
        while prompt not in self.unread:
            if not select.select([self.fd], [], [], max(0, deadline - time.monotonic()))[0]:
                raise SystemExit(f"no {prompt!r} within {PROMPT_SECONDS} s, but {self.unread!r}")
            try:
                self.unread += os.read(self.fd, 4096)
            except OSError:  # the program has ended
                raise SystemExit(f"ended before {prompt!r}: {self.unread!r}") from None
        self.unread = self.unread.partition(prompt)[2]

    def type(self, line):
        time.sleep(SETTLE_SECONDS)
        os.write(self.fd, line + b"\n")

    def finish(self, patient):
        """Waits for the end of a program that was told to; others are hung up on."""
        deadline = time.monotonic() + (PROMPT_SECONDS if patient else 0)
        while time.monotonic() < deadline:
            try:
                if select.select([self.fd], [], [], 0.1)[0] and not os.read(self.fd, 4096):
                    break
            except OSError:
                break
        else:
            os.kill(self.pid, signal.SIGKILL)
        os.close(self.fd)
        os.waitpid(self.pid, 0)


def main(command, *steps):
    terminal = Terminal(command.split())
    told = False
    try:
        for step in steps:
            prompt, told, line = step.partition("=")
            terminal.wait_for(prompt.encode())
            if told:
                terminal.type(line.encode())
    finally:
        terminal.finish(bool(told))


main(*sys.argv[1:])
