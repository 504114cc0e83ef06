#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""From a process on this machine to an alert in state, through every program.

usage: detect.py BUILD. The operator's own rules are used where a case needs one of its own; they are
put beside the running control plane, which takes them up without a restart.
"""
import json
import signal
import sqlite3
import subprocess
import sys
import time

from chain import Chain, Tap, wait_for

RULE = """title: {title}
id: {id}
description: Of a test.
tags: [attack.execution, attack.t1059.004]
logsource: {{category: process_creation, product: linux}}
detection:
  marker:
    Image|endswith: /true
    CommandLine|contains: {marker}
  condition: marker
level: medium
"""


LOG_RULES = {
    "vakt-auditd": "logsource: {product: linux, service: auditd}\n"
                   "detection: {type: {type: EXECVE}, words: [vakt-needle], condition: type and words}\n",
    "vakt-auth": "logsource: {product: linux, service: auth}\n"
                 "detection: {words: ['Failed password for vakt-eve'], condition: words}\n",
}
LOG_LINES = {
    "auth": "Nov 29 12:00:00 host sshd[999999]: Failed password for vakt-eve from 192.0.2.1 port 5 ssh2\n",
    "auditd": 'type=SYSCALL msg=audit({time:.3f}:7): arch=c000003e syscall=59 pid=999999 exe="/bin/x" key=(null)\n'
              'type=EXECVE msg=audit({time:.3f}:7): argc=2 a0="x" a1=76616B742D6E6565646C6520\n',
}


def ask(chain, sql, *values):
    db = sqlite3.connect(f"file:{chain.state}/vakt-cloud/state.db?mode=ro", uri=True, timeout=10)
    try:
        return db.execute(sql, values).fetchall()
    finally:
        db.close()


def alerts(chain, title):
    return ask(chain, "SELECT id, event_count, incident_id FROM alert WHERE title = ?", title)


def add_rules(chain, names, bodies=None):
    """Writes a rule for each name and waits until the control plane has taken them up; bodies: what they look for."""
    folder = chain.state / "vakt-cloud/rules"
    folder.mkdir(exist_ok=True)
    before = len(list(folder.glob("*.yml")))
    for i, name in enumerate(names):
        text = RULE.format(title=name, id=f"00000000-0000-4000-8000-{before + i:012}", marker=name)
        if bodies:
            text = text[:text.index("logsource:")] + bodies[name]
        (folder / f"{name}.tmp").write_text(text)
        (folder / f"{name}.tmp").rename(folder / f"{name}.yml")
    log = chain.root / "var/log/vakt/vakt-cloud/current"
    own = len(list((chain.root / "opt/vakt/share/rules").glob("*/*.yml")))
    wait_for(
        "the rules are taken up",
        lambda: f"{own + before + len(names)} rules are in use" in log.read_text(errors="replace"),
    )


def test_alert(chain):
    begun = time.monotonic()
    done = chain.vakt("edr", "test-alert", "--share-dir", chain.root / "opt/vakt/share")
    assert done.returncode == 0, done.stderr
    rows = wait_for(
        "the alert",
        lambda: ask(chain, "SELECT severity, category, detection_source, status, techniques, account_name, "
                    "story, id FROM alert WHERE title = 'Enumeration of files with sensitive data'"),
        10, 0.05,
    )
    print(f"# {time.monotonic() - begun:.2f} s from the command to the alert")
    assert len(rows) == 1, rows
    severity, category, source, status, techniques, account, story, alert = rows[0]
    assert (severity, category, source, status) == ("Low", "Discovery", "WindowsDefenderAtp", "New"), rows
    assert json.loads(techniques) == ["T1083", "T1552.001", "T1005"], techniques
    assert account == "root", account
    # Ancestors first: the command, the script, then what matched.
    steps = json.loads(story)["steps"]
    names = [step["process"]["fileName"] for step in steps]
    assert "vakt" in names and not steps[names.index("vakt")]["matched"], names
    assert steps[-1]["matched"] and steps[-1]["process"]["fileName"] in ("find", "grep", "cat"), steps
    # The rows that matched are those that the store has.
    for table, report, when in ask(
        chain, "SELECT table_name, report_id, time_ns FROM alert_event WHERE alert_id = ?", alert
    ):
        found = chain.count(f"SELECT count() FROM vakt.{table} WHERE ReportId = {report} AND "
                            f"toUnixTimestamp64Nano(Timestamp) = {when}")
        assert found == [1], (table, report, found)
    evidence = [json.loads(e) for e, in ask(chain, "SELECT entity FROM alert_evidence WHERE alert_id = ?", alert)]
    assert {e["entityType"] for e in evidence} == {"Process", "User"}, evidence
    incidents = ask(chain, "SELECT incident_id FROM alert WHERE id = ? AND incident_id IN (SELECT id FROM incident)",
                    alert)
    assert len(incidents) == 1, incidents


def only_that_alert(chain):
    """What the test alert does is one finding, not several; others on this machine are not ours."""
    time.sleep(2)
    others = ask(chain, "SELECT title FROM alert WHERE story LIKE '%edr test-alert%'")
    assert others == [("Enumeration of files with sensitive data",)], others


def loop(chain):
    add_rules(chain, ["vakt-loop"])
    subprocess.run(
        ["sh", "-c", "i=0; while [ $i -lt 1000 ]; do sh -c '/bin/true vakt-loop; true'; i=$((i+1)); done"],
        check=True,
    )
    wait_for("all matches", lambda: [count for _, count, _ in alerts(chain, "vakt-loop")] == [1000], 120)
    stored = ask(chain, "SELECT count(*) FROM alert_event WHERE rule_id IN (SELECT rule_id FROM alert "
                 "WHERE title = 'vakt-loop')")[0][0]
    assert stored == 100, stored


def lines_of_logs(chain):
    """Of processes that nobody saw, one in each of two files; the word stands there in hexadecimal digits."""
    add_rules(chain, list(LOG_RULES), LOG_RULES)
    files = {kind: chain.root / f"{kind}.log" for kind in LOG_LINES}
    for file in files.values():
        file.touch()
    done = chain.vakt("config", "set", "vakt.logs.files",
                      json.dumps([{"path": str(file), "kind": kind} for kind, file in files.items()]))
    assert done.returncode == 0, done.stderr
    time.sleep(3)  # for the sensor to heed it: what stood there before is old
    for kind, file in files.items():
        file.write_text(LOG_LINES[kind].format(time=time.time()))
    for name in LOG_RULES:
        found = wait_for(f"the alert {name}", lambda name=name: alerts(chain, name))
        assert [count for _, count, _ in found] == [1], found
    assert chain.count("SELECT count() FROM vakt.DeviceLogEvents WHERE LogProcessId = 999999") == [3]


def refused(chain):
    folder = chain.state / "vakt-cloud/rules"
    (folder / "broken.yml").write_text("title: broken\nlogsource: {product: linux}\ndetection: {condition: nothing}\n")
    log = chain.root / "var/log/vakt/vakt-cloud/current"
    try:
        wait_for("it is told", lambda: "broken.yml:" in log.read_text(errors="replace"))
        wait_for("it is counted", lambda: "1 refused" in log.read_text(errors="replace"))
    finally:
        (folder / "broken.yml").unlink()
    # The others go on.
    before = sum(count for _, count, _ in alerts(chain, "vakt-loop"))
    subprocess.run(["/bin/true", "vakt-loop", "after"], check=True)
    wait_for("a match", lambda: sum(count for _, count, _ in alerts(chain, "vakt-loop")) == before + 1)


def main():
    tap = Tap()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that all is taken down
    with Chain(sys.argv[1]) as chain:
        time.sleep(2)
        tap.case("the test alert is there within seconds, with story and evidence", test_alert, chain)
        tap.case("and it is the only one", only_that_alert, chain)
        tap.case("a loop of a thousand is one alert", loop, chain)
        tap.case("lines of auditd and of an SSH server raise alerts, whoever wrote them", lines_of_logs, chain)
        tap.case("a rule that is refused costs the others nothing", refused, chain)
        if tap.failed:
            chain.show_logs()
    tap.end()


if __name__ == "__main__":
    main()
