# SPDX-License-Identifier: Apache-2.0
"""A real vakt-store and vakt-cloud in a folder of their own, and a client that checks what they answer."""
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.parse

from description import Description

BUILD = pathlib.Path(os.environ["VAKT_BUILD"])
STORE_BUILD = pathlib.Path(os.environ.get("VAKT_STORE_BUILD", BUILD))
LIBCHDB = os.environ["VAKT_LIBCHDB"]
DAY = 86400 * 10**9
PASSWORD = "a password of some length"


def now_ns():
    return time.time_ns()


def rfc3339(ns):
    seconds, rest = divmod(ns, 10**9)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{rest // 100:07d}Z"


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body
        self.json = json.loads(body) if body and "json" in headers.get("Content-Type", "") else None

    @property
    def code(self):
        return self.json["error"]["code"]

    @property
    def message(self):
        return self.json["error"]["message"]


class Client:
    """One identity: nobody, a session, or a token."""

    def __init__(self, world):
        self.world, self.cookie, self.csrf, self.token = world, None, None, None
        self.connection = None

    def ask(self, method, path, body=None, headers=None, raw=None):
        headers = dict(headers or {})
        if self.cookie:
            headers["Cookie"] = f"vakt_session={self.cookie}"
        if self.csrf and method != "GET":
            headers["X-CSRF-Token"] = self.csrf
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        data = raw if raw is not None else None if body is None else json.dumps(body)
        if not self.connection:
            self.connection = http.client.HTTPSConnection(
                "localhost", self.world.port, context=self.world.tls, timeout=60)
        try:
            self.connection.request(method, path, data, headers)
            response = self.connection.getresponse()
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            self.connection.close()
            self.connection.request(method, path, data, headers)
            response = self.connection.getresponse()
        answer = Answer(response.status, response.headers, response.read())
        self.world.check(method, path, answer)
        return answer

    def get(self, path, **query):
        if query:
            path += "?" + urllib.parse.urlencode(query)
        return self.ask("GET", path)

    def odata(self, path, **query):
        return self.get(path, **{f"${name}": value for name, value in query.items()})

    def login(self, name, password):
        answer = self.ask("POST", "/portal/api/login", {"userName": name, "password": password})
        if answer.status == 200:
            self.csrf = answer.json["csrfToken"]
            self.cookie = re.search("vakt_session=([0-9a-f]+)", answer.headers["Set-Cookie"])[1]
        return answer

    def log_in_first(self, name, password, new=PASSWORD):
        """With a password that was given and must be changed before anything else."""
        equal(self.login(name, password).status, 200)
        equal(self.ask("POST", "/portal/api/password", {"current": password, "new": new}).status, 204)
        return self


class World:
    def __init__(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="vakt-api-"))
        (self.dir / "rules").mkdir()
        self.processes, self.check = {}, lambda method, path, answer: None
        try:
            self.start_store()
            self.start_cloud()
        except Exception:
            self.close()
            raise

    def administrator(self):
        return Client(self).log_in_first("admin", (self.dir / "cloud/first-password").read_text().strip())

    def person(self, name, role):
        """Made by self.admin."""
        self.admin.ask("POST", "/portal/api/users", {"name": name, "roles": [role], "password": PASSWORD + name})
        return Client(self).log_in_first(name, PASSWORD + name)

    def spawn(self, name, *arguments):
        log = open(self.dir / f"{name}.log", "ab")
        # The engine brings its own malloc and cannot run in a build with sanitizers.
        build = STORE_BUILD if name == "vakt-store" else BUILD
        self.processes[name] = subprocess.Popen(
            [build / "src/programs" / name, *map(str, arguments)], stdout=log, stderr=log,
            stdin=subprocess.DEVNULL)

    def start_store(self):
        self.spawn("vakt-store", "--library", LIBCHDB, "--data-dir", self.dir / "store", "--socket",
                   self.dir / "store.sock")

    def cloud_options(self):
        return ["--state-dir", self.dir / "cloud", "--store", f"unix:{self.dir}/store.sock",
                "--public-host", "localhost", "--device-port", 0, "--portal-port", 0,
                "--rules-dir", self.dir / "rules"]

    def start_cloud(self, *options, ca=None):
        log = self.dir / "vakt-cloud.log"
        log.write_bytes(b"")
        self.spawn("vakt-cloud", *self.cloud_options(), *options)
        for _ in range(600):
            found = re.search(r"portal and API are served on port (\d+)", log.read_text())
            if found:
                break
            time.sleep(0.1)
        else:
            raise RuntimeError(log.read_text())
        self.port = int(found[1])
        self.tls = ssl.create_default_context(cafile=ca or self.dir / "cloud/ca/ca.crt")
        self.state = sqlite3.connect(self.dir / "cloud/state.db", isolation_level=None, timeout=10)
        self.tenant = self.state.execute("SELECT id FROM tenant ORDER BY created_ns").fetchone()[0]
        self.description = Description(Client(self).get("/api/openapi.json").json)
        self.check = self.description.check  # every answer from here on

    def command(self, *arguments):
        return subprocess.run(
            [BUILD / "src/programs/vakt-cloud", *map(str, self.cloud_options()), *arguments],
            capture_output=True, text=True, check=False)

    def stop(self, name):
        process = self.processes.pop(name)
        process.terminate()
        return process.wait(30)

    def close(self):
        for name in list(self.processes):
            self.stop(name)
        complaints = re.findall(r".*(?:Sanitizer|runtime error).*", (self.dir / "vakt-cloud.log").read_text())
        if complaints:
            print("# " + "\n# ".join(complaints))
        subprocess.run(["rm", "-rf", self.dir], check=True)

    def signal(self, name, number=signal.SIGHUP):
        self.processes[name].send_signal(number)

    def insert(self, table, **row):
        names = ", ".join(row)
        holes = ", ".join("?" * len(row))
        self.state.execute(f"INSERT INTO {table} ({names}) VALUES ({holes})", list(row.values()))

    def sql(self, statement):
        """Telemetry, by the store's own interface."""
        connection = http.client.HTTPConnection("store", timeout=300)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(str(self.dir / "store.sock"))
        connection.request("POST", "/?readonly=0", statement.encode())
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        if response.status != 200:
            raise RuntimeError(text)
        return text

    def add_device(self, device_id, name, tenant=None, **columns):
        row = {"tenant_id": tenant or self.tenant, "id": device_id, "subscription_id": "",
               "computer_dns_name": name, "first_seen_ns": now_ns() - 9 * DAY,
               "last_seen_ns": now_ns(), "health": '{"healthy":true}'}
        self.insert("device", **{**row, **columns})

    def add_incident(self, number, tenant=None, **columns):
        row = {"tenant_id": tenant or self.tenant, "id": number, "title": f"Incident {number}",
               "severity": "Medium", "device_id": "a" * 40, "root_unique_id": f"root{number}",
               "created_ns": now_ns(), "updated_ns": now_ns()}
        self.insert("incident", **{**row, **columns})

    def add_alert(self, alert_id, tenant=None, **columns):
        row = {"tenant_id": tenant or self.tenant, "id": alert_id, "incident_id": 1,
               "device_id": "a" * 40, "rule_id": "rule", "title": f"Title of {alert_id}",
               "description": "What happened", "severity": "Medium", "category": "Discovery",
               "techniques": '["T1083"]', "detection_source": "CustomDetection",
               "group_key": alert_id, "process_unique_id": "p" * 32, "first_event_ns": now_ns(),
               "last_event_ns": now_ns(), "created_ns": now_ns(), "updated_ns": now_ns()}
        self.insert("alert", **{**row, **columns})


CASES = []


def case(function):
    CASES.append(function)
    return function


def equal(found, wanted):
    if found != wanted:
        raise AssertionError(f"{found!r} instead of {wanted!r}")


def until(check, seconds=20):
    """What is true in a moment: the last failure when it is not in time."""
    end = time.monotonic() + seconds
    while True:
        try:
            return check()
        except AssertionError:
            if time.monotonic() > end:
                raise
        time.sleep(0.1)


def contains(text, part):
    if part not in text:
        raise AssertionError(f"{part!r} is not in {text!r}")


def main():
    """Runs the cases against a fresh world; answers the exit code."""
    world = World()
    try:
        failed = run(world)
        if failed:
            print("# " + (world.dir / "vakt-cloud.log").read_text()[-3000:].replace("\n", "\n# "))
    finally:
        world.close()
    return failed > 0


def run(world):
    """Prints TAP; answers how many failed."""
    failed = 0
    print(f"1..{len(CASES)}")
    for number, function in enumerate(CASES, 1):
        name = function.__name__.replace("_", " ")
        try:
            function(world)
            print(f"ok {number} - {name}", flush=True)
        except Exception as error:  # every kind of failure is one of the case
            failed += 1
            line = error.__traceback__.tb_next.tb_lineno if error.__traceback__.tb_next else "?"
            print(f"not ok {number} - {name}\n# line {line}: {type(error).__name__}: "
                  f"{str(error)[:2000]}", flush=True)
    sys.stdout.flush()
    return failed
