#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The API over the event store: timeline, histogram, gaps, process trees, alert stories."""
import json
import os
import sys
import time

from harness import DAY, case, contains, equal, main, now_ns, rfc3339

ALPHA, BETA = "a" * 40, "b" * 40
ROWS = int(os.environ.get("VAKT_EVENTS", "1000000"))
END = (now_ns() // DAY) * DAY  # the million events lie in the five days before it


def uid(name):
    return name.encode().hex().ljust(32, "0")


def process_row(w, name, parent, at, action="ProcessCreated", **columns):
    row = {"TenantId": w.tenant, "DeviceId": ALPHA, "DeviceName": "alpha", "ReportId": w.next_report(),
           "ActionType": action, "ProcessUniqueId": uid(name), "FileName": name,
           "FolderPath": f"/usr/bin/{name}", "ProcessCommandLine": f"/usr/bin/{name} --run",
           "ProcessId": 100 + len(name), "AccountName": "root", "InitiatingProcessUniqueId": uid(parent),
           "InitiatingProcessFileName": parent, "InitiatingProcessFolderPath": f"/usr/bin/{parent}",
           "InitiatingProcessCommandLine": f"/usr/bin/{parent} --run", "InitiatingProcessId": 7,
           **columns}
    insert(w, "DeviceProcessEvents", at, row)
    return row["ReportId"]


def insert(w, table, at, row):
    row = {"Timestamp": at, "ReceivedTime": at, **row}
    names = ", ".join(row)
    values = ", ".join(
        f"fromUnixTimestamp64Nano({v})" if k in ("Timestamp", "ReceivedTime", "EndTime", "ProcessCreationTime")
        else str(v) if isinstance(v, int) else "'" + v.replace("\\", "\\\\").replace("'", "\\'") + "'"
        for k, v in row.items())
    w.sql(f"INSERT INTO vakt.{table} ({names}) VALUES ({values})")


def timed(w, allowed_s, path, **query):
    """Prints what it took; the bound is a multiple of it, for machines that are busy with other things."""
    allowed_s *= 10
    start = time.monotonic()
    answer = w.admin.get(path, **query)
    spent = time.monotonic() - start
    equal(answer.status, 200)
    print(f"# {spent * 1000:6.0f} ms {path.rpartition('/')[2]} {query}", flush=True)
    if spent > allowed_s:
        raise AssertionError(f"{path} {query} took {spent:.2f} s, more than {allowed_s}")
    return answer.json


@case
def fixtures(w):
    w.admin = w.administrator()
    w.report = 10**15
    w.next_report = lambda: setattr(w, "report", w.report + 1) or w.report
    w.add_device(ALPHA, "alpha")
    w.add_device(BETA, "beta")
    w.insert("tenant", id="other", name="Other", geography="Local", created_ns=now_ns() + DAY)
    w.add_device("d" * 40, "delta", tenant="other")
    # A million on one device, and another tenant's rows of a device with the same id.
    w.sql(f"""INSERT INTO vakt.DeviceProcessEvents (TenantId, DeviceId, DeviceName, Timestamp, ReceivedTime,
        ReportId, ActionType, FileName, FolderPath, ProcessCommandLine, ProcessId, ProcessUniqueId,
        InitiatingProcessUniqueId, InitiatingProcessFileName, InitiatingProcessCommandLine)
        SELECT '{w.tenant}', '{BETA}', 'beta', fromUnixTimestamp64Nano(toInt64({END} - 5 * {DAY} + number * {5 * DAY // ROWS})),
        now64(9), number + 1, 'ProcessCreated', concat('prog', toString(number % 3000)),
        concat('/opt/app', toString(number % 3000), '/bin/prog'), concat('/bin/prog --job=', hex(sipHash64(number)), ' --conf /etc/a.conf'),
        number % 30000, lower(hex(sipHash128(number))), lower(hex(sipHash128(intDiv(number, 10)))), 'bash', 'bash -c run'
        FROM numbers({ROWS})""")
    w.sql(f"""INSERT INTO vakt.DeviceProcessEvents (TenantId, DeviceId, Timestamp, ReportId, ActionType, ProcessCommandLine)
        SELECT 'other', '{BETA}', fromUnixTimestamp64Nano(toInt64({END} - {DAY} + number)), 5000000000 + number, 'ProcessCreated', 'foreign'
        FROM numbers(1000)""")


@case
def a_page_of_a_million_events_is_quick_wherever_it_lies(w):
    path = "/portal/api/machines/beta/timeline"
    timed(w, 5, path, limit=100)
    page = timed(w, 1, path, limit=100)
    equal(len(page["events"]), 100)
    equal(page["events"][0]["reportId"], str(ROWS))
    equal(page["events"][0]["kind"], "process")
    seen = [e["reportId"] for e in page["events"]]
    for _ in range(5):
        page = timed(w, 1, path, limit=500, cursor=page["nextCursor"])
        seen += [e["reportId"] for e in page["events"]]
    equal(seen, [str(ROWS - i) for i in range(100 + 5 * 500)])
    middle = rfc3339(END - 5 * DAY // 2)
    page = timed(w, 1, path, limit=100, before=middle)
    equal(page["events"][0]["reportId"], str(ROWS // 2))
    page = timed(w, 2, path, limit=100, before=middle, skip=100000)
    equal(page["events"][0]["reportId"], str(ROWS // 2 - 100000))
    last = w.admin.get(path, limit=100, to=rfc3339(END - 5 * DAY + 100)).json
    equal((len(last["events"]), last["nextCursor"]), (1, None))


@case
def words_are_found_in_a_million_events(w):
    path = "/portal/api/machines/beta/timeline"
    wanted = ROWS // 3
    word = w.sql(f"SELECT hex(sipHash64(toUInt64({wanted - 1})))").strip()
    for text in (word, word.lower(), f"{word[2:14].lower()} CONF", f"--job={word}"):
        page = timed(w, 3, path, text=text)
        equal([e["reportId"] for e in page["events"]], [str(wanted)])
    equal(timed(w, 3, path, text=word + " nothing")["events"], [])
    equal(timed(w, 3, path, text="100%_\\'")["events"], [])
    histogram = timed(w, 3, path + "/histogram", text=word, buckets=100)
    equal(histogram["total"], 1)


@case
def the_histogram_counts_every_event_once(w):
    path = "/portal/api/machines/beta/timeline/histogram"
    histogram = timed(w, 2, path, buckets=2000)
    equal(histogram["total"], ROWS)
    window = {"from": rfc3339(END - 2 * DAY), "to": rfc3339(END - DAY)}
    histogram = timed(w, 1, path, buckets=1440, **window)
    equal((histogram["bucketSeconds"], len(histogram["buckets"])), (60, 1440))
    equal(sum(b["count"] for b in histogram["buckets"]), ROWS // 5)
    equal(histogram["buckets"][1]["time"], rfc3339(END - 2 * DAY + 60 * 10**9))
    # A place in the list is a bucket and a number of rows to skip.
    bucket = histogram["buckets"][700]
    page = timed(w, 1, "/portal/api/machines/beta/timeline", limit=1, before=bucket["time"], skip=5)
    before = sum(b["count"] for b in histogram["buckets"][:700])
    equal(page["events"][0]["reportId"], str(ROWS * 3 // 5 + before - 5))


@case
def an_event_carries_its_columns_and_its_process(w):
    at = END + DAY // 2
    process_row(w, "curl", "bash", at)
    insert(w, "DeviceFileEvents", at + 1, {
        "TenantId": w.tenant, "DeviceId": ALPHA, "ReportId": w.next_report(), "ActionType": "FileCreated",
        "FolderPath": "/tmp/\\x", "InitiatingProcessCommandLine": "touch", "InitiatingProcessId": 9,
        "InitiatingProcessUniqueId": uid("touch")})
    insert(w, "DeviceNetworkEvents", at + 2, {
        "TenantId": w.tenant, "DeviceId": ALPHA, "ReportId": w.next_report(),
        "ActionType": "ConnectionSuccess", "RemoteIP": "203.0.113.9", "RemotePort": 443})
    insert(w, "DeviceEvents", at + 2, {
        "TenantId": w.tenant, "DeviceId": ALPHA, "ReportId": w.next_report(),
        "ActionType": "PTraceDetected", "InitiatingProcessId": 9, "ProcessId": 77,
        "InitiatingProcessUniqueId": uid("touch"), "TargetProcessUniqueId": uid("traced")})
    insert(w, "SensorGaps", at + 3, {
        "TenantId": w.tenant, "DeviceId": ALPHA, "ReportId": w.next_report(), "ActionType": "SensorStopped",
        "EndTime": at + 60 * 10**9, "LostKind": "all", "Reason": "No sensor was running"})
    path = "/portal/api/machines/alpha/timeline"
    equal([e["process"]["processId"] for e in w.admin.get(path, kinds="device").json["events"]], [9])
    events = w.admin.get(path, kinds="gap,network,file,process").json["events"]
    equal([e["kind"] for e in events], ["gap", "network", "file", "process"])
    equal(events[3]["process"], {
        "uniqueId": uid("curl"), "processId": 104, "fileName": "curl", "folderPath": "/usr/bin/curl",
        "commandLine": "/usr/bin/curl --run", "accountName": "root"})
    equal(events[3]["columns"]["ReportId"], events[3]["reportId"])
    equal(events[2]["columns"]["FolderPath"], "/tmp/\\x")
    equal(events[2]["process"]["processId"], 9)
    equal(events[1]["columns"]["RemoteIP"], "203.0.113.9")
    equal("LocalIP" in events[1]["columns"], False)
    equal((events[0]["process"], events[0]["time"]), (None, rfc3339(at + 3)))
    equal([e["kind"] for e in w.admin.get(path, kinds="file,gap").json["events"]], ["gap", "file"])
    equal([e["kind"] for e in w.admin.get(path, text="203.0.113").json["events"]], ["network"])
    gaps = w.admin.get("/portal/api/machines/alpha/gaps").json["gaps"]
    equal(gaps, [{"from": rfc3339(at + 3), "to": rfc3339(at + 60 * 10**9), "kind": "all",
                  "reason": "No sensor was running", "lost": None}])
    histogram = w.admin.get(path + "/histogram", buckets=1440, **{"from": rfc3339(at), "to": rfc3339(at + 3600 * 10**9)}).json
    equal([b["gap"] for b in histogram["buckets"]][:22], [True] * 21 + [False])


REFUSED = [
    ({"kinds": "process,cheese"}, "kinds: process, file, network, device and gap"),
    ({"from": "yesterday"}, "from: a time such as"),
    ({"from": "2026-01-02", "to": "2026-01-01"}, "from must be before to"),
    ({"limit": "501"}, "limit: a number from 1 to 500"),
    ({"skip": "-1"}, "skip: a number from 0"),
    ({"cursor": "x"}, "cursor: not one of ours"),
    ({"text": "x" * 300}, "text: at most 8 words"),
    ({"text": "a b c d e f g h i"}, "text: at most 8 words"),
]


@case
def what_is_wrong_is_refused(w):
    for query, message in REFUSED:
        answer = w.admin.get("/portal/api/machines/alpha/timeline", **query)
        equal((answer.status, answer.code), (400, "BadRequest"))
        contains(answer.message, message)
    for name in ("timeline", "timeline/histogram", "gaps", f"processes/{uid('x')}/tree",
                 f"processes/{uid('x')}/children", "health"):
        equal(w.admin.get(f"/portal/api/machines/delta/{name}").status, 404)
        equal(w.admin.get(f"/portal/api/machines/{'d' * 40}/{name}").status, 404)
    equal(w.admin.get("/portal/api/machines/alpha/timeline/histogram", buckets=2001).status, 400)


@case
def a_process_stands_in_its_tree(w):
    at = END + DAY // 3
    process_row(w, "sshd", "init", at)
    process_row(w, "bash", "sshd", at + 10, action="ProcessForked", FileName="sshd")
    process_row(w, "bash", "sshd", at + 20)
    w.story_id = process_row(w, "find", "bash", at + 30)
    process_row(w, "find", "bash", at + 40, action="ProcessTerminated")
    for i in range(60):
        process_row(w, f"grep{i:02d}", "find", at + 100 + i)
    tree = w.admin.get(f"/portal/api/machines/alpha/processes/{uid('find')}/tree").json
    equal(tree["focus"], uid("find"))
    nodes = {n["fileName"]: n for n in tree["nodes"]}
    equal(len(tree["nodes"]), 4 + 50)
    equal(nodes["init"]["parentUniqueId"], None)
    equal(nodes["sshd"]["parentUniqueId"], uid("init"))
    equal((nodes["bash"]["uniqueId"], nodes["bash"]["childCount"]), (uid("bash"), 2))
    equal((nodes["find"]["childCount"], nodes["find"]["endTime"]), (60, rfc3339(at + 40)))
    equal((nodes["grep00"]["endTime"], nodes["grep00"]["childCount"]), (None, 0))
    path = f"/portal/api/machines/alpha/processes/{uid('find')}/children"
    first = w.admin.get(path).json
    equal(len(first["nodes"]), 50)
    rest = w.admin.get(path, cursor=first["nextCursor"]).json
    equal((sorted(n["fileName"] for n in rest["nodes"]), rest["nextCursor"]),
          ([f"grep{i}" for i in range(50, 60)], None))
    equal(w.admin.get(path, cursor="x'").status, 400)
    equal(w.admin.get("/portal/api/machines/alpha/processes/..%27/tree").status, 404)
    equal(w.admin.get(f"/portal/api/machines/alpha/processes/{uid('nobody')}/tree").status, 404)
    timed(w, 1, "/portal/api/machines/beta/processes/" + w.sql(
        f"SELECT lower(hex(sipHash128(toUInt64({ROWS // 2}))))").strip() + "/tree")


@case
def an_alert_has_its_processes_and_its_events(w):
    w.add_incident(1)
    steps = [{"process": {"uniqueId": uid(n)}, "matched": n != "sshd"} for n in ("sshd", "find", "grep03")]
    w.add_alert("da1", process_unique_id=uid("find"), story=json.dumps({"steps": steps}))
    w.insert("alert_event", tenant_id=w.tenant, device_id=ALPHA, rule_id="rule", report_id=w.story_id,
             alert_id="da1", table_name="DeviceProcessEvents", time_ns=END + DAY // 3 + 30)
    tree = w.admin.get("/portal/api/alerts/da1/tree").json
    equal(tree["focus"], uid("find"))
    nodes = {n["fileName"]: n for n in tree["nodes"]}
    equal({"init", "sshd", "bash", "find", "grep03"} - set(nodes), set())
    equal((nodes["find"]["alertIds"], nodes["grep03"]["alertIds"], nodes["sshd"]["alertIds"]),
          (["da1"], ["da1"], []))
    events = w.admin.get("/portal/api/alerts/da1/events").json["events"]
    equal([(e["reportId"], e["process"]["fileName"]) for e in events], [(str(w.story_id), "find")])
    equal([a["id"] for a in w.admin.get(f"/portal/api/machines/{ALPHA}/events/{w.story_id}/alerts").json["value"]], ["da1"])
    for of, number, found in ((ALPHA, w.story_id + 1, []), ("beta", w.story_id, [])):
        equal(w.admin.get(f"/portal/api/machines/{of}/events/{number}/alerts").json["value"], found)
    for wrong in ("x", "-1", "1%20", "9" * 20):
        equal((wrong, w.admin.get(f"/portal/api/machines/{ALPHA}/events/{wrong}/alerts").status), (wrong, 400))
    equal(w.admin.get("/portal/api/alerts/nix/tree").status, 404)
    equal(w.admin.get("/portal/api/alerts/nix/events").status, 404)


@case
def a_store_that_is_down_is_said_so(w):
    w.stop("vakt-store")
    answer = w.admin.get("/portal/api/machines/alpha/timeline")
    equal((answer.status, answer.code), (503, "StoreUnavailable"))
    contains(answer.headers["Retry-After"], "5")
    equal(w.admin.get("/api/machines").status, 200)
    w.start_store()
    for _ in range(100):
        if w.admin.get("/portal/api/machines/alpha/timeline").status == 200:
            break
        time.sleep(0.1)
    equal(w.admin.get("/portal/api/machines/alpha/timeline").status, 200)


if __name__ == "__main__":
    sys.exit(main())
