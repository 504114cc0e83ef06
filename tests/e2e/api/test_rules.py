#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Which rules are in use and how often each matched, as those who keep the rules see it."""
import sys
import time

from device import Device
from harness import PASSWORD, Client, case, contains, equal, main, now_ns, rfc3339

SMALL = 3 << 20  # what a frame of these tests unpacks to


def rule(number, title, image, level="high"):
    return f"""title: {title}
id: 00000000-0000-4000-8000-00000000000{number}
logsource: {{category: process_creation, product: linux}}
detection: {{image: {{Image|endswith: /{image}}}, condition: image}}
level: {level}
"""


def listed(w):
    answer = w.admin.get("/portal/api/rules")
    equal(answer.status, 200)
    return answer.json


def until(w, what, condition):
    """The server looks for changed rules every few seconds."""
    end = time.monotonic() + 30
    while not condition(found := listed(w)):
        if time.monotonic() > end:
            raise AssertionError(f"{what}: {found}")
        time.sleep(0.2)
    return found


@case
def without_rules_the_list_is_empty(w):
    w.admin = w.administrator()
    found = listed(w)
    equal((found["total"], found["refused"], found["value"]), (0, 0, []))
    equal(found["since"] <= rfc3339(now_ns()), True)


@case
def each_rule_is_told_with_what_it_is(w):
    own = w.dir / "cloud/rules"
    own.mkdir()
    (w.dir / "rules/a.yml").write_text(rule(1, "First", "matches1"))
    (w.dir / "rules/b.yml").write_text(rule(2, "Second", "never", "critical"))
    (w.dir / "rules/c.yml").write_text("title: broken\n")
    (own / "d.yml").write_text(rule(3, "A rule of one's own", "never", "low"))
    found = until(w, "three rules", lambda f: f["total"] == 3)
    equal(found["refused"], 1)
    equal([(r["file"].rpartition("/")[2], r["state"], len(r["stateReason"]) > 10) for r in found["refusedRules"]],
          [("c.yml", "error", True)])
    equal([(r["title"], r["level"], r["severity"], r["custom"], r["matches"], r["lastMatchTime"])
           for r in found["value"]],
          [("A rule of one's own", "low", "Low", True, 0, None), ("First", "high", "High", False, 0, None),
           ("Second", "critical", "High", False, 0, None)])
    equal(found["value"][1]["id"], "00000000-0000-4000-8000-000000000001")


@case
def what_matches_is_counted_and_stands_first(w):
    w.device = Device(w, "matches1")
    before = rfc3339(now_ns())
    for batch in (1, 2, 3):
        equal(w.device.send(SMALL, batch)[0], 200)
    equal(w.device.send(SMALL, 3)[0], 200)  # known already: not looked at again
    found = listed(w)["value"]
    equal([(r["title"], r["matches"]) for r in found],
          [("First", 3), ("A rule of one's own", 0), ("Second", 0)])
    equal(before <= found[0]["lastMatchTime"] <= rfc3339(now_ns()), True)
    # The same that alerts tell, of which all three are one.
    alerts = w.admin.get("/api/alerts").json["value"]
    equal([(a["title"], a["severity"]) for a in alerts], [("First", found[0]["severity"])])


@case
def counting_goes_on_when_rules_are_loaded_anew(w):
    since = listed(w)["since"]
    (w.dir / "rules/a.yml").write_text(rule(1, "First, changed", "matches1"))
    (w.dir / "rules/c.yml").unlink()
    found = until(w, "the changed rule", lambda f: f["value"][0]["title"] == "First, changed")
    equal((found["value"][0]["matches"], found["total"], found["refused"], found["since"]), (3, 3, 0, since))
    equal(w.device.send(SMALL, 4)[0], 200)
    equal(listed(w)["value"][0]["matches"], 4)


@case
def only_those_who_run_the_control_plane_may_ask(w):
    w.admin.ask("POST", "/portal/api/users", {"name": "rut", "roles": ["Reader"], "password": PASSWORD + "1"})
    reader = Client(w)
    reader.login("rut", PASSWORD + "1")
    reader.ask("POST", "/portal/api/password", {"current": PASSWORD + "1", "new": PASSWORD})
    equal(reader.get("/api/alerts").status, 200)
    answer = reader.get("/portal/api/rules")
    equal((answer.status, answer.code), (403, "Forbidden"))
    contains(str(w.admin.get("/portal/api/session").json["permissions"]), "RULE_READ")


@case
def a_new_start_begins_at_nothing(w):
    since = listed(w)["since"]
    w.stop("vakt-cloud")
    w.start_cloud()
    w.admin = Client(w)
    w.admin.login("admin", PASSWORD)
    found = listed(w)
    equal((found["total"], [r["matches"] for r in found["value"]]), (3, [0, 0, 0]))
    equal(found["since"] > since, True)


if __name__ == "__main__":
    sys.exit(main())
