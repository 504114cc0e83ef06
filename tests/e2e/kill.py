#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9 of every program at random moments, under its supervisor, while things happen.

usage: kill.py BUILD [KILLS [SEED]]. All come back by themselves; of the processes started meanwhile
each stands in the store exactly once.
"""
import random
import sys
import time

from chain import SERVICES, Chain, Starts, Tap, wait_for


# Every start is a match of one parent: one alert that counts them all.
RULE = """title: Start made by the kill test
id: 6e0c2c58-3f60-4cc0-9a43-2b1a6ed0a7d1
status: test
description: Counts the starts that the kill test makes.
author: Vakt
logsource:
    product: linux
    category: process_creation
detection:
    selection:
        CommandLine|contains: "vakt-kill-"
        Image|endswith: "/true"
    condition: selection
level: low
"""


def add_rule(chain):
    rules = chain.state / "vakt-cloud/rules"
    rules.mkdir(exist_ok=True)
    (rules / "kill.yml").write_text(RULE)
    chain.kill("vakt-cloud")


def one_alert(chain, made):
    sql = "SELECT id, event_count FROM alert WHERE title = 'Start made by the kill test'"
    rows = chain.state_rows(sql)
    print(f"# alerts: {rows}")
    assert [count for _, count in rows] == [made[0]], f"{made[0]} matches, {rows}"


def kill_all(chain, kills, seed, ret_made):
    dice = random.Random(seed)
    starts = Starts(f"vakt-kill-{seed}")
    try:
        for _ in range(kills):
            time.sleep(dice.uniform(0, 0.8))
            chain.kill(dice.choice(SERVICES))
    finally:
        made = starts.stop()
        ret_made.append(made)
    sql = (
        "SELECT count(), uniqExact(ProcessCommandLine), uniqExact(BootId, Cpu, Sequence) "
        f"FROM vakt.DeviceProcessEvents WHERE {starts.where()}"
    )
    rows = None
    try:
        # More rows than made is as wrong as fewer: it is not waited for.
        wait_for("all rows", lambda: (chain.count(sql) or [0])[0] >= made, 120, 0.5)
    except AssertionError:
        pass
    time.sleep(2)
    rows = chain.count(sql)
    print(f"# {kills} kills, seed {seed}: {made} processes made, rows/distinct/identities {rows}")
    print(f"# gaps told: {chain.ask('SELECT ActionType, LostKind, LostEvents, Reason FROM vakt.SensorGaps')}")
    assert rows == [made, made, made], f"{made} made, {rows} stored"


def no_doubles(chain):
    for table in ("DeviceProcessEvents", "DeviceFileEvents", "DeviceNetworkEvents", "SensorGaps"):
        rows = chain.count(f"SELECT count(), uniqExact(BootId, Cpu, Sequence) FROM vakt.{table}")
        assert rows[0] == rows[1], f"{table}: {rows[0]} rows, {rows[1]} events"


def alerts_can_be_hunted(chain):
    wanted = sorted(chain.state_rows("SELECT id FROM alert"))
    evidence = chain.state_rows("SELECT (SELECT count(*) FROM alert_evidence) + (SELECT count(*) FROM alert)")[0][0]
    wait_for("alerts to be written", lambda: chain.state_rows("SELECT count(*) FROM alert_due") == [(0,)], 60, 0.5)
    rows = chain.ask("SELECT AlertId FROM vakt.AlertInfo FINAL ORDER BY AlertId")
    assert [tuple(r) for r in rows] == wanted, f"{wanted} in state, {rows} in the store"
    assert chain.count("SELECT count() FROM vakt.AlertEvidence FINAL") == [evidence]


def main():
    kills = int(sys.argv[2]) if len(sys.argv) > 2 else 40
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.SystemRandom().randrange(10**6)
    tap = Tap()
    with Chain(sys.argv[1]) as chain:
        made = []
        add_rule(chain)
        tap.case(f"after {kills} kills each start stands in the store once", kill_all, chain, kills, seed, made)
        tap.case("the matches are one alert that counts each of them once", one_alert, chain, made)
        tap.case("no event of any kind stands there twice", no_doubles, chain)
        tap.case("alerts and their evidence stand in the store once", alerts_can_be_hunted, chain)
        if tap.failed:
            chain.show_logs()
    tap.end()


if __name__ == "__main__":
    main()
