#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Rules switched off and lowered, exceptions with their preview: by the API and by vaktctl, on real frames."""
import json
import os
import subprocess
import sys
import time

from device import Device
from harness import BUILD, DAY, case, contains, equal, main, now_ns

SMALL = 3 << 20  # what a frame of these tests unpacks to
RULES, EXCEPTIONS = "/portal/api/rules", "/portal/api/exceptions"


def rule(number, title, image, level="high"):
    return f"""title: {title}
id: 00000000-0000-4000-8000-00000000000{number}
logsource: {{category: process_creation, product: linux}}
detection: {{image: {{Image|endswith: /{image}}}, condition: image}}
level: {level}
tags: [attack.t1059.004]
"""


def rule_id(number):
    return f"00000000-0000-4000-8000-00000000000{number}"


def send(w, device, program, line=""):
    """One start of a program; its alerts stand there when this returns."""
    device.batch = getattr(device, "batch", 0) + 1
    equal(device.send(SMALL, device.batch, program, line)[0], 200)


def alerts(w):
    return {(a["title"], a["severity"], a["computerDnsName"]): a["eventCount"]
            for a in w.admin.get("/api/alerts").json["value"]}


def condition(field, operator, value):
    return {"field": field, "operator": operator, "value": value}


def shown(w, number):
    answer = w.admin.get(f"{RULES}/{rule_id(number)}")
    equal(answer.status, 200)
    return answer.json


def stored(w, program):
    return int(w.sql(f"SELECT count() FROM vakt.DeviceProcessEvents WHERE FileName = '{program}'"))


@case
def fixtures(w):
    w.admin = w.administrator()
    (w.dir / "rules/a.yml").write_text(rule(1, "Tool", "tool"))
    (w.dir / "rules/b.yml").write_text(rule(2, "Other", "other", "medium"))
    end = time.monotonic() + 30
    while w.admin.get(RULES).json["total"] != 2 and time.monotonic() < end:
        time.sleep(0.2)
    w.alpha, w.beta = Device(w, "alpha"), Device(w, "beta")


@case
def a_rule_that_is_off_makes_no_alert_and_is_counted(w):
    before = shown(w, 2)
    equal((before["state"], before["severity"], before["silenced"], before["changedBy"]), ("running", "Medium", 0, None))
    equal(before["mitreTechniques"], ["T1059.004"])
    off = w.admin.ask("PATCH", f"{RULES}/{rule_id(2)}", {"enabled": False})
    equal((off.status, off.json["state"], off.json["changedBy"]), (200, "switchedOff", "admin"))
    send(w, w.alpha, "other")
    equal(alerts(w), {})
    equal(stored(w, "other"), 1)
    told = shown(w, 2)
    equal((told["matches"], told["silenced"], told["lastSilencedTime"] is None), (1, 1, False))
    equal(w.admin.ask("PATCH", f"{RULES}/{rule_id(2)}", {"enabled": True}).json["state"], "running")
    send(w, w.alpha, "other")
    equal(alerts(w), {("Other", "Medium", "alpha"): 1})
    kept = w.admin.get("/portal/api/audit").json["value"][0]
    equal((kept["operation"], kept["details"]), ("rules_change", {"enabled": True, "title": "Other"}))


@case
def a_rule_can_be_lowered_and_never_raised(w):
    answer = w.admin.ask("PATCH", f"{RULES}/{rule_id(2)}", {"severity": "High"})
    equal((answer.status, answer.message), (400, "severity: the rule's own is Medium, and it can only be lowered"))
    low = w.admin.ask("PATCH", f"{RULES}/{rule_id(2)}", {"severity": "Low"}).json
    equal((low["severity"], low["ruleSeverity"], low["state"]), ("Low", "Medium", "running"))
    send(w, w.beta, "other")
    equal(alerts(w)[("Other", "Low", "beta")], 1)
    # What is not named stays.
    equal(w.admin.ask("PATCH", f"{RULES}/{rule_id(2)}", {"enabled": False}).json["severity"], "Low")
    own = w.admin.ask("PATCH", f"{RULES}/{rule_id(2)}", {"enabled": True, "severity": None}).json
    equal((own["severity"], own["state"]), ("Medium", "running"))
    equal(w.admin.ask("PATCH", f"{RULES}/nothing", {"enabled": False}).status, 404)


@case
def a_preview_tells_what_would_have_been_silenced_and_writes_nothing(w):
    send(w, w.alpha, "tool", "tool --nightly /srv")
    send(w, w.beta, "tool", "tool --attack")

    def preview(conditions, of=rule_id(1)):
        answer = w.admin.ask("POST", f"{EXCEPTIONS}/preview", {"ruleId": of, "conditions": conditions})
        equal(answer.status, 200)
        return answer.json

    found = preview([condition("processCommandLine", "contains", "--nightly")])
    equal((found["days"], found["lookedAt"], found["alertCount"], found["partlyCount"], found["limited"]),
          (30, 2, 1, 0, False))
    equal([(a["title"], a["computerDnsName"], a["wholly"]) for a in found["alerts"]], [("Tool", "alpha", True)])
    equal(preview([condition("folderPath", "equals", "/usr/bin/tool")])["alertCount"], 2)
    equal(preview([condition("folderPath", "equals", "/usr/bin/tool"),
                   condition("machineId", "equals", "0" * 40)])["alertCount"], 0)
    # Of any rule, and not of what is older than it looks.
    anything = [condition("folderPath", "startsWith", "/usr/bin/")]
    answer = w.admin.ask("POST", f"{EXCEPTIONS}/preview", {"conditions": anything})
    equal((answer.json["lookedAt"], answer.json["alertCount"]), (4, 4))
    w.state.execute("UPDATE alert SET created_ns = ? WHERE title = 'Other'", [now_ns() - 31 * DAY])
    equal(w.admin.ask("POST", f"{EXCEPTIONS}/preview", {"conditions": anything}).json["alertCount"], 2)
    equal(w.admin.get(EXCEPTIONS).json["value"], [])


@case
def an_exception_silences_what_it_was_narrowed_to(w):
    body = {"ruleId": rule_id(1), "reason": "the nightly run",
            "conditions": [condition("processCommandLine", "startsWith", "tool --nightly")]}
    made = w.admin.ask("POST", EXCEPTIONS, body)
    equal(made.status, 201)
    equal((made.json["ruleTitle"], made.json["conditions"], made.json["createdBy"], made.json["matches"]),
          ("Tool", body["conditions"], "admin", 0))
    days, = w.state.execute("SELECT (expires_ns - created_ns) / 86400000000000 FROM rule_exception").fetchone()
    equal(days, 90)
    before = alerts(w)
    send(w, w.alpha, "tool", "tool --nightly again")
    equal(alerts(w), before)
    equal(stored(w, "tool"), 3)
    send(w, w.alpha, "tool", "tool --attack")
    equal(sum(alerts(w).values()), sum(before.values()) + 1)
    kept = w.admin.get(EXCEPTIONS).json["value"]
    equal([(k["matches"], k["lastMatchTime"] is None) for k in kept], [(1, False)])
    equal(shown(w, 1)["silenced"], 1)
    # A frame that comes again is not counted again.
    equal(w.alpha.send(SMALL, w.alpha.batch - 1, "tool", "tool --nightly again")[0], 200)
    equal(shown(w, 1)["silenced"], 1)
    w.made = made.json


@case
def a_group_of_devices_is_one_with_a_tag(w):
    made = w.admin.ask("POST", EXCEPTIONS, {"reason": "a lab", "days": 365, "conditions": [
        condition("machineTag", "equals", "lab"), condition("fileName", "equals", "tool")]}).json
    equal((made["ruleId"], made["ruleTitle"]), (None, None))
    before = sum(alerts(w).values())
    send(w, w.beta, "tool", "tool --attack")
    equal(sum(alerts(w).values()), before + 1)
    w.state.execute("UPDATE device SET machine_tags = '[\"x\", \"lab\"]' WHERE computer_dns_name = 'beta'")
    send(w, w.beta, "tool", "tool --attack")
    equal(sum(alerts(w).values()), before + 1)
    equal(w.admin.ask("DELETE", f"{EXCEPTIONS}/{made['id']}").status, 204)
    send(w, w.beta, "tool", "tool --attack")
    equal(sum(alerts(w).values()), before + 2)


@case
def one_that_has_expired_silences_nothing_and_is_still_listed(w):
    w.state.execute("UPDATE rule_exception SET expires_ns = ?", [now_ns() - 1])
    w.admin.ask("PATCH", f"{RULES}/{rule_id(1)}", {"enabled": True})  # so that it is read anew
    before = sum(alerts(w).values())
    send(w, w.alpha, "tool", "tool --nightly once more")
    equal(sum(alerts(w).values()), before + 1)
    equal([k["id"] for k in w.admin.get(EXCEPTIONS).json["value"]], [w.made["id"]])


@case
def what_is_wrong_is_said(w):
    def refused(**changes):
        body = {"ruleId": rule_id(1), "reason": "x", "conditions": [condition("fileName", "equals", "x")], **changes}
        answer = w.admin.ask("POST", EXCEPTIONS, {k: v for k, v in body.items() if v is not None})
        equal(answer.status, 400)
        return answer.message

    contains(refused(ruleId="nothing"), "there is no rule nothing")
    contains(refused(reason=None), "reason is needed")
    contains(refused(days=366), "1 to 365")
    contains(refused(conditions=[]), "conditions: a list of 1 to 8")
    contains(refused(conditions=[condition("colour", "equals", "x")]),
             "one of fileName, folderPath, processCommandLine, parentProcessFileName, accountName, machineId, machineTag")
    contains(refused(conditions=[condition("fileName", "like", "x")]), "one of equals, startsWith, endsWith, contains")
    contains(refused(ruleId=None, conditions=[condition("machineId", "equals", "x")]), "would silence whole devices")
    terms = w.admin.get(f"{EXCEPTIONS}/terms").json
    equal((terms["fields"][0]["name"], terms["fields"][-1]["of"], terms["daysDefault"]), ("fileName", "device", 90))


@case
def the_command_line_does_the_same(w):
    client = w.admin.ask("POST", "/portal/api/clients", {
        "name": "tuner", "permissions": ["DetectionTuning.ReadWrite.All"]}).json
    env = {"PATH": os.environ["PATH"], "HOME": str(w.dir), "VAKT_SERVER": f"https://localhost:{w.port}",
           "VAKT_TENANT": w.tenant, "VAKT_CLIENT_ID": client["id"], "VAKT_CLIENT_SECRET": client["secret"],
           "VAKT_CA": str(w.dir / "cloud/ca/ca.crt")}

    def ctl(*arguments, code=0):
        answer = subprocess.run([BUILD / "src/programs/vaktctl", *arguments], env=env, capture_output=True,
                                text=True, check=False, timeout=60)
        equal((answer.returncode, code or answer.stderr), (code, code or ""))
        return answer.stdout if not code else answer.stderr

    equal(len(ctl("rules").splitlines()), 3)
    contains(ctl("rules", "disable", rule_id(2)), "switchedOff")
    contains(ctl("rules", "lower", rule_id(1)), "Informational")
    equal(json.loads(ctl("rules", "restore", rule_id(1), "-o", "json"))[0]["severity"], "High")
    # A copy stands beside the rule it came from.
    text = ctl("rules", "copy", rule_id(1))
    contains(text, "title: Tool\n")
    equal(rule_id(1) in text, False)
    (w.dir / "cloud/rules").mkdir()
    (w.dir / "cloud/rules/mine.yml").write_text(text.replace("title: Tool", "title: My tool"))
    end = time.monotonic() + 30
    while w.admin.get(RULES).json["total"] != 3 and time.monotonic() < end:
        time.sleep(0.2)
    equal(sorted((r["title"], r["custom"]) for r in w.admin.get(RULES).json["value"]),
          [("My tool", True), ("Other", False), ("Tool", False)])
    contains(ctl("rules", "copy", "nothing", code=1), "There is no rule nothing.")
    contains(ctl("rules", "enable", "nothing", code=1), "There is no rule nothing.")
    contains(ctl("rules", "lower", code=1), "takes a rule's id")
    file = w.dir / "exception.json"
    file.write_text(json.dumps({"reason": "x", "conditions": [condition("fileName", "equals", "tool")]}))
    found = json.loads(ctl("exceptions", "preview", "--file", str(file), "-o", "json"))
    equal(found["alertCount"] > 0, True)
    made = json.loads(ctl("exceptions", "add", "--file", str(file), "-o", "json"))[0]
    contains(ctl("exceptions"), made["id"])
    equal(ctl("exceptions", "remove", made["id"]), "")
    equal(made["id"] in ctl("exceptions", "list"), False)
    contains(ctl("exceptions", "add", code=1), "--file FILE is needed")


if __name__ == "__main__":
    sys.exit(main())
