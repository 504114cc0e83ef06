#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The API over what the state database holds: log-in, machines, alerts, incidents."""
import json
import sys

from harness import DAY, PASSWORD, Client, case, contains, equal, main, now_ns, rfc3339


def ids(answer, name="id"):
    equal(answer.status, 200)
    return [entry[name] for entry in answer.json["value"]]


@case
def first_password_is_changed_before_anything_else(w):
    file = w.dir / "cloud/first-password"
    first = file.read_text().strip()
    equal(file.stat().st_mode & 0o777, 0o600)
    w.admin = Client(w)
    equal(w.admin.login("admin", "wrong").status, 401)
    equal(w.admin.login("admin", first).json["mustChangePassword"], True)
    equal(w.admin.get("/api/alerts").code, "PasswordChangeRequired")
    answer = w.admin.ask("POST", "/portal/api/password", {"current": first, "new": "short"})
    equal((answer.status, answer.code), (400, "InvalidInput"))
    equal(w.admin.ask("POST", "/portal/api/password", {"current": first, "new": PASSWORD}).status, 204)
    equal(file.exists(), False)
    equal(w.admin.get("/api/alerts").status, 200)
    equal(w.admin.get("/portal/api/session").json["mustChangePassword"], False)


@case
def a_lost_password_is_made_anew_on_the_command_line(w):
    made = w.command("reset-password", "admin")
    equal(made.returncode, 0)
    equal(w.admin.get("/portal/api/session").status, 401)
    temporary = made.stdout.strip()
    equal(w.admin.login("admin", temporary).json["mustChangePassword"], True)
    w.admin.ask("POST", "/portal/api/password", {"current": temporary, "new": PASSWORD})
    contains(w.command("reset-password", "nobody").stderr, "no user nobody")


@case
def fixtures(w):
    w.add_device("a" * 40, "alpha", machine_tags='["Web","Prod"]')
    w.add_device("b" * 40, "beta", last_seen_ns=now_ns() - 8 * DAY, device_value="High")
    w.add_device("c" * 40, "gamma's", health="{}")
    w.insert("tenant", id="other", name="Other", geography="Local", created_ns=now_ns() + DAY)
    w.add_device("d" * 40, "delta", tenant="other")
    w.add_incident(1)
    w.add_incident(2)
    w.add_incident(1, tenant="other")
    w.add_alert("da1", severity="High", created_ns=now_ns() - DAY, account_name="root")
    w.add_alert("da2", severity="Low", title="It's odd", assigned_to="ann")
    w.add_alert("da3", severity="Informational", device_id="b" * 40, incident_id=2,
                story=json.dumps({"steps": [{"time": rfc3339(now_ns())}]}))
    w.add_alert("dax", tenant="other", device_id="d" * 40)
    for kind, entity in (("Process", {"processId": 7, "fileName": "bash"}),
                         ("User", {"accountName": "root"})):
        w.insert("alert_evidence", tenant_id=w.tenant, alert_id="da1", entity_key=kind,
                 entity_type=kind, created_ns=now_ns(),
                 entity=json.dumps({"entityType": kind, **entity}))


@case
def machines_are_those_of_the_tenant(w):
    equal(ids(w.admin.get("/api/machines"), "computerDnsName"), ["alpha", "beta", "gamma's"])
    equal(ids(w.admin.get("/API/v1.0/Machines"), "computerDnsName"), ["alpha", "beta", "gamma's"])
    alpha = w.admin.get("/api/machines/alpha").json
    equal(alpha["id"], "a" * 40)
    equal(alpha["riskScore"], "High")
    equal(alpha["machineTags"], ["Web", "Prod"])
    equal(w.admin.get("/api/machines/" + "b" * 40).json["riskScore"], "Informational")
    equal(w.admin.get("/api/machines/" + "d" * 40).status, 404)
    equal(w.admin.get("/api/machines/" + "d" * 40 + "/alerts").status, 404)
    equal([m["healthStatus"] for m in w.admin.get("/api/machines").json["value"]],
          ["Active", "Inactive", "NoSensorData"])
    equal(ids(w.admin.get("/api/machines/beta/alerts")), ["da3"])


FILTERS = [
    ("machines", "computerDnsName eq 'gamma''s'", ["c"]),
    ("machines", "startswith(computerDnsName,'AL')", ["a"]),
    ("machines", "endswith(computerDnsName, 'ta') or contains(computerDnsName,'lph')", ["a", "b"]),
    ("machines", "machineTags/any(tag: tag eq 'Web')", ["a"]),
    ("machines", "not machineTags/any(tag: tag in ('Web','x'))", ["b", "c"]),
    ("machines", "healthStatus ne 'active' and deviceValue in ('High', 'Low')", ["b"]),
    ("machines", "(riskScore eq 'High' or riskScore eq 'None') and isAadJoined eq false", ["a", "c"]),
    ("machines", "lastSeen gt 2020-01-01Z and lastSeen lt 9999-12-31T23:59:59Z", ["a", "b", "c"]),
    ("machines", "RiskScore eq 'High'", ["a"]),
    ("alerts", "assignedTo eq null", ["da1", "da3"]),
    ("alerts", "assignedTo ne 'bob'", ["da1", "da2", "da3"]),
    ("alerts", "not (assignedTo gt 'a')", ["da1", "da3"]),
    ("alerts", "title eq 'It''s odd'", ["da2"]),
    ("alerts", "incidentId ge 2", ["da3"]),
    ("alerts", "incidentId eq 1.5", []),
    ("alerts", "mitreTechniques/any(t: t eq 'T1083') and severity in ('High','Low')", ["da1", "da2"]),
    ("alerts", "title eq ''') OR 1=1 --'", []),
]


@case
def filters_choose(w):
    for kind, text, wanted in FILTERS:
        answer = w.admin.odata(f"/api/{kind}", filter=text, orderby="id")
        if answer.status != 200:
            raise AssertionError(f"{text}: {answer.body}")
        found = [i if kind == "alerts" else i[0] for i in ids(answer)]
        if found != wanted:
            raise AssertionError(f"{text}: {found} instead of {wanted}")


REFUSED = [
    ({"filter": "severity eq 'Worst'"}, "position 13: severity is one of UnSpecified, Informational"),
    ({"filter": "severity gt 'Low'"}, "position 10: this property has no order"),
    ({"filter": "colour eq 'red'"}, "position 1: 'colour' cannot be filtered by; one of id, title"),
    ({"filter": "title eq 'red"}, "position 10: the text has no closing quote"),
    ({"filter": "title eq 5"}, "position 10: a text in single quotes is expected instead of '5'"),
    ({"filter": "(title eq 'x'"}, "position 14: ')' is expected, but the filter ends"),
    ({"filter": "title eq 'x' or"}, "but the filter ends"),
    ({"filter": "title eq 'x' title"}, "position 14: and, or or the end is expected"),
    ({"filter": "alertCreationTime gt 2026-99-01"}, "position 22: not a time"),
    ({"filter": ""}, "a property, a function, not or '(' is expected"),
    ({"filter": "(" * 40 + "id eq 'x'" + ")" * 40}, "nested too deeply"),
    ({"filter": " or ".join(["id eq 'x'"] * 300)}, "too many"),
    ({"filter": "evidence eq 'x'"}, "'evidence' cannot be filtered by"),
    ({"orderby": "evidence"}, "$orderby: 'evidence' is no property"),
    ({"orderby": "title sideways"}, "'sideways' instead of asc or desc"),
    ({"select": "nothing"}, "$select: 'nothing' is no property of Alert"),
    ({"expand": "comments"}, "$expand: 'comments'"),
    ({"top": "-1"}, "$top: '-1' instead of a number from 0 to 10000"),
    ({"top": "10001"}, "$top: '10001'"),
    ({"skip": "x"}, "$skip: 'x'"),
    ({"count": "maybe"}, "$count: 'maybe' instead of true or false"),
    ({"search": "x"}, "search' is not supported; $filter"),
]


@case
def what_is_wrong_is_refused_with_the_place_and_what_is_right(w):
    for query, message in REFUSED:
        answer = w.admin.odata("/api/alerts", **query)
        equal((answer.status, answer.code), (400, "ODataError"))
        contains(answer.message, message)


@case
def lists_are_paged_counted_ordered_and_selected(w):
    answer = w.admin.odata("/api/alerts", top=1, skip=1, count="true", orderby="severity desc, id")
    equal(len(ids(answer)), 1)
    equal(answer.json["@odata.count"], 3)
    equal("@odata.nextLink" in answer.json, False)
    equal(answer.json["@odata.context"], f"https://localhost:{w.port}/api/$metadata#Alerts")
    equal(ids(w.admin.odata("/api/alerts", orderby="id desc", top=2)), ["da3", "da2"])
    equal(ids(w.admin.odata("/api/alerts", top=0)), [])
    equal(w.admin.odata("/api/alerts", select="id,Title", filter="id eq 'da1'").json["value"],
          [{"id": "da1", "title": "Title of da1"}])


@case
def an_alert_has_the_references_form(w):
    alert = w.admin.get("/api/alerts/da1").json
    equal(alert["relatedUser"], {"userName": "root", "domainName": ""})
    equal([e["entityType"] for e in alert["evidence"]], ["Process", "User"])
    equal(alert["mitreTechniques"], ["T1083"])
    equal(alert["resolvedTime"], None)
    equal(len(alert["alertCreationTime"]), len("2026-01-31T10:00:00.1234567Z"))
    listed = {a["id"]: a for a in w.admin.get("/api/alerts").json["value"]}
    equal(listed["da1"]["evidence"], [])
    expanded = {a["id"]: a for a in w.admin.odata("/api/alerts", expand="evidence").json["value"]}
    equal(expanded["da1"]["evidence"][0]["fileName"], "bash")
    equal(w.admin.get("/api/alerts/dax").status, 404)
    equal(w.admin.get("/api/alerts/da1/machine").json["computerDnsName"], "alpha")


@case
def decisions_about_an_alert_are_kept(w):
    answer = w.admin.ask("PATCH", "/api/alerts/da1", {
        "status": "InProgress", "assignedTo": "ann@x", "comment": "Looking at it",
        "classification": "TruePositive", "determination": "ConfirmedUserActivity"})
    equal(answer.status, 200)
    equal((answer.json["status"], answer.json["assignedTo"]), ("InProgress", "ann@x"))
    equal(answer.json["determination"], "ConfirmedActivity")
    equal(answer.json["comments"][0]["createdBy"], "admin")
    answer = w.admin.ask("PATCH", "/api/alerts/da1", {"status": "Resolved", "comment": "Done"})
    equal([c["comment"] for c in answer.json["comments"]], ["Looking at it", "Done"])
    equal(answer.json["classification"], "TruePositive")
    resolved = answer.json["resolvedTime"]
    contains(resolved, "Z")
    answer = w.admin.ask("PATCH", "/api/alerts/da1", {"status": "Resolved", "assignedTo": None})
    equal((answer.json["resolvedTime"], answer.json["assignedTo"]), (resolved, None))
    equal(w.admin.ask("PATCH", "/api/alerts/da1", {"status": "New"}).json["resolvedTime"], None)
    equal(w.admin.ask("PATCH", "/api/alerts/dax", {"status": "New"}).status, 404)


BODIES = [
    (b"", "the body is not JSON"),
    (b"[]", "the body is not a JSON object"),
    (b"{}", "the body changes nothing"),
    (b'{"status":"Closed"}', "status: 'Closed' is not one of New, InProgress, Resolved"),
    (b'{"status":"Unknown"}', "is not one of New, InProgress, Resolved"),
    (b'{"status":5}', "status: a text is expected"),
    (b'{"severity":"Low"}', "'severity' is not known here; one of status, assignedTo"),
    (b'{"classification":"x"}', "is not one of TruePositive, InformationalExpectedActivity"),
    (b'{"comment":""}', "comment: 1 to 10000 bytes are expected, not 0"),
    (b'{"status":"New","status":"New"}', "duplicate"),
    (b'{"status":' + b"[" * 5000, "nested too deeply"),
]


@case
def bodies_are_checked(w):
    for body, message in BODIES:
        answer = w.admin.ask("PATCH", "/api/alerts/da1", raw=body)
        equal(answer.status, 400)
        contains(answer.message, message)
    equal(w.admin.ask("PATCH", "/api/alerts/da1", raw=b"x" * (2 << 20)).status, 413)


@case
def many_alerts_are_changed_at_once_or_not_at_all(w):
    path = "/api/alerts/batchUpdate"
    answer = w.admin.ask("POST", path, {"alertIds": ["da1", "nix"], "status": "Resolved"})
    equal((answer.status, answer.message), (404, "There is no alert nix."))
    equal(w.admin.get("/api/alerts/da1").json["status"], "New")
    answer = w.admin.ask("POST", path, {"alertIds": ["da1", "da2"], "status": "Resolved"})
    equal((answer.status, answer.body), (200, b""))
    equal(w.admin.get("/api/incidents/1").json["status"], "Resolved")
    w.admin.ask("POST", path, {"alertIds": ["da1", "da2"], "status": "New"})
    equal(w.admin.get("/api/incidents/1").json["status"], "Active")
    equal(w.admin.ask("POST", path, {"status": "New"}).message, "alertIds is needed")


@case
def an_incident_is_resolved_with_its_alerts(w):
    incident = w.admin.get("/api/incidents/1").json
    equal([a["id"] for a in incident["alerts"]], ["da2", "da1"])
    equal(len(incident["alerts"][1]["evidence"]), 2)
    answer = w.admin.ask("PATCH", "/api/incidents/1", {
        "status": "Resolved", "classification": "FalsePositive", "determination": "Clean",
        "comment": "A test", "tags": ["x", "y"]})
    equal(answer.status, 200)
    equal({a["status"] for a in answer.json["alerts"]}, {"Resolved"})
    equal({a["determination"] for a in answer.json["alerts"]}, {"NotMalicious"})
    equal((answer.json["tags"], answer.json["comments"][0]["comment"]), (["x", "y"], "A test"))
    equal([i["incidentId"] for i in w.admin.odata("/api/incidents", filter="status eq 'Active'").json["value"]], [2])
    equal(w.admin.odata("/api/incidents", top=1, count="true").json["@odata.count"], 2)
    equal(w.admin.odata("/api/incidents", filter="tags/any(t: t eq 'x')").json["value"][0]["incidentId"], 1)
    equal(w.admin.ask("PATCH", "/api/incidents/9", {"status": "Active"}).status, 404)
    equal(w.admin.get("/api/incidents/1x").status, 404)


@case
def what_does_not_fit_on_a_page_is_behind_the_link(w):
    for number in range(1000, 1150):
        w.add_incident(number, severity="High")
    answer = w.admin.odata("/api/incidents", filter="severity eq 'High'", count="true")
    equal((len(answer.json["value"]), answer.json["@odata.count"]), (100, 150))
    link = answer.json["@odata.nextLink"]
    contains(link, f"https://localhost:{w.port}/api/incidents?")
    rest = w.admin.get(link.partition(str(w.port))[2])
    equal(ids(rest, "incidentId"), list(range(1049, 999, -1)))
    equal("@odata.nextLink" in rest.json, False)


if __name__ == "__main__":
    sys.exit(main())
