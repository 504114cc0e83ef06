#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""externaldata: lists on real HTTPS servers of this machine, whose CA the test makes; good ones and bad ones."""
import contextlib
import gzip
import http.server
import json
import ssl
import subprocess
import sys
import threading
import time

from harness import PASSWORD, Client, case, contains, equal, main

WAIT_S = 15  # what all addresses of a query may take together
LIMIT = 2 << 20  # bytes of an address
CSV = b'name,n,note\r\nalpha,1,"a, ""b"""\r\nbeta,2,\r\n'
FILES = {
    "bad.csv": CSV,
    "bad": CSV,
    "lines.json": b'{"name": "alpha", "n": 1}\n{"n": 2, "name": "beta", "more": [1]}\n',
    "array.json": b'[\n{"name": "alpha", "n": 1},\n{"name": "beta", "n": 2}]',
    "ips.txt": b"# a list\n203.0.113.7\n203.0.113.9\n",
    "just.txt": b"x" * (LIMIT - 1) + b"\n",
    "large.txt": b"x" * LIMIT + b"\n",
    "bad.csv.gz": gzip.compress(CSV),
}


class Lists(http.server.BaseHTTPRequestHandler):
    """What stands in FILES, and some addresses that behave badly."""
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.asked.append(self.path)
        place, _, name = self.path.partition("?")[0].rpartition("/")
        bad = getattr(self, "do_" + name, None)
        if bad:
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                bad()
        elif name == "packed.csv" and "gzip" in self.headers.get("Accept-Encoding", ""):
            self.send(200, gzip.compress(CSV), "Content-Encoding: gzip")
        elif place == "/lists" and name in FILES:
            self.send(200, FILES[name])
        else:
            self.send(404, b"nothing")

    def send(self, status, body, *headers):
        self.send_response(status)
        for header in headers:
            self.send_header(*header.split(": "))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_away(self):
        self.send(302, b"", "Location: /secret/bad.csv")

    def do_moved(self):
        self.send(301, b"", "Location: /lists/bad.csv")

    def do_bomb(self):
        self.send(200, gzip.compress(bytes(64 << 20)), "Content-Encoding: gzip")

    def do_endless(self):
        self.send_response(200)
        self.end_headers()
        self.close_connection = True
        while True:
            self.wfile.write(b"203.0.113.1\n" * 1000)
            self.server.sent += 12000

    def do_hang(self):
        self.close_connection = True
        self.server.released.wait(60)

    def do_drip(self):
        self.send_response(200)
        self.end_headers()
        self.close_connection = True
        while not self.server.released.wait(0.2):
            self.wfile.write(b"x")

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, certificate):
        super().__init__(("127.0.0.1", 0), Lists)
        self.asked, self.sent, self.released = [], 0, threading.Event()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{certificate}.crt", f"{certificate}.key")
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def address(self, name, place="lists"):
        return f"https://localhost:{self.server_address[1]}/{place}/{name}"

    def handle_error(self, request, client_address):
        pass  # a client that does not trust us says so and goes


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


def make_ca(directory, name):
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
            "-days", 2, "-keyout", directory / f"{name}.key", "-out", directory / f"{name}.crt")


def make_certificate(directory, name, ca, host, days=2):
    """A server's, signed by the CA; answers what its files are called without their ends."""
    path = directory / name
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={host}",
            "-keyout", f"{path}.key", "-out", f"{path}.csr")
    (directory / f"{name}.ext").write_text(f"subjectAltName=DNS:{host}\n")
    openssl("x509", "-req", "-in", f"{path}.csr", "-CA", directory / f"{ca}.crt", "-CAkey", directory / f"{ca}.key",
            "-set_serial", 7, "-days", days, "-extfile", f"{path}.ext", "-out", f"{path}.crt")
    return path


def read(address, columns="name:string, n:long, note:string", how='format="csv", ignoreFirstRecord=true'):
    return f'externaldata({columns}) ["{address}"] with ({how})'


def ask(w, query, **more):
    client = more.pop("client", w.admin)
    return client.ask("POST", "/api/hunting/run", {"query": query, **more})


def rows(w, query):
    answer = ask(w, query)
    equal((answer.status, answer.json.get("error")), (200, None))
    return answer.json["rows"]


def refused(w, query, *words):
    answer = ask(w, query)
    equal((answer.status, answer.code), (400, "BadRequest"))
    for word in words:
        contains(answer.message, word)


@case
def fixtures(w):
    for name in ("inner", "stranger"):
        make_ca(w.dir, name)
    w.lists = Server(make_certificate(w.dir, "lists", "inner", "localhost"))
    w.foreign = Server(make_certificate(w.dir, "foreign", "stranger", "localhost"))
    w.misnamed = Server(make_certificate(w.dir, "misnamed", "inner", "lists.example"))
    w.expired = Server(make_certificate(w.dir, "expired", "inner", "localhost", days=-1))
    w.allowed = [word for server in (w.lists, w.foreign, w.misnamed, w.expired)
                 for word in ("--hunting-external", server.address(""))]
    w.admin = w.administrator()
    w.stop("vakt-cloud")
    w.start_cloud(*w.allowed, "--hunting-external-ca", w.dir / "inner.crt")
    w.admin.connection = None
    w.admin.login("admin", PASSWORD)


@case
def a_list_is_read_in_every_form(w):
    at = w.lists.address
    whole = [["alpha", 1, 'a, "b"'], ["beta", 2, ""]]
    equal(rows(w, read(at("bad.csv"))), whole)
    equal(rows(w, read(at("bad"))), whole)
    equal(rows(w, read(at("bad.csv?version=1"), how="ignoreFirstRecord=true")), whole)
    equal(rows(w, read(at("bad.csv"), "name:string, n:long", "format=csv"))[0], ["name", None])
    for name, form in (("lines.json", "json"), ("array.json", "multijson")):
        equal(rows(w, read(at(name), "n:long, name:string", f"format={form}")), [[1, "alpha"], [2, "beta"]])
    equal(rows(w, read(at("packed.csv"))), whole)
    query = (f"let Bad = {read(at('ips.txt'), 'ip:string', 'format=txt, ignoreFirstRecord=true')};"
             "datatable(ip:string) ['203.0.113.7', '203.0.113.8'] | where ip in (Bad)")
    equal(rows(w, query), [["203.0.113.7"]])


@case
def what_is_not_allowed_is_not_asked_for(w):
    port = w.lists.server_address[1]
    before = list(w.lists.asked)
    for address in (w.lists.address("bad.csv", "secret"), w.lists.address("../secret/bad.csv"),
                    w.lists.address("%2e%2e/secret/bad.csv"), w.lists.address("bad.csv").replace("https", "http"),
                    w.lists.address("bad.csv").replace("localhost", "127.0.0.1"),
                    f"https://localhost:{port}@localhost/lists/bad.csv", f"https://localhost:{port}/lists", "file:///etc/passwd"):
        refused(w, read(address), "externaldata may not read", "--hunting-external")
    equal(w.lists.asked, before)


@case
def a_query_that_is_only_checked_reads_nothing(w):
    def check(query):
        answer = w.admin.ask("POST", "/api/hunting/check", {"query": query})
        equal(answer.status, 200)
        return answer.json

    before = list(w.lists.asked)
    found = check(f"{read(w.lists.address('bad.csv'))} | project n")
    equal((found["diagnostics"], found["columns"]), ([], [{"name": "n", "type": "long"}]))
    contains(check(read(w.lists.address("bad.csv", "secret")))["diagnostics"][0]["message"], "may not read")
    contains(check(f"{read(w.lists.address('bad.csv'))} | where m == 1")["diagnostics"][0]["message"], "'m'")
    equal(w.lists.asked, before)


@case
def a_redirect_is_not_followed(w):
    for name, status in (("away", "302"), ("moved", "301")):
        refused(w, read(w.lists.address(name)), "sends on to another address", status)
    equal([path for path in w.lists.asked if path.startswith("/secret")], [])


@case
def what_is_not_there_or_packed_is_said(w):
    refused(w, read(w.lists.address("none.csv")), "the server answers 404", "Line 1, column 49:")
    refused(w, read(w.lists.address("bad.csv.gz")), "packed")


@case
def a_certificate_that_is_not_trusted_is_refused(w):
    for server, why in ((w.foreign, "certificate"), (w.misnamed, "localhost"), (w.expired, "expired")):
        refused(w, read(server.address("bad.csv")), "could not be read", why, "--hunting-external-ca")
        equal(server.asked, [])


@case
def what_is_too_large_is_refused_at_the_limit(w):
    equal(rows(w, read(w.lists.address("just.txt"), "line:string", "format=txt") + "| project strlen(line)"), [[LIMIT - 1]])
    for name in ("large.txt", "endless", "bomb"):
        refused(w, read(w.lists.address(name), "line:string", "format=txt"), "more than 2048 KiB")
    end = time.monotonic() + 5
    sent = -1
    while sent != w.lists.sent and time.monotonic() < end:
        sent = w.lists.sent
        time.sleep(0.5)
    equal(sent == w.lists.sent and sent < 16 << 20, True)
    # Each may be as large, but the statement has an end.
    query = ", ".join(f'"{w.lists.address("just.txt")}?{n}"' for n in range(4))
    refused(w, f"externaldata(line:string) [{query}] with (format=txt) | count")


def start(w, query, name):
    client, answers = Client(w), []
    client.cookie, client.csrf = w.admin.cookie, w.admin.csrf
    thread = threading.Thread(target=lambda: answers.append(ask(w, query, id=name, client=client)))
    thread.start()
    return thread, answers


def until(what, seconds=20):
    end = time.monotonic() + seconds
    while not what():
        equal(time.monotonic() < end, True)
        time.sleep(0.1)


def running(w):
    return w.admin.get("/portal/api/server").json["hunting"]["running"]


@case
def servers_that_hang_end_in_time_and_hold_up_nobody(w):
    begin = time.monotonic()
    hanging = [start(w, f"union ({read(w.lists.address('hang'))}), ({read(w.lists.address('hang?again'))})", "hang")]
    until(lambda: running(w) == 1)
    for _ in range(3):
        before = time.monotonic()
        equal(rows(w, "print x = 1"), [[1]])
        equal(rows(w, read(w.lists.address("bad.csv"), "name:string", "ignoreFirstRecord=true") + "| take 1"), [["alpha"]])
        equal(time.monotonic() - before < 2, True)
    hanging.append(start(w, read(w.lists.address("drip"), "line:string", "format=txt"), "drip"))
    for thread, answers in hanging:
        thread.join(2 * WAIT_S)
        equal(answers[0].status, 400)
        contains(answers[0].message, f"no answer within {WAIT_S} seconds")
    equal(WAIT_S <= time.monotonic() - begin < 2 * WAIT_S, True)
    equal(running(w), 0)


@case
def one_that_is_taken_back_waits_no_longer(w):
    thread, answers = start(w, read(w.lists.address("hang")), "back")
    until(lambda: running(w) == 1)
    begin = time.monotonic()
    equal(w.admin.ask("DELETE", "/api/hunting/runs/back").status, 204)
    thread.join(WAIT_S)
    equal((answers[0].status, answers[0].code), (409, "Cancelled"))
    equal(time.monotonic() - begin < 5, True)
    w.lists.released.set()


@case
def a_rule_whose_list_is_away_says_so(w):
    rules, tries = "/beta/security/rules/detectionRules", "/portal/api/detection-rules"
    query = (f"let Bad = {read(w.lists.address('ips.txt'), 'ip:string', 'format=txt, ignoreFirstRecord=true')};"
             "DeviceNetworkEvents | where RemoteIP in (Bad)")
    body = {"displayName": "Bad addresses", "queryCondition": {"queryText": query}, "schedule": {"period": "1H"},
            "detectionAction": {"alertTemplate": {"title": "Bad address", "description": "", "severity": "high",
                                                  "category": "Malware", "impactedAssets": []}}}
    equal(w.admin.ask("POST", f"{tries}/check", body).json["problems"], [])
    made = w.admin.ask("POST", rules, body)
    equal((made.status, made.json.get("error")), (201, None))

    def last():
        return w.admin.get(f"{rules}/{made.json['id']}").json["lastRunDetails"]

    until(lambda: last()["status"] == "completed", 40)
    gone = FILES.pop("ips.txt")
    equal(w.admin.ask("POST", f"{tries}/{made.json['id']}/run").status, 204)
    until(lambda: last()["status"] == "failed", 40)
    contains(last()["failureReason"], "the server answers 404")
    FILES["ips.txt"] = gone
    equal(w.admin.ask("POST", f"{tries}/{made.json['id']}/run").status, 204)
    until(lambda: last()["status"] == "completed", 40)


@case
def without_the_inner_ca_it_is_not_trusted(w):
    w.stop("vakt-cloud")
    w.start_cloud(*w.allowed)
    w.admin.connection = None
    w.admin.login("admin", PASSWORD)
    refused(w, read(w.lists.address("bad.csv")), "could not be read", "--hunting-external-ca")


@case
def a_file_that_holds_no_certificate_is_told_at_the_start(w):
    (w.dir / "nonsense.crt").write_text(json.dumps("no certificate"))
    for name in ("nonsense.crt", "none.crt"):
        answer = w.command("--hunting-external-ca", str(w.dir / name), "create-token")
        equal((answer.returncode, answer.stdout), (2, ""))
        contains(answer.stderr, f"--hunting-external-ca {w.dir / name}")


if __name__ == "__main__":
    sys.exit(main())
