#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Hunting queries over the API: both forms of the reference, our own, limits, taking back, tenants."""
import json
import sys
import threading
import time

from harness import DAY, PASSWORD, Client, case, contains, equal, main, now_ns, rfc3339, until

ALPHA = "a" * 40
# Not to be answered within minutes.
ENDLESS = "range a from 1 to 400000000000 step 1 | summarize count() by b = hash(tostring(a)) % 7"


def run(w, query, **body):
    return (w.admin if "client" not in body else body.pop("client")).ask(
        "POST", "/api/hunting/run", {"query": query, **body})


def rows(w, query):
    answer = run(w, query)
    equal((answer.status, answer.json.get("error")), (200, None))
    return answer.json["rows"]


def add(w, table, at, **columns):
    row = {"TenantId": w.tenant, "DeviceId": ALPHA, "DeviceName": "alpha", "ReportId": 7, **columns}
    values = ", ".join(str(v) if isinstance(v, int) else f"'{v}'" for v in row.values())
    w.sql(f"INSERT INTO vakt.{table} (Timestamp, {', '.join(row)}) "
          f"VALUES (fromUnixTimestamp64Nano(toInt64({at})), {values})")


@case
def fixtures(w):
    w.admin = w.administrator()
    made = w.admin.ask("POST", "/portal/api/clients",
                       {"name": "playbook", "permissions": ["AdvancedQuery.Read.All"]}).json
    w.program = Client(w)
    form = f"grant_type=client_credentials&client_id={made['id']}&client_secret={made['secret']}&scope=x"
    w.program.token = w.program.ask("POST", f"/{w.tenant}/oauth2/v2.0/token", raw=form).json["access_token"]
    w.at = now_ns() // 10**9 * 10**9 - 3600 * 10**9 + 123456700
    add(w, "DeviceProcessEvents", w.at, FileName="curl", ProcessCommandLine='curl "http://a/b"', ProcessId=42)
    add(w, "DeviceProcessEvents", w.at - 10 * DAY, FileName="older", ProcessId=1)
    add(w, "DeviceProcessEvents", w.at - 40 * DAY, FileName="oldest", ProcessId=1)
    add(w, "DeviceProcessEvents", w.at, TenantId="other", FileName="foreign", ProcessId=1)


@case
def programs_of_the_reference_get_its_form(w):
    query = "DeviceProcessEvents | where FileName == 'curl' | project Timestamp, FileName, ProcessId, ProcessCommandLine"
    answer = w.program.ask("POST", "/api/advancedqueries/run", {"Query": query})
    equal(answer.status, 200)
    equal(answer.json, {
        "Schema": [{"Name": "Timestamp", "Type": "DateTime"}, {"Name": "FileName", "Type": "String"},
                   {"Name": "ProcessId", "Type": "Int64"}, {"Name": "ProcessCommandLine", "Type": "String"}],
        "Results": [{"Timestamp": rfc3339(w.at), "FileName": "curl", "ProcessId": 42,
                     "ProcessCommandLine": 'curl "http://a/b"'}]})
    equal(w.program.ask("POST", "/api/v1.0/advancedqueries/run", {"Query": query}).json, answer.json)
    graph = w.program.ask("POST", "/v1.0/security/runHuntingQuery", {"query": query})
    equal(graph.json["schema"][2], {"name": "ProcessId", "type": "Int64"})
    equal(graph.json["results"], answer.json["Results"])


@case
def values_are_told_as_the_language_prints_them(w):
    answer = run(w, "print b = true, i = int(1), l = 9007199254740993, r = 1.5, t = 1h, d = datetime(2026-01-02), "
                    "s = 'x\\n\"', j = dynamic({'a': [1]}), n = long(null), g = guid(74be27de-1e4e-49d9-b579-fe0b331d3642)")
    equal(answer.status, 200)
    equal([c["type"] for c in answer.json["columns"]],
          ["bool", "int", "long", "real", "timespan", "datetime", "string", "dynamic", "long", "guid"])
    equal(answer.json["rows"], [[True, 1, 9007199254740993, 1.5, "01:00:00", "2026-01-02T00:00:00.0000000Z",
                                 'x\n"', '{"a":[1]}', None, "74be27de-1e4e-49d9-b579-fe0b331d3642"]])
    equal((answer.json["rowCount"], answer.json["limited"], answer.json["render"]), (1, False, None))


@case
def alerts_can_be_hunted(w):
    """They are in the store seconds after they were raised, once, also where one is written again."""
    w.add_device(ALPHA, "alpha")
    w.add_incident(1)
    w.add_alert("da1", severity="High", techniques='["T1059.004"]', created_ns=w.at, detection_source="EDR")
    w.add_alert("foreign", tenant="other")
    entity = {"sha1": "0a1b", "fileName": "nc", "filePath": "/tmp", "processCommandLine": "nc -e", "accountName": "eve"}
    w.insert("alert_evidence", tenant_id=w.tenant, alert_id="da1", entity_key="Process/p", entity_type="Process",
             created_ns=w.at, entity=json.dumps(entity))
    query = ("AlertInfo | where AttackTechniques has 'T1059.004' | join kind=inner AlertEvidence on AlertId "
             "| order by EntityType asc | project Timestamp, AlertId, Title, Severity, DetectionSource, EntityType, "
             "EvidenceRole, FileName, SHA1, ProcessCommandLine, AccountName, DeviceId, DeviceName")
    wanted = [[rfc3339(w.at), "da1", "Title of da1", "High", "EDR", *rest, ALPHA, "alpha"] for rest in (
        ["Machine", "Impacted", "", "", "", ""], ["Process", "Related", "nc", "0a1b", "nc -e", "eve"])]
    until(lambda: equal(rows(w, query), wanted))
    equal(rows(w, "AlertInfo | count"), [[1]])
    # As after a crash between the store and state.
    w.insert("alert_due", tenant_id=w.tenant, alert_id="da1")
    until(lambda: equal(w.state.execute("SELECT count(*) FROM alert_due").fetchone()[0], 0))
    equal(rows(w, query), wanted)


@case
def how_it_is_drawn_is_told(w):
    answer = run(w, "DeviceProcessEvents | summarize count() by FileName | render piechart with (title='Programs')")
    equal(answer.json["render"]["kind"], "piechart")
    equal(answer.json["render"]["properties"]["title"], "Programs")


@case
def only_the_own_tenant_and_thirty_days_are_seen(w):
    equal(sorted(r[0] for r in rows(w, "DeviceProcessEvents | project FileName")), ["curl", "older"])
    equal(rows(w, "union DeviceProcessEvents, DeviceFileEvents | count"), [[2]])
    ask = {"Query": "DeviceProcessEvents | project FileName"}
    path = "/v1.0/security/runHuntingQuery"
    equal(w.program.ask("POST", path, {**ask, "Timespan": "P3D"}).json["results"], [{"FileName": "curl"}])
    equal(len(w.program.ask("POST", path, {**ask, "Timespan": "P90D"}).json["results"]), 2)
    equal(w.program.ask("POST", path, {**ask, "Timespan": "PT30M"}).json["results"], [])
    for wrong in ("3D", "P", "PT", "P1H", "PT1D", "P-1D", "P1", "PT0S"):
        equal((wrong, w.program.ask("POST", path, {**ask, "Timespan": wrong}).status), (wrong, 400))


@case
def all_tables_can_be_asked_at_once(w):
    equal(rows(w, "union Device* | where FileName == 'curl' | project ProcessId"), [[42]])


@case
def a_mistake_is_answered_with_its_place(w):
    answer = w.program.ask("POST", "/api/advancedqueries/run",
                           {"Query": "DeviceProcessEvents\n| where FileNam == 'x'"})
    equal((answer.status, answer.code), (400, "BadRequest"))
    contains(answer.message, "Line 2, column 9:")
    contains(answer.message, "FileName")
    found = answer.json["error"]["details"][0]
    equal((found["line"], found["column"], found["offset"], found["length"], found["suggestion"]),
          (2, 9, 28, 7, "FileName"))
    for body in ({}, {"Query": 1}, {"Query": "print 1", "more": 1}):
        equal(w.program.ask("POST", "/api/advancedqueries/run", body).status, 400)


@case
def a_query_is_checked_without_being_run(w):
    answer = w.admin.ask("POST", "/api/hunting/check", {"query": "print x = 1 | where y > 2", "explain": "ast"})
    equal(answer.status, 200)
    equal(len(answer.json["diagnostics"]), 1)
    answer = w.admin.ask("POST", "/api/hunting/check", {"query": "print x = 1", "explain": "sql"})
    equal((answer.json["diagnostics"], answer.json["columns"]), ([], [{"name": "x", "type": "long"}]))
    contains(answer.json["explain"], "SELECT")
    # What columns there will be only the data tells; nothing is called wrong meanwhile.
    query = "print b = dynamic({'n': 1}) | evaluate bag_unpack(b) | where n > 0"
    equal(w.admin.ask("POST", "/api/hunting/check", {"query": query}).json["diagnostics"], [])
    equal(rows(w, query), [[1]])
    equal(w.admin.ask("POST", "/api/hunting/check", {"query": "x", "explain": "other"}).status, 400)


@case
def nothing_but_the_schemas_tables_is_reached(w):
    for query in ("system.tables", "['system.tables']", "numbers(10)", "file('/etc/passwd')", "vakt.DeviceInfo",
                  "['DeviceInfo` UNION ALL SELECT 1 --']", "print x = file('/etc/passwd')",
                  "print x = sleep(3)", "print 1; DROP TABLE vakt.DeviceInfo"):
        answer = run(w, query)
        equal((query, answer.status), (query, 400))
    equal(rows(w, "print x = strcat('\\'', \"'); DROP TABLE vakt.DeviceInfo --\")"),
          [["''); DROP TABLE vakt.DeviceInfo --"]])
    equal(rows(w, "datatable(TenantId: string)['other'] | join kind=inner (DeviceProcessEvents | extend TenantId = 'other') "
                  "on TenantId | where FileName == 'foreign' | count"), [[0]])


@case
def rows_are_limited_and_that_is_said(w):
    answer = run(w, "range x from 1 to 100001 step 1")
    equal((len(answer.json["rows"]), answer.json["rowCount"], answer.json["limited"]), (100000, 100000, True))
    answer = run(w, "range x from 1 to 100000 step 1")
    equal((answer.json["rowCount"], answer.json["limited"]), (100000, False))
    equal(run(w, "range x from 1 to 0 step 1").json["rows"], [])
    wide = w.program.ask("POST", "/api/advancedqueries/run",
                         {"Query": "range x from 1 to 140 step 1 | extend y = strrep('0123456789', 100000)"})
    equal(wide.status, 400)
    contains(wide.message, "The result is larger than 124 MiB")


def start(w, name):
    """An endless query under way on a connection of its own; answers the thread and where its answer comes."""
    client, answers = Client(w), []
    client.cookie, client.csrf = w.admin.cookie, w.admin.csrf
    thread = threading.Thread(target=lambda: answers.append(run(w, ENDLESS, id=name, client=client)))
    thread.start()
    return thread, answers


def running(w):
    return w.admin.get("/portal/api/server").json["hunting"]["running"]


def until_running(w, count):
    end = time.monotonic() + 20
    while running(w) != count:
        if time.monotonic() > end:
            raise AssertionError(f"{running(w)} instead of {count} run")
        time.sleep(0.1)


@case
def a_query_is_taken_back(w):
    equal(w.admin.ask("DELETE", "/api/hunting/runs/one").status, 404)
    thread, answers = start(w, "one")
    until_running(w, 1)
    equal(run(w, "print 1", id="one").status, 409)
    equal(w.program.ask("DELETE", "/api/hunting/runs/one").status, 404)
    equal(w.admin.ask("DELETE", "/api/hunting/runs/one").status, 204)
    thread.join(20)
    equal((answers[0].status, answers[0].code), (409, "Cancelled"))
    # In the engine as well.
    end = time.monotonic() + 20
    while "400000000000" in (found := w.sql("SELECT query FROM system.processes WHERE query NOT LIKE '%processes%'")):
        equal(time.monotonic() < end, True)
        time.sleep(0.2)


@case
def a_query_ends_when_its_asker_leaves(w):
    client = Client(w)
    client.cookie, client.csrf = w.admin.cookie, w.admin.csrf
    client.get("/portal/api/session")  # a connection
    client.connection.request("POST", "/api/hunting/run", '{"query": "%s"}' % ENDLESS,
                              {"Cookie": f"vakt_session={client.cookie}", "X-CSRF-Token": client.csrf})
    until_running(w, 1)
    client.connection.close()
    until_running(w, 0)


@case
def one_tenant_does_not_take_every_place(w):
    first, second = start(w, "a"), start(w, "b")
    until_running(w, 2)
    answer = run(w, "print 1")
    equal((answer.status, answer.code), (429, "TooManyRequests"))
    equal(int(answer.headers["Retry-After"]) > 0, True)
    equal(w.admin.get("/portal/api/summary").status, 200)
    for name, (thread, answers) in (("a", first), ("b", second)):
        equal(w.admin.ask("DELETE", f"/api/hunting/runs/{name}").status, 204)
        thread.join(20)
        equal(answers[0].status, 409)
    equal(rows(w, "print 1"), [[1]])


@case
def calls_of_a_program_are_counted(w):
    for _ in range(60):
        answer = w.program.ask("POST", "/api/hunting/run", {"query": "print 1"})
        if answer.status == 429:
            break
    equal(answer.status, 429)
    equal(0 < int(answer.headers["Retry-After"]) <= 60, True)


@case
def the_schema_says_what_is_filled(w):
    answer = w.admin.get("/api/hunting/schema").json
    equal((answer["lookbackDays"], answer["rowsMax"]), (30, 100000))
    tables = {t["name"]: t for t in answer["tables"]}
    equal((tables["DeviceProcessEvents"]["filled"], tables["DeviceRegistryEvents"]["filled"]), (True, False))
    columns = {c["name"]: c for c in tables["DeviceProcessEvents"]["columns"]}
    equal((columns["Timestamp"]["type"], columns["FileName"]["filled"]), ("datetime", True))
    equal("TenantId" in columns, False)


@case
def what_ran_is_counted(w):
    found = w.admin.get("/portal/api/server").json["hunting"]
    equal((found["running"], found["cancelled"], found["tooMany"], found["limited"]), (0, 4, 1, 1))
    equal(found["refused"] >= 10 and found["runs"] >= 20, True)


@case
def long_values_are_told_as_texts_to_those_who_ask(w):
    query = "print l = 9007199254740993, i = int(7), n = long(null), ['a`b\\\\c'] = -9223372036854775807, s = '9'"
    answer = run(w, query, longsAsText=True)
    equal((answer.status, answer.json.get("rows")),
          (200, [["9007199254740993", 7, None, "-9223372036854775807", "9"]]))
    equal([c["name"] for c in answer.json["columns"]], [c["name"] for c in run(w, query).json["columns"]])


QUERIES = "/portal/api/hunting/queries"


@case
def queries_are_kept_changed_and_deleted(w):
    w.rut, w.sam = w.person("rut", "Reader"), w.person("sam", "SecurityAdmin")
    answer = w.rut.ask("POST", QUERIES, {"name": "Curl", "query": "DeviceProcessEvents | where x"})
    equal(answer.status, 201)
    kept = answer.json
    equal((kept["name"], kept["description"], kept["shared"], kept["createdBy"]), ("Curl", "", False, "rut"))
    path = f"{QUERIES}/{kept['id']}"
    equal(w.rut.get(path).json, kept)
    changed = w.rut.ask("PATCH", path, {"description": "Who fetches what", "query": "print 1"}).json
    equal((changed["name"], changed["description"], changed["query"]), ("Curl", "Who fetches what", "print 1"))
    equal(changed["updatedTime"] > kept["updatedTime"], True)
    equal([q["name"] for q in w.rut.get(QUERIES).json["value"]], ["Curl"])
    # Nobody else sees it, not even who may do everything.
    for other in (w.admin, w.sam):
        equal(other.get(QUERIES).json["value"], [])
        equal([other.ask(m, path, b).status for m, b in (("GET", None), ("PATCH", {"name": "x"}), ("DELETE", None))],
              [404, 404, 404])
    equal(w.program.get(QUERIES).status, 403)
    for wrong in ({"name": "x"}, {"name": "", "query": "x"}, {"name": "x" * 201, "query": "x"}, {"query": "x"},
                  {"name": "x", "query": "x", "ownerId": "y"}, {"name": "x", "query": "x", "shared": 1}):
        equal((wrong, w.rut.ask("POST", QUERIES, wrong).status), (wrong, 400))
    equal(w.rut.ask("DELETE", path).status, 204)
    equal(w.rut.get(path).status, 404)


@case
def a_shared_query_is_seen_by_all_and_changed_by_few(w):
    equal(w.rut.ask("POST", QUERIES, {"name": "x", "query": "x", "shared": True}).status, 403)
    kept = w.sam.ask("POST", QUERIES, {"name": "Ours", "query": "print 2", "shared": True}).json
    path = f"{QUERIES}/{kept['id']}"
    for who in (w.rut, w.admin, w.sam):
        equal(who.get(path).json, kept)
        equal([q["id"] for q in who.get(QUERIES).json["value"]], [kept["id"]])
    equal((w.rut.ask("PATCH", path, {"name": "Mine"}).status, w.rut.ask("DELETE", path).status), (403, 403))
    changed = w.admin.ask("PATCH", path, {"name": "All of ours"}).json
    equal((changed["name"], changed["createdBy"], changed["updatedBy"]), ("All of ours", "sam", "admin"))
    # No longer shared it is the owner's alone.
    equal(w.sam.ask("PATCH", path, {"shared": False}).json["shared"], False)
    equal((w.admin.get(path).status, w.rut.get(path).status, w.sam.get(path).status), (404, 404, 200))
    equal(w.rut.odata(QUERIES, filter="ownerId ne ''").json["value"], [])
    equal(w.admin.ask("DELETE", path).status, 404)
    equal(w.sam.ask("DELETE", path).status, 204)


@case
def who_changed_what_of_kept_queries_is_audited(w):
    found = [(a["actor"], a["operation"], a["outcome"]) for a in w.admin.get("/portal/api/audit").json["value"]]
    for wanted in (("rut", "hunting_queries_create", "Success"), ("rut", "hunting_queries_delete", "Success"),
                   ("admin", "hunting_queries_change", "Success")):
        equal(wanted in found, True)
    text = "print '" + "ä" * 3000 + "'"
    equal(w.sam.ask("POST", QUERIES, {"name": "Long", "query": text}).json["query"], text)
    noted = w.admin.get("/portal/api/audit").json["value"][0]
    equal(("ä" * 900 in str(noted["details"]), "ä" * 1100 in str(noted["details"])), (True, False))
    # What is checked while somebody types is not.
    equal("hunting_check" in [operation for _, operation, _ in found], False)


@case
def a_person_keeps_so_many_queries(w):
    for n in range(500):
        w.insert("hunting_query", tenant_id=w.tenant, id=f"many-{n}", owner_id="u-many", name="n", description="",
                 query="print 1", shared=0, created_by="x", created_ns=1, updated_by="x", updated_ns=1)
    owner = w.rut.get("/portal/api/session").json["user"]["id"]
    w.state.execute("UPDATE hunting_query SET owner_id = ? WHERE owner_id = 'u-many'", (owner,))
    answer = w.rut.ask("POST", QUERIES, {"name": "one more", "query": "x"})
    equal(answer.status, 409)
    contains(answer.message, "500")
    equal(w.rut.ask("DELETE", f"{QUERIES}/many-0").status, 204)
    equal(w.rut.ask("POST", QUERIES, {"name": "one more", "query": "x"}).status, 201)


@case
def what_one_ran_is_remembered_for_oneself(w):
    history = "/portal/api/hunting/history"
    equal(w.rut.get(history).json["value"], [])
    for query in ("print x = 1", "print y", "range x from 1 to 3 step 1"):
        w.rut.ask("POST", "/api/hunting/run", {"query": query})
    w.rut.ask("POST", "/api/hunting/check", {"query": "print 7"})
    found = w.rut.get(history).json["value"]
    equal([(p["query"], p["rowCount"], p["outcome"]) for p in found],
          [("range x from 1 to 3 step 1", 3, "Success"), ("print y", None, "Refused"), ("print x = 1", 1, "Success")])
    equal(w.sam.get(history).json["value"], [])
    equal({"Cancelled", "Limited", "Success", "Refused"} <=
          {p["outcome"] for p in w.admin.get(history).json["value"]}, True)
    w.state.execute("UPDATE hunting_history SET sequence = sequence + 1000 WHERE principal_id = ? AND sequence > 1",
                    (w.rut.get("/portal/api/session").json["user"]["id"],))
    w.rut.ask("POST", "/api/hunting/run", {"query": "print 4"})
    equal([p["query"] for p in w.rut.get(history).json["value"]],
          ["print 4", "range x from 1 to 3 step 1", "print y"])
    equal(w.rut.ask("DELETE", history).status, 204)
    equal(w.rut.get(history).json["value"], [])
    equal(len(w.admin.get(history).json["value"]) > 3, True)


@case
def the_administrator_says_how_far_queries_look_back(w):
    w.stop("vakt-cloud")
    w.start_cloud("--hunting-days", 60)
    w.admin.connection = None
    w.admin.login("admin", PASSWORD)
    equal(rows(w, "DeviceProcessEvents | count"), [[3]])
    equal(w.admin.get("/api/hunting/schema").json["lookbackDays"], 60)


if __name__ == "__main__":
    sys.exit(main())
