#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Files, addresses, domains and users over the event store; the search; the coverage by rules."""
import json
import sys

from harness import DAY, case, contains, equal, main, now_ns, rfc3339, until

ALPHA, BETA, GAMMA = "a" * 40, "b" * 40, "c" * 40
SHA1, SHA256, MD5 = "1" * 40, "2" * 64, "3" * 32
NOW = now_ns() // 10**9 * 10**9
HOUR = DAY // 24

RULE = """title: Strange curl
id: 0d2b6c1c-5a7e-4f0e-9d5e-3d3a1f2b4c5d
logsource: {product: linux, category: process_creation}
detection: {selection: {Image|endswith: /strange}, condition: selection}
level: high
tags: [attack.command-and-control, attack.t1071.001, attack.t1105]
"""


def insert(w, table, at, device=ALPHA, **row):
    w.report += 1
    row = {"TenantId": w.tenant, "DeviceId": device, "DeviceName": w.names[device], "ReportId": w.report, **row}
    names = ", ".join(row)
    values = ", ".join(str(v) if isinstance(v, int) else "'" + v.replace("\\", "\\\\").replace("'", "\\'") + "'"
                       for v in row.values())
    w.sql(f"INSERT INTO vakt.{table} (Timestamp, ReceivedTime, {names}) VALUES "
          f"(fromUnixTimestamp64Nano({at}), fromUnixTimestamp64Nano({at}), {values})")


def evidence(w, alert, kind, **entity):
    w.insert("alert_evidence", tenant_id=w.tenant, alert_id=alert, entity_key=f"{kind}/{alert}", entity_type=kind,
             created_ns=NOW, entity=json.dumps({"entityType": kind, **entity}))


def ids(answer):
    equal(answer.status, 200)
    return [entry["id"] for entry in answer.json["value"]]


@case
def fixtures(w):
    (w.dir / "rules/strange.yml").write_text(RULE)
    w.signal("vakt-cloud")
    w.admin = w.administrator()
    w.report, w.names = 10**15, {ALPHA: "alpha", BETA: "beta", GAMMA: "gamma"}
    for device, name in list(w.names.items()):
        w.add_device(device, name)
    w.insert("tenant", id="other", name="Other", geography="Local", created_ns=now_ns() + DAY)
    file = {"FileName": "tool", "FolderPath": "/opt/tool", "SHA1": SHA1, "SHA256": SHA256, "MD5": MD5}
    insert(w, "DeviceProcessEvents", NOW - 40 * DAY, GAMMA, ActionType="ProcessCreated", AccountName="olga", **file)
    insert(w, "DeviceProcessEvents", NOW - 3 * HOUR, ActionType="ProcessCreated", AccountName="ann", **file)
    insert(w, "DeviceProcessEvents", NOW - 2 * HOUR, ActionType="ProcessCreated", AccountName="ann", **file)
    insert(w, "DeviceFileEvents", NOW - 5 * DAY, BETA, ActionType="FileCreated", FileSize=4096,
           **{**file, "FileName": "copy", "FolderPath": "/tmp/copy"})
    # Only the acting process tells of it.
    insert(w, "DeviceNetworkEvents", NOW - HOUR, ActionType="ConnectionSuccess", RemoteIP="192.0.2.7", RemotePort=443,
           RemoteUrl="Cdn.Example.org", InitiatingProcessFileName="tool", InitiatingProcessSHA256=SHA256)
    insert(w, "DeviceEvents", NOW - 6 * HOUR, BETA, ActionType="DnsQueryRequest", DnsQueryString="cdn.example.org")
    insert(w, "DeviceLogonEvents", NOW - 2 * DAY, BETA, ActionType="LogonSuccess", AccountName="ann",
           RemoteIP="2001:db8::9")
    w.sql(f"""INSERT INTO vakt.DeviceProcessEvents (TenantId, DeviceId, Timestamp, ReportId, SHA256, AccountName)
              VALUES ('other', '{ALPHA}', fromUnixTimestamp64Nano({NOW}), 1, '{SHA256}', 'ann')""")
    w.add_incident(1)
    for alert in ("da1", "da2", "da3"):
        w.add_alert(alert)
    evidence(w, "da1", "Process", sha1=SHA1, sha256=SHA256, fileName="tool", accountName="ann")
    evidence(w, "da2", "Ip", ipAddress="192.0.2.7", url="https://cdn.example.org/x")
    evidence(w, "da3", "User", accountName="ann")


@case
def a_file_is_known_by_each_of_its_hashes(w):
    for name in (SHA1, SHA256, MD5, SHA256.upper()):
        file = w.admin.get(f"/api/files/{name}").json
        equal((file["sha1"], file["sha256"], file["md5"], file["size"]), (SHA1, SHA256, MD5, 4096))
        equal(file["globalPrevalence"], 3)
        equal(file["globalFirstObserved"], rfc3339(NOW - 40 * DAY))
    # By its SHA-256 also where it only acted.
    equal(w.admin.get(f"/api/files/{SHA256}").json["globalLastObserved"], rfc3339(NOW - HOUR))
    answer = w.admin.get("/api/files/" + "9" * 64)
    equal((answer.status, answer.code), (404, "ResourceNotFound"))
    for bad in ("xyz", "1" * 41, "g" * 64):
        answer = w.admin.get(f"/api/files/{bad}")
        equal((answer.status, answer.code), (400, "InvalidHashValue"))


@case
def prevalence_looks_as_far_back_as_it_is_told(w):
    stats = w.admin.get(f"/api/files/{SHA1}/stats").json
    equal((stats["orgPrevalence"], stats["globalPrevalence"]), ("2", "3"))
    equal((stats["orgFirstSeen"], stats["orgLastSeen"]), (rfc3339(NOW - 5 * DAY), rfc3339(NOW - 2 * HOUR)))
    equal(stats["topFileNames"], ["tool", "copy"])
    stats = w.admin.get(f"/api/files/{SHA1}/stats", lookBackHours=24).json
    equal((stats["orgPrevalence"], stats["orgFirstSeen"]), ("1", rfc3339(NOW - 3 * HOUR)))
    for bad in (0, 721, "x", ""):
        equal(w.admin.get(f"/api/files/{SHA1}/stats", lookBackHours=bad).status, 400)
    unknown = w.admin.get("/api/files/" + "9" * 40 + "/stats").json
    equal((unknown["orgPrevalence"], unknown["orgFirstSeen"], unknown["topFileNames"]), ("0", None, []))
    stats = w.admin.get("/api/ips/192.0.2.7/stats").json
    equal(stats, {"ipAddress": "192.0.2.7", "orgPrevalence": "1", "orgFirstSeen": rfc3339(NOW - HOUR),
                  "orgLastSeen": rfc3339(NOW - HOUR)})
    equal(w.admin.get("/api/ips/2001:0DB8:0::9/stats").json["orgPrevalence"], "1")
    equal(w.admin.get("/api/ips/300.1.1.1/stats").code, "InvalidIpAddress")
    stats = w.admin.get("/api/domains/CDN.example.ORG/stats").json
    equal((stats["host"], stats["orgPrevalence"]), ("cdn.example.org", "2"))
    equal(w.admin.get("/api/domains/a..b/stats").code, "InvalidDomainName")


@case
def machines_and_alerts_of_an_entity_are_lists_as_any(w):
    equal(sorted(ids(w.admin.get(f"/api/files/{SHA1}/machines"))), [ALPHA, BETA])
    equal(ids(w.admin.odata(f"/api/v1.0/files/{SHA1}/machines", filter="computerDnsName eq 'beta'")), [BETA])
    equal(ids(w.admin.get("/api/ips/192.0.2.7/machines")), [ALPHA])
    equal(sorted(ids(w.admin.get("/api/domains/cdn.example.org/machines"))), [ALPHA, BETA])
    equal(sorted(ids(w.admin.get("/api/users/ann/machines"))), [ALPHA, BETA])
    equal(ids(w.admin.get("/api/users/nobody/machines")), [])
    for path, wanted in ((f"files/{SHA1}", ["da1"]), (f"files/{SHA256}", ["da1"]), (f"files/{MD5}", ["da1"]),
                         ("ips/192.0.2.7", ["da2"]), ("domains/cdn.example.org", ["da2"]),
                         ("users/ann", ["da1", "da3"]), ("users/VAKT%5Cann", ["da1", "da3"]), ("users/bob", [])):
        until(lambda: equal((path, sorted(ids(w.admin.get(f"/api/{path}/alerts")))), (path, wanted)))


@case
def the_page_of_an_entity_has_all_in_one_answer(w):
    page = w.admin.get(f"/portal/api/entities/file/{SHA256}").json
    equal((page["deviceCount"], page["lookBackDays"]), (2, 30))
    equal([(d["computerDnsName"], d["firstSeen"]) for d in page["devices"]],
          [("alpha", rfc3339(NOW - 3 * HOUR)), ("beta", rfc3339(NOW - 5 * DAY))])
    equal(page["file"], {"sha1": SHA1, "sha256": SHA256, "md5": MD5, "size": 4096})
    equal([n["folderPath"] for n in page["names"]][:1], ["/opt/tool"])
    equal([e["kind"] for e in page["events"]], ["network", "process", "process"])
    equal(page["events"][0]["columns"]["RemoteIP"], "192.0.2.7")
    equal([e["columns"]["DeviceId"] for e in page["events"]], [ALPHA] * 3)
    page = w.admin.get("/portal/api/entities/domain/cdn.example.org").json
    equal([(e["kind"], e["columns"]["DeviceId"]) for e in page["events"]], [("network", ALPHA), ("device", BETA)])
    page = w.admin.get("/portal/api/entities/user/ann").json
    equal((page["deviceCount"], page["file"], page["names"]), (2, None, []))
    page = w.admin.get("/portal/api/entities/ip/198.51.100.1").json
    equal((page["deviceCount"], page["firstSeen"], page["events"]), (0, None, []))
    equal(w.admin.get("/portal/api/entities/planet/mars").status, 404)
    equal(w.admin.get("/portal/api/entities/domain/a%20b").status, 400)


@case
def a_value_is_never_part_of_a_statement(w):
    for text in ("x' OR 1=1 --", "\\'", "{tenant:String}", "a\tb\nc"):
        equal(w.admin.get("/portal/api/entities/user/" + text.replace("\\", "%5C").replace("'", "%27")
                          .replace(" ", "%20").replace("{", "%7B").replace("}", "%7D").replace("\t", "%09")
                          .replace("\n", "%0A")).json["deviceCount"], 0)
        equal(w.admin.get("/portal/api/search", text=text).status, 200)


def found(w, text, client=None):
    answer = (client or w.admin).get("/portal/api/search", text=text)
    equal((answer.status, answer.json["partial"]), (200, False))
    return [(hit["kind"], hit["id"]) for hit in answer.json["value"]]


@case
def the_search_finds_whatever_has_a_page(w):
    equal(found(w, "alph"), [("device", ALPHA)])
    equal(found(w, " da2 "), [("alert", "da2")])
    equal(sorted(found(w, "title OF da")), [("alert", "da1"), ("alert", "da2"), ("alert", "da3")])
    equal(("incident", "1") in found(w, "1"), True)
    equal(found(w, SHA256)[0], ("file", SHA256))
    equal(found(w, "9" * 64), [])
    equal(found(w, "192.0.2.7")[0], ("ip", "192.0.2.7"))
    equal(found(w, "cdn.ex")[0], ("domain", "cdn.example.org"))
    equal(("user", "ann") in found(w, "ann"), True)
    equal(found(w, "olga"), [])  # not within the month
    until(lambda: equal([kind for kind, _ in found(w, "strange cu")], ["rule"]))
    equal([kind for kind, _ in found(w, "t1105")], ["rule"])
    equal(found(w, "100%_"), [])
    for bad in ("", "  ", "x" * 257):
        equal(w.admin.get("/portal/api/search", text=bad).status, 400)


@case
def the_coverage_lists_rules_with_what_they_name(w):
    made = w.admin.ask("POST", "/beta/security/rules/detectionRules", {
        "displayName": "Odd log-ons", "isEnabled": False, "schedule": {"period": "24H"},
        "queryCondition": {"queryText": "DeviceLogonEvents | project Timestamp, DeviceId, ReportId"},
        "detectionAction": {"alertTemplate": {
            "title": "Odd", "description": "", "severity": "low", "category": "InitialAccess",
            "mitreTechniques": ["T1078"]}}})
    equal(made.status, 201)
    rules = {r["title"]: r for r in w.admin.get("/portal/api/coverage").json["value"]}
    equal(rules["Strange curl"]["techniques"], ["T1071.001", "T1105"])
    equal((rules["Strange curl"]["tactics"], rules["Strange curl"]["severity"]), (["command-and-control"], "High"))
    equal(rules["Strange curl"]["enabled"], True)
    equal(w.admin.ask("PATCH", f"/portal/api/rules/{rules['Strange curl']['id']}", {"enabled": False}).status, 200)
    equal([r["enabled"] for r in w.admin.get("/portal/api/coverage").json["value"] if r["title"] == "Strange curl"],
          [False])
    own = rules["Odd log-ons"]
    equal((own["source"], own["enabled"], own["tactics"], own["techniques"]),
          ("custom", False, ["InitialAccess"], ["T1078"]))
    equal(found(w, "odd log"), [("detection", made.json["id"])])


@case
def the_indexes_leave_out_what_cannot_hold_a_hash(w):
    w.sql(f"""INSERT INTO vakt.DeviceFileEvents (TenantId, DeviceId, Timestamp, ReportId, SHA256)
        SELECT '{w.tenant}', '{BETA}', fromUnixTimestamp64Nano({NOW - DAY} + number), number,
        lower(hex(SHA256(toString(number)))) FROM numbers(500000)""")
    plan = w.sql(f"""EXPLAIN indexes = 1 SELECT DeviceId, min(Timestamp) FROM vakt.DeviceFileEvents
        WHERE TenantId = '{w.tenant}' AND SHA256 = '{SHA256}' GROUP BY DeviceId""")
    contains(plan, "SHA256_bloom")
    read = [line.split(":")[1].strip() for line in plan.splitlines() if "Granules" in line][-1]
    kept, of = map(int, read.split("/"))
    equal((kept <= 4, of >= 50), (True, True))


if __name__ == "__main__":
    sys.exit(main())
