#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Hunting queries beside the best SQL we know for the same question, on one store in the same run.

usage: bench/hunt.py BUILD [PROCESS_ROWS]. Fills a store of its own with that many process events and as
many of the other tables together (bench/hunt_data.py), asks each question both ways in turn, holds the
answers against each other, and prints the medians and their ratio. VAKT_HUNT_DATA names a folder that is
filled once and kept for the next run.
"""
import contextlib
import http.client
import json
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

import hunt_data as data
from hunt_questions import QUESTIONS

SOURCE = pathlib.Path(__file__).resolve().parents[1]
PROCESS_ROWS = 50_000_000
ROUNDS = 7
START_S = 120
AIM_RATIO, AIM_COMPILE_MS, AIM_INTERACTIVE_S = 1.1, 5, 1.0


class Store:
    """A vakt-store over a folder, and the driver that compiles queries for it."""

    def __init__(self, build, folder):
        self.socket = folder / "store.sock"
        self.log = open(folder / "store.log", "ab")
        self.process = subprocess.Popen(
            [build / "src/programs/vakt-store", "--library", SOURCE / "build/chdb/libchdb.so", "--data-dir",
             folder / "store", "--socket", self.socket], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        end = time.monotonic() + START_S
        while not self.answers():
            if time.monotonic() > end or self.process.poll() is not None:
                raise RuntimeError(f"vakt-store does not answer; its log is {folder}/store.log")
            time.sleep(0.1)
        driver = build / "tests/kql/kql-driver"
        subprocess.run([driver, f"unix:{self.socket}", "--migrate"], stdin=subprocess.DEVNULL, check=True)
        # Without a store it only compiles.
        self.driver = subprocess.Popen([driver], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def answers(self):
        with contextlib.suppress(OSError, http.client.HTTPException, RuntimeError):
            return self.ask("SELECT 1") == "1\n"
        return False

    def ask(self, sql, readonly=True, timeout=900):
        c = http.client.HTTPConnection("localhost", timeout=timeout)
        c.sock = socket.socket(socket.AF_UNIX)
        c.sock.settimeout(timeout)
        c.sock.connect(str(self.socket))
        try:
            c.request("POST", f"/?readonly={int(readonly)}", body=sql)
            answer = c.getresponse()
            text = answer.read().decode(errors="replace")
        finally:
            c.close()
        if answer.status != 200:
            raise RuntimeError(f"{text.strip()}\n  of: {sql}")
        return text

    def compile(self, query, now_s):
        """SQL, and milliseconds of the fastest of five compilations."""
        times = []
        for _ in range(5):
            request = {"query": query, "tenant": data.TENANT, "now": now_s * 10**9, "explain": ["sql"]}
            self.driver.stdin.write(json.dumps(request).encode() + b"\n")
            self.driver.stdin.flush()
            answer = json.loads(self.driver.stdout.readline())
            if "sql" not in answer:
                raise RuntimeError(f"{answer['diagnostics']}\n  of: {query}")
            times.append(answer["compile_us"] / 1000)
        return answer["sql"], min(times)

    def close(self):
        self.driver.stdin.close()
        self.driver.wait(60)
        self.process.terminate()
        self.process.wait(120)
        self.log.close()


def fill(store, begin_s, process_rows):
    started = time.monotonic()
    for table in data.TABLES:
        for day in range(data.DAYS):
            store.ask(data.day_statement(table, day, begin_s, process_rows), readonly=False)
            if sys.stderr.isatty():
                print(f"\r{table}: day {day + 1} of {data.DAYS}  ", end="", file=sys.stderr, flush=True)
    return time.monotonic() - started


def settle(store):
    """Waits for the merges that filling has caused: they would be counted as the questions'."""
    while int(store.ask("SELECT count() FROM system.merges")):
        time.sleep(1)


def timed(store, sql):
    start = time.monotonic()
    answer = store.ask(sql)
    return time.monotonic() - start, answer


def compare(store, question, now_s):
    query, sql = question.kql(now_s), question.sql(now_s)
    compiled, compile_ms = store.compile(query, now_s)
    by_query, by_sql = [], []
    for i in range(ROUNDS + 1):  # the first one warms up
        pairs = [(by_query, compiled), (by_sql, sql)]
        answers = {}
        for times, text in pairs if i % 2 else reversed(pairs):
            seconds, answers[text] = timed(store, text)
            if i:
                times.append(seconds)
        if answers[compiled] != answers[sql]:
            raise RuntimeError(f"{question.name}: the answers differ:\n{answers[compiled][:500]}\n{answers[sql][:500]}")
    kql, hand = statistics.median(by_query), statistics.median(by_sql)
    pairs = sorted(a / b for a, b in zip(by_query, by_sql))
    return {"name": question.name, "kql_s": kql, "sql_s": hand, "ratio": statistics.median(pairs),
            "ratio_low": pairs[0], "ratio_high": pairs[-1], "compile_ms": compile_ms,
            "interactive": question.interactive, "rows": answers[sql].count("\n")}


def verdict(r):
    parts = [(f"aim {AIM_RATIO}", r["ratio"] <= AIM_RATIO), (f"compiled in {AIM_COMPILE_MS} ms", r["compile_ms"] < AIM_COMPILE_MS)]
    if r["interactive"]:
        parts.append((f"under {AIM_INTERACTIVE_S:.0f} s", r["kql_s"] < AIM_INTERACTIVE_S))
    return ", ".join(f"{what}: {'yes' if good else 'NO'}" for what, good in parts)


def run(build, folder, process_rows):
    store = Store(build, folder)
    try:
        begin = folder / "begin"
        if not begin.exists():
            midnight = int(time.time()) // data.DAY_S * data.DAY_S - (data.DAYS - 1) * data.DAY_S
            seconds = fill(store, midnight, process_rows)
            begin.write_text(f"{midnight} {process_rows} {seconds:.0f}")
        midnight, process_rows, seconds = map(int, begin.read_text().split())
        settle(store)
        now_s = midnight + data.DAYS * data.DAY_S
        rows, size = store.ask("SELECT sum(rows), formatReadableSize(sum(bytes_on_disk)) FROM system.parts "
                               "WHERE active AND database = 'vakt'").split("\t")
        print(f"hunt: {process_rows:,} process events, {int(rows):,} rows in all, {size.strip()} on disk, filled in {seconds} s")
        print(f"  {'question':20} {'KQL s':>8} {'SQL s':>8} {'KQL / SQL':>18} {'compiled ms':>12} {'rows':>7}")
        for question in QUESTIONS:
            r = compare(store, question, now_s)
            print(f"  {r['name']:20} {r['kql_s']:8.3f} {r['sql_s']:8.3f} "
                  f"{r['ratio']:6.2f} ({r['ratio_low']:.2f}-{r['ratio_high']:.2f}) {r['compile_ms']:12.2f} {r['rows']:7}  "
                  + verdict(r), flush=True)
    finally:
        store.close()


def main():
    build = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else SOURCE / "build/release").resolve()
    process_rows = int(sys.argv[2]) if len(sys.argv) > 2 else PROCESS_ROWS
    kept = os.environ.get("VAKT_HUNT_DATA")
    folder = pathlib.Path(kept or tempfile.mkdtemp(prefix="vakt-hunt-", dir="/var/tmp"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        run(build, folder, process_rows)
    finally:
        if not kept:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
