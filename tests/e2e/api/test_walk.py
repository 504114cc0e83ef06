#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every operation, asked by every kind of identity, with another tenant's ids as well."""
import re
import sys

from harness import DAY, Client, case, contains, equal, main, now_ns

OTHERS = "b" * 40
# What each kind of id is called in paths, and one of each that the other tenant has.
FOREIGN = {"machines": OTHERS, "alerts": "dax", "incidents": "77", "tokens": "t-other", "clients": "k-other",
           "users": "u-other", "queries": "q-other", "detectionRules": "99", "detection-rules": "99",
           "exceptions": "x-other"}
# Bodies that are good, so that only the id can be wrong.
BODIES = {"alerts_change": {"status": "New"}, "incidents_change": {"status": "Active"},
          "users_change": {"disabled": True}, "hunting_queries_change": {"name": "Mine"},
          "detections_change": {"displayName": "x"}, "rules_change": {"enabled": False}}
# Ids that are no objects: nobody owns a hash or a name, so what is asked is what one's own devices saw.
VALUES = {"files": "1" * 64, "ips": "192.0.2.7", "domains": "other.example", "users": "olga-other"}
ANONYMOUS = {"login", "openapi", "token"}


def operations(w):
    for method, path, _, operation in w.description.routes:
        yield method, path, operation


def fill(path, tenant, ids=None):
    def value(match):
        kind = path[:match.start()].rstrip("/").rpartition("/")[2]
        return {"tenant": tenant, "uniqueId": "0" * 32}.get(match[1]) or (ids or {}).get(kind, "none")
    return re.sub(r"\{(\w+)\}", value, path)


def program(w, permission):
    made = w.admin.ask("POST", "/portal/api/clients", {"name": permission, "permissions": [permission]}).json
    client = Client(w)
    form = f"grant_type=client_credentials&client_id={made['id']}&client_secret={made['secret']}&scope=x"
    client.token = client.ask("POST", f"/{w.tenant}/oauth2/v2.0/token", raw=form).json["access_token"]
    return client


@case
def fixtures(w):
    w.admin = w.administrator()
    w.insert("tenant", id="other", name="Other", geography="Local", created_ns=now_ns() + DAY)
    w.add_device(OTHERS, "other-host", tenant="other")
    w.add_incident(77, tenant="other", device_id=OTHERS)
    w.add_alert("dax", tenant="other", device_id=OTHERS, incident_id=77)
    w.sql(f"""INSERT INTO vakt.DeviceNetworkEvents (TenantId, DeviceId, Timestamp, ReportId, RemoteIP, RemoteUrl,
        InitiatingProcessSHA256) VALUES ('other', '{OTHERS}', now(), 1, '192.0.2.7', 'other.example', '{"1" * 64}')""")
    w.sql(f"""INSERT INTO vakt.DeviceLogonEvents (TenantId, DeviceId, Timestamp, ReportId, AccountName)
        VALUES ('other', '{OTHERS}', now(), 2, 'olga-other')""")
    w.insert("enrolment_token", tenant_id="other", id="t-other", subscription_id="", secret_sha256="x",
             created_by="x", created_ns=1, expires_ns=now_ns() + DAY, uses_max=1)
    w.insert("api_client", tenant_id="other", id="k-other", name="k", secret_hash="x", permissions="[]",
             created_by="x", created_ns=1)
    w.insert("user", tenant_id="other", id="u-other", name="olga", password_hash="x", created_ns=1)
    w.insert("hunting_query", tenant_id="other", id="q-other", owner_id="u-other", name="Theirs", description="",
             query="print 1", shared=1, created_by="olga", created_ns=1, updated_by="olga", updated_ns=1)
    w.insert("custom_rule", id=99, tenant_id="other", detector_id="d", name="r-other", query="x", period_s=3600,
             title="t", description="", severity="Low", category="General", techniques="[]", entities="[]",
             suppress_s=0, enabled=0, owner="x", created_by="x", created_ns=1, changed_by="x", changed_ns=1,
             query_changed_ns=1, next_run_ns=1)
    w.insert("rule_exception", tenant_id="other", id="x-other", conditions="[]", reason="x", created_by="x",
             created_ns=1, expires_ns=now_ns() + DAY)
    w.permissions = sorted({p for _, _, o in operations(w) for p in o["x-permissions"]})
    w.people = {role: w.person(role.lower(), role) for role in ("Owner", "Reader", "SecurityAdmin")}
    w.programs = {permission: program(w, permission) for permission in w.permissions}


@case
def every_operation_names_who_may(w):
    for method, path, o in operations(w):
        equal(bool(o["x-roles"] or o["x-permissions"]) != o["x-anonymous"], True)
        equal(o["x-anonymous"], o["operationId"] in ANONYMOUS)
        # Those who read change nothing but what is their own.
        if method != "GET" and "Reader" in o["x-roles"]:
            equal(o["operationId"] in ("session_change", "logout", "password") or
                  o["operationId"].startswith("hunting_"), True)
    equal(len(w.permissions) >= 6, True)


@case
def an_answer_that_is_not_as_described_is_noticed(w):
    schema = {"$ref": "#/components/schemas/Session"}
    good = w.admin.get("/portal/api/session").json
    w.description.match(schema, good, "")
    for bad in ({**good, "more": 1}, {**good, "csrfToken": None}, {**good, "permissions": [1]}, {}):
        try:
            w.description.match(schema, bad, "")
        except AssertionError:
            continue
        raise AssertionError(f"{bad} passes")


@case
def strangers_get_nothing(w):
    for method, path, o in operations(w):
        answer = Client(w).ask(method, fill(path, w.tenant), headers={"X-CSRF-Token": "x"})
        if o["x-anonymous"]:
            equal(answer.status in (200, 400), True)
        else:
            equal((path, answer.status), (path, 401))


def walk(w, who, client, may):
    for method, path, o in operations(w):
        if o["operationId"] == "logout" or o["x-anonymous"]:
            continue
        answer = client.ask(method, fill(path, w.tenant))
        found = (who, method, path, answer.status in (401, 403))
        equal(found, (who, method, path, not may(o)))


@case
def people_may_what_their_role_may(w):
    for role, client in w.people.items():
        walk(w, role, client, lambda o: role in o["x-roles"])


@case
def programs_may_what_their_permission_may(w):
    for permission, client in w.programs.items():
        walk(w, permission, client, lambda o: permission in o["x-permissions"])


def is_of_value(path):
    return "/entities/" in path or path.split("/")[2] in VALUES


@case
def what_another_tenant_saw_tells_nothing(w):
    checked = 0
    for method, path, o in operations(w):
        if not path.startswith("/api/") or not is_of_value(path):
            continue
        answer = w.people["Reader"].ask(method, fill(path, w.tenant, VALUES))
        found = answer.json.get("value", answer.json.get("orgPrevalence", answer.status))
        equal((path, found in ([], "0", 404)), (path, True))
        checked += 1
    equal(checked >= 12, True)
    for kind, values in (("file", "files"), ("ip", "ips"), ("domain", "domains"), ("user", "users")):
        page = w.people["Reader"].get(f"/portal/api/entities/{kind}/{VALUES[values]}").json
        equal((kind, page["deviceCount"], page["events"]), (kind, 0, []))
        equal(w.people["Reader"].get("/portal/api/search", text=VALUES[values]).json["value"], [])


@case
def another_tenants_things_are_not_there(w):
    checked = 0
    for method, path, o in operations(w):
        if "{" not in path or o["x-anonymous"] or is_of_value(path):
            continue
        clients = [("Owner", w.people["Owner"])] + [(p, w.programs[p]) for p in o["x-permissions"]]
        for who, client in clients:
            answer = client.ask(method, fill(path, w.tenant, FOREIGN), body=BODIES.get(o["operationId"]))
            equal((who, method, path, answer.status), (who, method, path, 404))
            checked += 1
    equal(checked >= 20, True)
    for kind in ("machines", "alerts", "incidents"):
        equal(w.people["Owner"].get(f"/api/{kind}").json["value"], [])
        equal(w.people["Owner"].odata(f"/api/{kind}", filter="1 eq 1").status, 400)
    equal(w.people["Owner"].get("/beta/security/rules/detectionRules").json["value"], [])
    for kind in ("onboarding/tokens", "clients", "users", "audit", "hunting/queries", "exceptions"):
        text = w.people["Owner"].get(f"/portal/api/{kind}").body.decode()
        for foreign in ("t-other", "k-other", "u-other", "olga", "q-other", "x-other"):
            if kind != "audit":
                equal(foreign in text, False)
    equal(w.people["Owner"].odata("/api/alerts", filter="aadTenantId eq 'other'").json["value"], [])
    answer = w.people["Owner"].ask("POST", "/api/alerts/batchUpdate", {"alertIds": ["dax"], "status": "Resolved"})
    equal(answer.status, 404)
    equal(w.state.execute("SELECT status FROM alert WHERE id = 'dax'").fetchone()[0], "New")


@case
def what_is_not_there_is_said_in_the_same_form(w):
    for path in ("/api/nothing", "/api/v1.0/nothing", "/portal/api/nothing", "/api/", "/API/x", "/beta/nothing"):
        answer = Client(w).get(path)
        equal((answer.status, answer.code), (404, "NotFound"))
        equal(len(answer.json["error"]["target"]), 36)
    equal(Client(w).ask("DELETE", "/api/alerts").status, 405)
    answer = Client(w).get("/portal/api/session")
    for name, value in (("X-Content-Type-Options", "nosniff"), ("Cache-Control", "no-store"),
                        ("Content-Security-Policy", "frame-ancestors 'none'")):
        contains(answer.headers[name], value)
    contains(Client(w).get("/").headers["Content-Security-Policy"], "default-src 'self'")


if __name__ == "__main__":
    sys.exit(main())
