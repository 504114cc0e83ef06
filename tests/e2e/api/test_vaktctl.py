#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The operator's command line against a real control plane: log-in, hunting, lists, forms of output."""
import csv
import io
import json
import os
import stat
import subprocess
import sys

from harness import BUILD, case, contains, equal, main


def ctl(w, *arguments, stdin="", **environment):
    env = {"PATH": os.environ["PATH"], "HOME": str(w.dir), **environment}
    return subprocess.run([BUILD / "src/programs/vaktctl", *arguments], input=stdin, env=env,
                          capture_output=True, text=True, check=False, timeout=120)


def done(w, *arguments, **more):
    answer = ctl(w, *arguments, **more)
    equal((answer.stderr, answer.returncode), ("", 0))
    return answer.stdout


@case
def fixtures(w):
    w.admin = w.administrator()
    w.client = w.admin.ask("POST", "/portal/api/clients", {"name": "operator", "permissions": [
        "AdvancedQuery.Read.All", "Alert.Read.All", "Machine.Read.All"]}).json
    w.add_device("a" * 40, "alpha")
    w.add_incident(1)
    w.add_alert("da1", severity="High")
    w.add_alert("da2", severity="Low")


@case
def a_log_in_is_tried_and_kept_for_its_owner_only(w):
    login = ["login", "--server", f"https://localhost:{w.port}", "--tenant", w.tenant,
             "--client-id", w.client["id"], "--ca", str(w.dir / "cloud/ca/ca.crt")]
    answer = ctl(w, *login, stdin="wrong\n")
    equal((answer.returncode, answer.stderr), (1, "vaktctl: The client or its secret is not known here.\n"))
    kept = w.dir / ".config/vakt/ctl.json"
    equal(kept.exists(), False)
    answer = ctl(w, *login[:-2], stdin=w.client["secret"])
    equal(answer.returncode, 1)
    contains(answer.stderr, "certificate")
    contains(done(w, *login, stdin=w.client["secret"] + "\n"), "Logged in")
    equal(stat.S_IMODE(kept.stat().st_mode), 0o600)


@case
def rows_come_as_a_table_as_json_and_as_csv(w):
    query = "print a = 'x,\"y\"', b = 1, c = long(null), d = 0.1, e = dynamic([1])"
    equal(done(w, "hunt", query), 'a      b  c  d    e\nx,"y"  1     0.1  [1]\n')
    equal(json.loads(done(w, "hunt", query, "--output", "json")),
          [{"a": 'x,"y"', "b": 1, "c": None, "d": 0.1, "e": "[1]"}])
    text = done(w, "hunt", "-o", "csv", stdin=query)
    equal(list(csv.reader(io.StringIO(text))), [["a", "b", "c", "d", "e"], ['x,"y"', "1", "", "0.1", "[1]"]])
    (w.dir / "q.kql").write_text("print x = 1\n| extend y = 2")
    equal(done(w, "hunt", "-f", str(w.dir / "q.kql")), "x  y\n1  2\n")
    equal(json.loads(done(w, "hunt", "print 1 | where false", "-o", "json")), [])


@case
def what_a_stranger_wrote_cannot_steer_the_terminal(w):
    equal(done(w, "hunt", "print a = '\\u001b[2J\\n\\u0007x', b = '\\u009b1m'"), "a        b\n [2J  x   1m\n")
    text = done(w, "hunt", "print a = strrep('å', 100), b = 1").splitlines()[1]
    equal(text, "å" * 59 + "…  1")


@case
def mistakes_are_shown_where_they_are(w):
    query = "DeviceProcessEvents\n|\twhere FileNam == 'å' and Nothing > 1"
    answer = ctl(w, "hunt", query)
    equal((answer.returncode, answer.stdout), (1, ""))
    lines = answer.stderr.splitlines()
    contains(lines[0], "FileNam")
    contains(lines[0], 'did you mean "FileName"?')
    equal(lines[1:3], ["    2 | |\twhere FileNam == 'å' and Nothing > 1",
                       "      |  \t      ^~~~~~~"])
    equal(lines[5], "      |  \t" + " " * 25 + "^~~~~~~")


@case
def stages_of_the_compiler_are_shown(w):
    for stage in ("tokens", "ast", "bound", "plan", "sql"):
        equal(len(done(w, "hunt", "print x = 1", f"--explain={stage}")) > 5, True)
    answer = ctl(w, "hunt", "print x = y", "--explain", "ast")
    equal((answer.returncode, len(answer.stdout) > 5), (1, True))
    contains(answer.stderr, "^")
    answer = ctl(w, "hunt", "print 1", "--explain", "all")
    contains(answer.stderr, "'all' is not one of tokens, ast, bound, plan, sql")


@case
def tables_alerts_and_machines_are_listed(w):
    contains(done(w, "tables"), "DeviceProcessEvents")
    contains(done(w, "tables", "DeviceInfo"), "Timestamp")
    equal(ctl(w, "tables", "Other").stderr, "vaktctl: there is no table Other; `vaktctl tables` lists them\n")
    equal(len(done(w, "alerts").splitlines()), 3)
    equal([a["id"] for a in json.loads(done(w, "alerts", "--filter", "severity eq 'High'", "-o", "json"))], ["da1"])
    equal(len(done(w, "alerts", "--top", "1").splitlines()), 2)
    contains(done(w, "machines"), "alpha")
    answer = ctl(w, "alerts", "--filter", "nothing eq 1")
    equal(answer.returncode, 1)
    contains(answer.stderr, "nothing")


@case
def more_rows_than_there_may_be_are_told(w):
    answer = ctl(w, "hunt", "range x from 1 to 100001 step 1", "-o", "csv")
    equal((answer.returncode, len(answer.stdout.splitlines())), (0, 100001))
    equal(answer.stderr, "vaktctl: there are more rows; a query has at most 100000\n")


@case
def a_permission_that_is_missing_is_said(w):
    w.admin.connection = None  # the server has closed the one that was idle
    made = w.admin.ask("POST", "/portal/api/clients", {"name": "less", "permissions": ["Alert.Read.All"]}).json
    answer = ctl(w, "machines", VAKT_CLIENT_ID=made["id"], VAKT_CLIENT_SECRET=made["secret"])
    equal((answer.returncode, answer.stderr),
          (1, "vaktctl: The identity may not do this. (status 403)\n"))


if __name__ == "__main__":
    sys.exit(main())
