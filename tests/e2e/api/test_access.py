#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Who may do what: users, API clients and their tokens, enrolment tokens, the audit log."""
import base64
import json
import sys
import time
import urllib.parse

from harness import DAY, PASSWORD, Client, case, contains, equal, main, now_ns

SECOND = "another password, as long"


def ask_token(w, client_id, secret, version="v2.0/", tenant=None, **form):
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret,
            "scope": "https://api.example.org/.default", **form}
    return Client(w).ask("POST", f"/{tenant or w.tenant}/oauth2/{version}token",
                         raw=urllib.parse.urlencode(form),
                         headers={"Content-Type": "application/x-www-form-urlencoded"})


def program(w, *permissions):
    made = w.admin.ask("POST", "/portal/api/clients", {"name": "program", "permissions": permissions})
    equal(made.status, 201)
    client = Client(w)
    client.id, client.secret = made.json["id"], made.json["secret"]
    client.token = ask_token(w, client.id, client.secret).json["access_token"]
    return client


@case
def fixtures(w):
    w.admin = w.administrator()
    w.add_device("a" * 40, "alpha")
    w.add_incident(1)
    w.add_alert("da1")
    w.insert("tenant", id="other", name="Other", geography="Local", created_ns=now_ns() + DAY)


@case
def users_are_made_changed_and_shut_out(w):
    body = {"name": "rita", "roles": ["Reader"], "password": SECOND}
    made = w.admin.ask("POST", "/portal/api/users", body)
    equal((made.status, made.json["roles"], made.json["mustChangePassword"]), (201, ["Reader"], True))
    path = f"/portal/api/users/{made.json['id']}"
    equal(w.admin.ask("POST", "/portal/api/users", {**body, "name": "RITA"}).status, 409)
    contains(w.admin.ask("POST", "/portal/api/users", {**body, "name": "x", "roles": ["King"]}).message,
             "'King' is not one of Owner, Reader, SecurityAdmin")
    equal(w.admin.ask("POST", "/portal/api/users", {**body, "name": "x", "password": "short"}).status, 400)
    rita = Client(w).log_in_first("rita", SECOND)
    equal(rita.get("/api/alerts").status, 200)
    equal(rita.ask("PATCH", "/api/alerts/da1", {"status": "New"}).status, 403)
    equal(rita.get("/portal/api/users").status, 403)
    equal(w.admin.ask("PATCH", path, {"roles": ["SecurityAdmin"]}).json["roles"], ["SecurityAdmin"])
    equal(rita.ask("PATCH", "/api/alerts/da1", {"status": "New"}).status, 200)
    equal(w.admin.ask("PATCH", path, {"disabled": True}).json["disabled"], True)
    equal(rita.get("/api/alerts").status, 401)
    equal(Client(w).login("rita", PASSWORD).status, 401)
    equal(w.admin.ask("PATCH", path, {"disabled": False, "password": SECOND}).status, 200)
    equal(Client(w).login("rita", SECOND).json["mustChangePassword"], True)
    own = w.admin.get("/portal/api/session").json["user"]["id"]
    answer = w.admin.ask("PATCH", f"/portal/api/users/{own}", {"roles": ["Reader"]})
    equal((answer.status, answer.code), (403, "DisallowedOperation"))
    equal(w.admin.ask("PATCH", "/portal/api/users/nobody", {"disabled": True}).status, 404)
    equal([u["name"] for u in w.admin.get("/portal/api/users").json["value"]], ["admin", "rita"])


@case
def a_program_gets_a_token_for_its_secret(w):
    made = w.admin.ask("POST", "/portal/api/clients", {"name": "soar", "permissions": ["Alert.Read.All"]}).json
    answer = ask_token(w, made["id"], made["secret"])
    equal((answer.status, answer.json["token_type"], answer.json["expires_in"]), (200, "Bearer", 3600))
    head, claims, _ = answer.json["access_token"].split(".")
    equal(json.loads(base64.urlsafe_b64decode(head + "==")), {"alg": "RS256", "typ": "JWT"})
    claims = json.loads(base64.urlsafe_b64decode(claims + "=="))
    equal((claims["roles"], claims["tid"], claims["appid"], claims["aud"], claims["exp"] - claims["iat"]),
          (["Alert.Read.All"], w.tenant, made["id"], "https://api.example.org", 3600))
    older = ask_token(w, made["id"], made["secret"], version="", scope="", resource="https://x")
    equal((older.json["expires_in"], older.json["resource"]), ("3600", "https://x"))
    soar = Client(w)
    soar.token = answer.json["access_token"]
    equal(soar.get("/api/alerts").status, 200)
    equal(soar.get("/api/machines").status, 403)
    equal(soar.get("/portal/api/session").status, 403)
    equal(soar.ask("PATCH", "/api/alerts/da1", {"status": "New"}).status, 403)


@case
def what_is_no_token_opens_nothing(w):
    soar = program(w, "Alert.Read.All")
    head, claims, signature = soar.token.split(".")
    forged = json.loads(base64.urlsafe_b64decode(claims + "=="))
    forged["appid"] = "x"
    forged = base64.urlsafe_b64encode(json.dumps(forged).encode()).decode().rstrip("=")
    none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("=")
    for token in ("", "x", "a.b.c", f"{head}.{forged}.{signature}", f"{none}.{claims}.", f"{head}.{claims}.",
                  f"{head}.{claims}", f"{head}.{claims}.{signature[:-4]}AAAA", soar.token + "." * 5000):
        stranger = Client(w)
        stranger.token = token
        answer = stranger.get("/api/alerts")
        if answer.status not in (401, 400):
            raise AssertionError(f"{token[:60]}: {answer.status}")


@case
def wrong_requests_for_tokens_are_refused_as_oauth_has_it(w):
    good = program(w, "Alert.Read.All")
    for answer, status, error in (
            (ask_token(w, good.id, "wrong"), 401, "invalid_client"),
            (ask_token(w, "nobody", good.secret), 401, "invalid_client"),
            (ask_token(w, good.id, good.secret, grant_type="password"), 400, "unsupported_grant_type"),
            (ask_token(w, good.id, good.secret, tenant="nowhere"), 400, "invalid_request"),
            (ask_token(w, good.id, good.secret, tenant="other"), 401, "invalid_client"),
            (Client(w).ask("POST", f"/{w.tenant}/oauth2/v2.0/token", raw="%zz"), 400, "invalid_request")):
        equal((answer.status, answer.json["error"]), (status, error))


@case
def a_revoked_program_is_out_at_once(w):
    soar = program(w, "Alert.ReadWrite.All", "Machine.Read.All")
    equal(soar.get("/api/machines").status, 200)
    equal(soar.ask("PATCH", "/api/alerts/da1", {"comment": "by a program"}).json["comments"][-1]["createdBy"], "program")
    equal(w.admin.ask("DELETE", f"/portal/api/clients/{soar.id}").status, 204)
    equal(soar.get("/api/machines").status, 401)
    equal(ask_token(w, soar.id, soar.secret).status, 401)
    equal(w.admin.ask("DELETE", f"/portal/api/clients/{soar.id}").status, 404)
    contains(w.admin.ask("POST", "/portal/api/clients", {"name": "x", "permissions": ["God.All"]}).message,
             "'God.All' grants nothing here")


@case
def programs_have_a_limit(w):
    soar = program(w, "Alert.ReadWrite.All")
    # The window is a minute of the server's clock: a run across its end may take twice as many.
    for _ in range(3):
        answers = [soar.ask("POST", "/api/alerts/batchUpdate", {"alertIds": ["da1"], "status": "New"})
                   for _ in range(11)]
        if [a.status for a in answers] == [200] * 10 + [429]:
            break
        time.sleep(int(answers[-1].headers.get("Retry-After", 1)) + 1)
    equal([a.status for a in answers], [200] * 10 + [429])
    equal(answers[-1].code, "TooManyRequests")
    equal(1 <= int(answers[-1].headers["Retry-After"]) <= 60, True)
    equal(soar.get("/api/alerts").status, 200)


@case
def guessing_is_slowed(w):
    stranger = Client(w)
    statuses = [stranger.login("rita", "guess").status for _ in range(6)]
    equal(statuses[-1], 429)
    equal(Client(w).login("RITA", PASSWORD).status, 429)


@case
def a_request_from_elsewhere_with_our_cookie_changes_nothing(w):
    for csrf in (None, "", "0" * 64):
        forged = Client(w)
        forged.cookie, forged.csrf = w.admin.cookie, csrf
        answer = forged.ask("PATCH", "/api/alerts/da1", {"status": "Resolved"})
        equal(answer.status, 403)
        contains(answer.message, "X-CSRF-Token")
    equal(w.admin.get("/api/alerts/da1").json["status"], "New")


@case
def an_enrolment_token_is_made_listed_and_revoked(w):
    info = w.admin.get("/portal/api/onboarding").json
    equal(len(info["caFingerprint"]), 64)
    contains(info["address"], "https://localhost:")
    made = w.admin.ask("POST", "/portal/api/onboarding/tokens", {"description": "rack 7", "hours": 2, "uses": 5})
    equal((made.status, made.json["file"]["caSha256"]), (201, info["caFingerprint"]))
    contains(made.json["command"], made.json["file"]["token"])
    listed = w.admin.get("/portal/api/onboarding/tokens").json["value"]
    equal([(t["description"], t["usesMax"], t["uses"], t["createdBy"]) for t in listed], [("rack 7", 5, 0, "admin")])
    path = f"/portal/api/onboarding/tokens/{made.json['id']}"
    equal(w.admin.ask("DELETE", path).status, 204)
    equal(w.admin.ask("DELETE", path).status, 404)
    equal(w.admin.get("/portal/api/onboarding/tokens").json["value"][0]["revokedTime"] is None, False)
    contains(w.admin.ask("POST", "/portal/api/onboarding/tokens", {"hours": 0}).message, "from 1 to 8760")


@case
def health_and_counts_are_told(w):
    health = w.admin.get("/portal/api/machines/alpha/health").json
    equal((health["healthStatus"], health["report"]), ("Active", {"healthy": True}))
    summary = w.admin.get("/portal/api/summary").json
    equal((summary["alertsBySeverity"], summary["machinesByHealth"], summary["machinesByRisk"]),
          ({"Medium": 1}, {"Active": 1}, {"Medium": 1}))


@case
def the_audit_log_tells_who_did_what(w):
    page = w.admin.get("/portal/api/audit").json
    rows = page["value"]
    entries = {(e["actor"], e["operation"], e["outcome"]) for e in rows}
    for entry in (("rita", "alerts_change", "Denied"), ("program", "alerts_change", "Success"),
                  ("admin", "tokens_create", "Success"), ("", "login", "Failed"),
                  ("admin", "users_create", "Failed"), ("", "token", "Failed")):
        contains(entries, entry)
    if page["nextCursor"]:
        rows += w.admin.get("/portal/api/audit", cursor=page["nextCursor"]).json["value"]
    equal([e["sequence"] for e in rows], sorted({e["sequence"] for e in rows}, reverse=True))
    made = [e for e in rows if e["operation"] == "tokens_create" and e["outcome"] == "Success"][0]
    equal(made["details"]["description"], "rack 7")
    for secret in (PASSWORD, SECOND):
        equal(secret in json.dumps(rows), False)


if __name__ == "__main__":
    sys.exit(main())
