#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Custom detections: rules saved, tried, run at their time, killed, failing; with a real store."""
import json
import os
import signal
import subprocess
import sys
import time

from harness import BUILD, DAY, PASSWORD, case, contains, equal, main, now_ns, rfc3339

RULES = "/beta/security/rules/detectionRules"
TRY = "/portal/api/detection-rules"
ALPHA, BETA = "a" * 40, "b" * 40
MINUTE = 60 * 10**9


def add(w, table, at, received=None, **columns):
    row = {"TenantId": w.tenant, "DeviceId": ALPHA, "DeviceName": "alpha", **columns}
    names, values = ", ".join(row), ", ".join(str(v) if isinstance(v, int) else f"'{v}'" for v in row.values())
    w.sql(f"INSERT INTO vakt.{table} (Timestamp, ReceivedTime, {names}) VALUES (fromUnixTimestamp64Nano("
          f"toInt64({at})), fromUnixTimestamp64Nano(toInt64({received or at})), {values})")


def process(w, name, report, at=None, **columns):
    """A start of a process by another, as a sensor tells it."""
    at = at or now_ns()
    add(w, "DeviceProcessEvents", at, **{
        "ActionType": "ProcessCreated", "ReportId": report, "FileName": name, "FolderPath": f"/usr/bin/{name}",
        "ProcessCommandLine": f"{name} -x", "ProcessId": 4000 + report % 1000, "ProcessUniqueId": f"{report:032x}",
        "InitiatingProcessId": 300, "InitiatingProcessFileName": "bash", "InitiatingProcessUniqueId": "c" * 32,
        "AccountName": "eve", **columns})


def rule(query, period="0", **changes):
    action = {"title": "{{FileName}} on {{DeviceName}}", "description": "It was {{ProcessCommandLine}}.",
              "severity": "high", "category": "Execution", "mitreTechniques": ["T1059.004"],
              "impactedAssets": [{"@odata.type": "#microsoft.graph.security.impactedDeviceAsset",
                                  "identifier": "deviceId"}], **changes.pop("template", {})}
    return {"displayName": "A rule", "isEnabled": True, "queryCondition": {"queryText": query},
            "schedule": {"period": period},
            "detectionAction": {"alertTemplate": action, "responseActions": [], **changes.pop("action", {})}, **changes}


def create(w, *arguments, **changes):
    answer = w.admin.ask("POST", RULES, rule(*arguments, **changes))
    equal((answer.status, answer.json.get("error")), (201, None))
    return answer.json


def get(w, made):
    return w.admin.get(f"{RULES}/{made['id']}").json


def wait_run(w, made, after=None, seconds=30):
    """Until it has run later than what is known of it; the rule then."""
    end = time.monotonic() + seconds
    after = after if after is not None else made["lastRunDetails"]["lastRunDateTime"]
    while time.monotonic() < end:
        found = get(w, made)
        if found["lastRunDetails"]["lastRunDateTime"] != after:
            return found
        time.sleep(0.1)
    raise AssertionError(f"did not run: {get(w, made)}")


def run(w, made):
    before = get(w, made)
    equal(w.admin.ask("POST", f"{TRY}/{made['id']}/run").status, 204)
    return wait_run(w, before)


def alerts(w, made, **query):
    return w.admin.odata("/api/alerts", filter=f"detectorId eq '{made['detectorId']}'", expand="evidence",
                         orderby="firstEventTime", **query).json["value"]


@case
def fixtures(w):
    w.admin = w.administrator()
    w.add_device(ALPHA, "alpha")
    w.add_device(BETA, "beta")


@case
def a_rule_is_answered_as_the_reference_does(w):
    made = create(w, "DeviceProcessEvents | where FileName == 'never'", "12H",
                  action={"suppressionMinutes": 30},
                  template={"recommendedActions": "Look.", "relatedEntities": [{"kind": "file", "column": "SHA256"}]})
    equal(made["@odata.type"], "#microsoft.graph.security.detectionRule")
    equal(made["schedule"]["period"], "12H")
    equal(made["schedule"]["frequency"], "PT12H")
    equal(made["isEnabled"], True)
    equal((made["createdBy"], made["lastModifiedBy"], made["owner"]), ("admin",) * 3)
    alert = made["detectionAction"]["alertTemplate"]
    equal(alert["impactedAssets"], [{"@odata.type": "#microsoft.graph.security.impactedDeviceAsset",
                                     "identifier": "deviceId"}])
    equal(alert["relatedEntities"], [{"kind": "file", "column": "SHA256"}])
    equal((alert["severity"], alert["mitreTechniques"]), ("high", ["T1059.004"]))
    equal(made["detectionAction"]["suppressionMinutes"], 30)
    ran = wait_run(w, made, after="none" if made["lastRunDetails"]["lastRunDateTime"] else None)
    equal(ran["lastRunDetails"]["status"], "completed")
    # What is sent back as it came changes nothing.
    again = w.admin.ask("PATCH", f"{RULES}/{made['id']}", ran)
    equal(again.status, 200)
    equal({**again.json, "lastModifiedDateTime": "", "lastRunDetails": 0, "schedule": 0},
          {**ran, "lastModifiedDateTime": "", "lastRunDetails": 0, "schedule": 0})
    changed = w.admin.ask("PATCH", f"{RULES}/{made['id']}", {
        "displayName": "Renamed", "schedule": {"frequency": "P1D"},
        "detectionAction": {"alertTemplate": {"title": "Other", "recommendedActions": None}}}).json
    equal((changed["displayName"], changed["schedule"]["period"]), ("Renamed", "24H"))
    equal(changed["detectionAction"]["alertTemplate"]["title"], "Other")
    equal(changed["detectionAction"]["alertTemplate"]["recommendedActions"], None)
    equal(changed["detectionAction"]["alertTemplate"]["severity"], "high")
    listed = w.admin.odata(RULES, filter="isEnabled eq true", select="id,displayName").json["value"]
    equal(listed, [{"id": made["id"], "displayName": "Renamed"}])
    equal(w.admin.ask("DELETE", f"{RULES}/{made['id']}").status, 204)
    equal(w.admin.get(f"{RULES}/{made['id']}").status, 404)
    told = w.admin.get("/portal/api/audit").json["value"]
    equal([t["operation"] for t in told[:4]], ["detections_delete"] + ["detections_change"] * 2 + ["detections_create"])
    equal(told[3]["details"]["displayName"], "A rule")


@case
def what_is_wrong_is_said_with_its_place(w):
    def refused(*arguments, **changes):
        answer = w.admin.ask("POST", RULES, rule(*arguments, **changes))
        equal(answer.status, 400)
        return answer.json["error"]

    good = "DeviceProcessEvents | where FileName == 'x'"
    error = refused("DeviceProcessEvents\n| where FileNam == 'x'")
    contains(error["message"], "queryCondition.queryText, line 2, column 9:")
    equal(error["details"][0]["field"], "queryCondition.queryText")
    error = refused("DeviceProcessEvents | summarize count() by DeviceId")
    contains(error["message"], "'summarize' puts rows together")
    equal(error["details"][0]["column"], 23)
    contains(refused("DeviceProcessEvents | join DeviceFileEvents on DeviceId")["message"], "'join'")
    contains(refused("DeviceFileEvents | where SHA1 in (DeviceProcessEvents | project SHA1)")["message"], "2 tables")
    error = refused("DeviceProcessEvents | summarize count() by FileName", "1H")
    for part in ("Timestamp", "ReportId", "device or user"):
        contains(" ".join(d["message"] for d in error["details"]), part)
    error = refused(good, template={"title": "A {{FileName}} by {{Acount}}", "description": "{{FolderPth}}"})
    equal([(d["field"].rpartition(".")[2], d["column"], d["length"]) for d in error["details"]],
          [("title", 19, 10), ("description", 1, 13)])
    equal(error["details"][1]["suggestion"], "FolderPath")
    error = refused(good, template={"impactedAssets": [
        {"@odata.type": "#microsoft.graph.security.impactedUserAsset", "identifier": "accountUpnn"}]})
    contains(error["message"], "'AccountUpnn'")
    contains(refused(good, template={"severity": "awful"})["message"], "detectionAction: alertTemplate: severity:")
    contains(refused(good, template={"mitreTechniques": ["shell"]})["message"], "'shell' is no technique")
    contains(refused(good, "2H")["message"], "0, 1H, 3H, 12H, 24H")
    contains(refused(good, action={"responseActions": [{}]})["message"], "leave the list empty")
    equal(w.admin.get(RULES).json["value"], [])
    # While somebody writes, all of it is told, and nothing has to be there.
    answer = w.admin.ask("POST", f"{TRY}/check", {"queryCondition": {"queryText": "DeviceFileEvents | take"}})
    equal((answer.status, len(answer.json["problems"]) > 0), (200, True))
    answer = w.admin.ask("POST", f"{TRY}/check", {"queryCondition": {"queryText": good}})
    equal((answer.json["problems"], "FileName" in answer.json["columns"]), ([], True))


@case
def a_dry_run_tells_and_writes_nothing(w):
    for i in range(3):
        process(w, "dry", 100 + i, now_ns() - i * DAY)
    process(w, "dry", 110, now_ns() - 40 * DAY)
    process(w, "dry", 111, TenantId="other")
    answer = w.admin.ask("POST", f"{TRY}/dry-run", rule("DeviceProcessEvents | where FileName == 'dry'"))
    equal(answer.status, 200)
    found = answer.json
    equal((found["days"], found["results"], found["alertCount"], found["limited"]), (30, 3, 3, False))
    equal(found["alerts"][0]["title"], "dry on alpha")
    equal(found["alerts"][0]["description"], "It was dry -x.")
    equal(len(found["rows"]), 3)
    grouped = w.admin.ask("POST", f"{TRY}/dry-run", rule("DeviceProcessEvents | where FileName == 'dry'",
                                                         action={"suppressionMinutes": 43200})).json
    equal((grouped["alertCount"], grouped["alerts"][0]["eventCount"]), (1, 3))
    wrong = w.admin.ask("POST", f"{TRY}/dry-run", rule("DeviceProcessEvents | project FileName"))
    equal((wrong.status, wrong.json["error"]["details"][0]["field"]), (400, "queryCondition.queryText"))
    equal(w.state.execute("SELECT count(*) FROM alert").fetchone()[0], 0)
    equal(w.state.execute("SELECT count(*) FROM custom_seen").fetchone()[0], 0)


@case
def a_continuous_rule_alerts_on_what_comes_in_within_its_minute(w):
    process(w, "nrt", 200, now_ns() - 3600 * 10**9)  # came in long before
    w.nrt = create(w, "DeviceProcessEvents | where FileName == 'nrt'",
                   template={"relatedEntities": [{"kind": "file", "column": "FileName"}]})
    wait_run(w, w.nrt, after="none")
    while not get(w, w.nrt)["lastRunDetails"]["status"]:
        time.sleep(0.1)
    equal(alerts(w, w.nrt), [])
    began = time.monotonic()
    # It happened long ago; what counts is that it comes in now.
    add_at = now_ns() - 2 * DAY
    process(w, "nrt", 201, add_at)
    w.sql("ALTER TABLE vakt.DeviceProcessEvents UPDATE ReceivedTime = now64(9) WHERE ReportId = 201 "
          "SETTINGS mutations_sync = 1")
    while not alerts(w, w.nrt):
        equal(time.monotonic() - began < 75, True)
        time.sleep(0.5)
    made = alerts(w, w.nrt)[0]
    equal((made["title"], made["description"]), ("nrt on alpha", "It was nrt -x."))
    equal((made["severity"], made["category"], made["mitreTechniques"]), ("High", "Execution", ["T1059.004"]))
    equal((made["detectionSource"], made["status"], made["machineId"]), ("CustomDetection", "New", ALPHA))
    equal(made["firstEventTime"], rfc3339(add_at))
    equal(made["processUniqueId"], f"{201:032x}")
    equal(made["relatedUser"]["userName"], "eve")
    # The event's own, and the file that the rule named by a column.
    equal(sorted(e["entityType"] for e in made["evidence"]), ["File", "Process", "User"])
    equal([s["process"]["fileName"] for s in made["story"]["steps"]], ["nrt"])
    events = w.admin.get(f"/portal/api/alerts/{made['id']}/events").json["events"]
    equal([e["reportId"] for e in events], ["201"])
    equal(w.admin.get(f"/portal/api/alerts/{made['id']}/tree").status, 200)
    incident = w.admin.get(f"/api/incidents/{made['incidentId']}").json
    equal(incident["incidentName"], "nrt on alpha on alpha")
    equal(get(w, w.nrt)["alertCount"], 1)


@case
def what_is_found_again_changes_nothing(w):
    for _ in range(2):
        ran = run(w, w.nrt)
        equal((ran["lastRunDetails"]["status"], ran["lastRunResults"], ran["lastRunAlerts"]), ("completed", 1, 0))
    equal(len(alerts(w, w.nrt)), 1)
    # Not even when somebody has closed it.
    w.admin.ask("PATCH", f"/api/alerts/{alerts(w, w.nrt)[0]['id']}", {"status": "Resolved"})
    run(w, w.nrt)
    equal(len(alerts(w, w.nrt)), 1)
    runs = w.admin.get(f"{TRY}/{w.nrt['id']}/runs").json["value"]
    equal([(r["status"], r["alerts"]) for r in runs], [("completed", 1)])


@case
def results_of_the_same_entities_join_an_alert_for_a_time(w):
    for i in range(5):
        process(w, "many", 300 + i, now_ns() - (10 - i) * MINUTE, AccountName="eve" if i < 3 else "bob")
    made = create(w, "DeviceProcessEvents | where FileName == 'many'", "1H", action={"suppressionMinutes": 60},
                  template={"title": "many by {{AccountName}}", "impactedAssets": [
                      {"@odata.type": "#microsoft.graph.security.impactedUserAsset", "identifier": "accountName"}]})
    wait_run(w, made, after="none")
    while not get(w, made)["lastRunDetails"]["status"]:
        time.sleep(0.1)
    equal([(a["title"], a["eventCount"]) for a in alerts(w, made)], [("many by eve", 3), ("many by bob", 2)])
    process(w, "many", 306, now_ns())
    ran = run(w, made)
    equal((ran["lastRunResults"], ran["lastRunAlerts"]), (6, 0))
    equal([(a["title"], a["eventCount"]) for a in alerts(w, made)], [("many by eve", 4), ("many by bob", 2)])
    run(w, made)
    equal([a["eventCount"] for a in alerts(w, made)], [4, 2])
    # Both are of one process tree.
    equal(len({a["incidentId"] for a in alerts(w, made)}), 1)


@case
def a_run_makes_a_hundred_alerts_and_says_what_is_left(w):
    rows = ", ".join(
        f"(fromUnixTimestamp64Nano(toInt64({now_ns() - 3600 * 10**9 + i * 10**9})), now64(9), '{w.tenant}', '{BETA}', "
        f"'beta', {1000 + i}, 'flood', 'ProcessCreated')" for i in range(150))
    w.sql("INSERT INTO vakt.DeviceProcessEvents (Timestamp, ReceivedTime, TenantId, DeviceId, DeviceName, ReportId, "
          f"FileName, ActionType) VALUES {rows}")
    made = create(w, "DeviceProcessEvents | where FileName == 'flood'", "3H")
    wait_run(w, made, after="none")
    while not get(w, made)["lastRunDetails"]["status"]:
        time.sleep(0.1)
    ran = get(w, made)
    equal((ran["lastRunResults"], ran["lastRunAlerts"], ran["lastRunLeft"]), (150, 100, 50))
    equal((ran["lastRunDetails"]["status"], ran["lastRunDetails"]["errorCode"]),
          ("partiallyFailed", "queryExceededResultSize"))
    contains(ran["lastRunDetails"]["failureReason"], "at most 100 alerts; 50 results more")
    equal(get(w, made)["alertCount"], 100)
    ran = run(w, made)
    equal((ran["lastRunAlerts"], ran["lastRunLeft"], ran["lastRunDetails"]["status"]), (50, 0, "completed"))
    equal(get(w, made)["alertCount"], 150)
    equal(w.admin.ask("DELETE", f"{RULES}/{made['id']}").status, 204)
    equal(len(alerts(w, made, top=200)), 150)


@case
def what_was_put_together_of_several_rows_alerts_by_its_columns(w):
    for i in range(4):
        process(w, "sum", 400 + i, now_ns() - MINUTE * i)
    made = create(w, "DeviceProcessEvents | where FileName == 'sum' | summarize N = count(), Timestamp = max(Timestamp), "
                     "ReportId = max(ReportId) + 1000000 by DeviceName, FileName | where N > 3", "1H",
                  template={"title": "{{N}} times {{FileName}}", "description": "", "impactedAssets": [
                      {"@odata.type": "#microsoft.graph.security.impactedDeviceAsset", "identifier": "deviceName"}],
                            "relatedEntities": [{"kind": "file", "column": "FileName"}]})
    wait_run(w, made, after="none")
    while not get(w, made)["lastRunDetails"]["status"]:
        time.sleep(0.1)
    found = alerts(w, made)
    equal([(a["title"], a["machineId"], a["processUniqueId"]) for a in found], [("4 times sum", ALPHA, "")])
    equal([(e["entityType"], e["fileName"]) for e in found[0]["evidence"]], [("File", "sum")])
    equal(w.admin.get(f"/portal/api/alerts/{found[0]['id']}/tree").status in (200, 404), True)


@case
def bytes_that_are_no_text_hide_nothing(w):
    process(w, "bytes", 450, ProcessCommandLine="\\xff\\xfe\"quoted")
    made = create(w, "DeviceProcessEvents | where FileName == 'bytes'", "1H")
    wait_run(w, made, after="none")
    while not get(w, made)["lastRunDetails"]["status"]:
        time.sleep(0.1)
    equal(len(alerts(w, made)), 1)


@case
def a_rule_that_fails_says_so_and_tells_its_owner_once(w):
    made = create(w, "DeviceProcessEvents | where FileName == 'never'", "1H", owner="olga", displayName="Breaks")
    wait_run(w, made, after="none")
    while not get(w, made)["lastRunDetails"]["status"]:
        time.sleep(0.1)
    # As after a change of the schema: the column is not there any more.
    w.state.execute("UPDATE custom_rule SET query = 'DeviceProcessEvents | where Gone == 1' WHERE id = ?", [made["id"]])
    for i in range(4):
        ran = run(w, made)
        equal((ran["lastRunDetails"]["status"], ran["lastRunDetails"]["errorCode"], ran["consecutiveFailures"]),
              ("failed", "queryExecutionFailed", i + 1))
        contains(ran["lastRunDetails"]["failureReason"], "Line 1, column 29:")
        equal(len(alerts(w, made)), int(i >= 2))
    equal(ran["isEnabled"], True)
    told = alerts(w, made)[0]
    equal((told["title"], told["assignedTo"], told["machineId"]), ("Custom detection rule cannot run: Breaks", "olga", ""))
    contains(told["description"], "Line 1, column 29:")
    runs = w.admin.get(f"{TRY}/{made['id']}/runs").json["value"]
    equal([r["status"] for r in runs], ["failed"] * 4 + ["completed"])
    # Mended, it is whole again.
    mended = w.admin.ask("PATCH", f"{RULES}/{made['id']}", {"queryCondition": {
        "queryText": "DeviceProcessEvents | where FileName == 'never'"}}).json
    ran = wait_run(w, mended)
    equal((ran["lastRunDetails"]["status"], ran["consecutiveFailures"]), ("completed", 0))
    # Off, it stays off, and is not run.
    equal(w.admin.ask("PATCH", f"{RULES}/{made['id']}", {"isEnabled": False}).json["schedule"]["nextRunDateTime"], None)
    equal(w.admin.ask("POST", f"{TRY}/{made['id']}/run").status, 409)


@case
def a_store_that_is_away_is_no_fault_of_the_rule(w):
    made = create(w, "DeviceProcessEvents | where FileName == 'away'", "1H")
    wait_run(w, made, after="none")
    w.stop("vakt-store")
    ran = run(w, made)
    equal((ran["lastRunDetails"]["status"], ran["consecutiveFailures"]), ("failed", 0))
    w.start_store()
    while w.admin.get("/api/hunting/schema").status != 200 or \
            w.admin.ask("POST", "/api/hunting/run", {"query": "DeviceInfo | take 1"}).status != 200:
        time.sleep(0.2)
    process(w, "away", 460)
    equal(run(w, made)["lastRunDetails"]["status"], "completed")
    equal(len(alerts(w, made)), 1)


@case
def killed_at_any_moment_no_alert_is_lost_or_doubled(w):
    made = create(w, "DeviceProcessEvents | where FileName == 'kill'")
    wait_run(w, made, after="none")
    for i in range(6):
        for k in range(20):
            process(w, "kill", 5000 + i * 20 + k)
        w.state.execute("UPDATE custom_rule SET next_run_ns = 1 WHERE id = ?", [made["id"]])
        w.admin.ask("POST", f"{TRY}/{made['id']}/run")
        time.sleep(0.02 + 0.05 * i)
        process_ = w.processes.pop("vakt-cloud")
        process_.send_signal(signal.SIGKILL)
        process_.wait()
        w.state.close()
        w.start_cloud()
        w.admin.connection = None
    w.admin.login("admin", PASSWORD)
    for _ in range(3):
        run(w, made)
    found = w.state.execute("SELECT report_id, count(*) FROM alert_event WHERE rule_id = ? GROUP BY report_id",
                            [made["detectorId"]]).fetchall()
    equal(sorted(found), [(5000 + i, 1) for i in range(120)])
    equal(w.state.execute("SELECT count(*) FROM alert WHERE rule_id = ?", [made["detectorId"]]).fetchone()[0], 120)


@case
def the_command_line_lists_switches_and_runs(w):
    client = w.admin.ask("POST", "/portal/api/clients",
                         {"name": "ctl", "permissions": ["CustomDetection.ReadWrite.All"]}).json
    env = {"PATH": os.environ["PATH"], "HOME": str(w.dir), "VAKT_SERVER": f"https://localhost:{w.port}",
           "VAKT_TENANT": w.tenant, "VAKT_CLIENT_ID": client["id"], "VAKT_CLIENT_SECRET": client["secret"],
           "VAKT_CA": str(w.dir / "cloud/ca/ca.crt")}

    def ctl(*arguments, code=0):
        answer = subprocess.run([BUILD / "src/programs/vaktctl", "detections", *arguments], env=env, text=True,
                                capture_output=True, check=False, timeout=120)
        equal((answer.returncode, answer.stderr if code == 0 else ""), (code, ""))
        return answer

    made = create(w, "DeviceProcessEvents | where FileName == 'ctl'", "1H", displayName="By hand")
    wait_run(w, made, after="none")
    contains(ctl().stdout, "By hand")
    equal(json.loads(ctl("show", made["id"]).stdout)["displayName"], "By hand")
    equal([r["displayName"] for r in json.loads(ctl("list", "-o", "json").stdout) if r["id"] == made["id"]], ["By hand"])
    contains(ctl("disable", made["id"]).stdout, "false")
    contains(ctl("run", made["id"], code=1).stderr, "switched off")
    contains(ctl("enable", made["id"]).stdout, "true")
    wait_run(w, made, after="none")
    process(w, "ctl", 470)
    contains(ctl("run", made["id"]).stdout, "completed")
    equal(len(alerts(w, made)), 1)
    contains(ctl("show", "123456", code=1).stderr, "There is no detection rule 123456.")


@case
def another_tenants_rules_are_not_there(w):
    w.insert("tenant", id="other", name="Other", geography="Local", created_ns=now_ns() + DAY)
    columns = dict(zip([c[1] for c in w.state.execute("PRAGMA table_info(custom_rule)")],
                       w.state.execute("SELECT * FROM custom_rule LIMIT 1").fetchone()))
    w.insert("custom_rule", **{**columns, "id": 999, "tenant_id": "other", "detector_id": "x", "enabled": 0})
    for method, path in (("GET", f"{RULES}/999"), ("DELETE", f"{RULES}/999"), ("POST", f"{TRY}/999/run"),
                         ("GET", f"{TRY}/999/runs")):
        equal((path, w.admin.ask(method, path).status), (path, 404))
    equal(w.admin.ask("PATCH", f"{RULES}/999", {"displayName": "x"}).status, 404)
    equal("999" in [r["id"] for r in w.admin.get(RULES).json["value"]], False)


if __name__ == "__main__":
    sys.exit(main())
