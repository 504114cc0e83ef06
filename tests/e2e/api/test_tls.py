#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The portal's port: whose certificate it shows, when it takes up a new one, what files it serves."""
import gzip
import hashlib
import socket
import ssl
import subprocess
import sys
import time

from harness import Client, case, contains, equal, main


def make_certificate(w, name):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "2",
                    "-keyout", w.dir / f"{name}.key", "-out", w.dir / f"{name}.crt"],
                   check=True, capture_output=True)
    return ssl.PEM_cert_to_DER_cert((w.dir / f"{name}.crt").read_text())


def install(w, name):
    for kind in ("key", "crt"):
        (w.dir / f"portal.{kind}").write_bytes((w.dir / f"{name}.{kind}").read_bytes())


def shown(w):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with socket.create_connection(("localhost", w.port), 10) as raw, context.wrap_socket(raw) as s:
        return s.getpeercert(binary_form=True)


def until_shown(w, certificate):
    for _ in range(100):
        if shown(w) == certificate:
            return
        time.sleep(0.1)
    raise AssertionError("the new certificate is not shown")


@case
def our_own_certificate_is_for_the_public_host_and_signed_by_our_ca(w):
    with socket.create_connection(("localhost", w.port), 10) as raw, \
            w.tls.wrap_socket(raw, server_hostname="localhost") as s:
        names = {name for _, name in s.getpeercert()["subjectAltName"]}
        contains(s.version(), "TLSv1.")
    equal({"localhost", "127.0.0.1"} - names, set())
    equal((w.dir / "cloud/tls/portal.key").stat().st_mode & 0o777, 0o600)
    equal((w.dir / "cloud/token.key").stat().st_mode & 0o777, 0o600)


@case
def old_protocols_are_refused(w):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    try:
        with socket.create_connection(("localhost", w.port), 10) as raw:
            context.wrap_socket(raw)
    except ssl.SSLError:
        return
    raise AssertionError("TLS 1.1 was taken")


@case
def the_operators_certificate_is_taken_up_again_on_a_signal(w):
    first, second = make_certificate(w, "first"), make_certificate(w, "second")
    install(w, "first")
    equal(w.stop("vakt-cloud"), 0)
    w.start_cloud("--portal-certificate", w.dir / "portal.crt", "--portal-key", w.dir / "portal.key",
                  "--portal-dir", w.dir / "portal", ca=w.dir / "portal.crt")
    equal(shown(w), first)
    install(w, "second")
    w.signal("vakt-cloud")
    until_shown(w, second)
    # A broken file changes nothing.
    (w.dir / "portal.crt").write_text("nonsense")
    w.signal("vakt-cloud")
    time.sleep(1)
    equal(hashlib.sha256(shown(w)).digest(), hashlib.sha256(second).digest())
    contains((w.dir / "vakt-cloud.log").read_text(), "those in use stay")
    install(w, "first")
    w.signal("vakt-cloud")
    until_shown(w, first)


@case
def pages_of_the_portal_are_files_and_the_api_is_not(w):
    portal = w.dir / "portal"
    (portal / "assets").mkdir(parents=True)
    (portal / "index.html").write_text("<!doctype html>the portal")
    (portal / "assets/app-1a2b.js").write_text("1")
    (w.dir / "secret").write_text("secret")
    stranger = Client(w)
    for path in ("/", "/alerts/da1", "/machines/x?y=z"):
        answer = stranger.get(path)
        equal((answer.status, answer.body), (200, b"<!doctype html>the portal"))
        equal(answer.headers["Cache-Control"], "no-cache")
    answer = stranger.get("/assets/app-1a2b.js")
    contains(answer.headers["Cache-Control"], "immutable")
    contains(answer.headers["Content-Security-Policy"], "default-src 'self'")
    equal(stranger.get("/assets/none.js").status, 404)
    equal(stranger.get("/api/none").status, 404)
    for path in ("/../secret", "/%2e%2e/secret", "/..%2fsecret", "/assets/..%5c..%5csecret"):
        equal(b"secret" in stranger.get(path).body, False)



@case
def files_come_compressed_to_those_who_take_it(w):
    text = b"let portal;" * 500
    path, file = "/assets/packed-1a2b.js", w.dir / "portal/assets/packed-1a2b.js"
    file.write_bytes(text)
    subprocess.run(["gzip", "-9nk", file], check=True)
    stranger = Client(w)
    plain = stranger.get(path)
    equal((plain.body, plain.headers["Content-Encoding"]), (text, None))
    for takes in ("gzip", "br;q=1.0, GZip ;q=0.5, *;q=0", "deflate,gzip"):
        packed = stranger.ask("GET", path, headers={"Accept-Encoding": takes})
        equal(packed.headers["Content-Encoding"], "gzip")
        equal(gzip.decompress(packed.body), text)
        equal(packed.headers["Content-Type"], plain.headers["Content-Type"])
    for takes in ("", "identity", "gzip;q=0", "gzip ; q=0.0, br", "xgzip", "gzipped", "*", "br, deflate"):
        equal(stranger.ask("GET", path, headers={"Accept-Encoding": takes}).body, text)
    # Each of the two has its own tag, and caches are told what it depends on.
    equal(plain.headers["ETag"] == packed.headers["ETag"], False)
    for answer, takes in ((plain, "identity"), (packed, "gzip")):
        equal(answer.headers["Vary"], "Accept-Encoding")
        again = {"Accept-Encoding": takes, "If-None-Match": answer.headers["ETag"]}
        equal(stranger.ask("GET", path, headers=again).status, 304)
        again["Accept-Encoding"] = "gzip" if takes == "identity" else "identity"
        equal(stranger.ask("GET", path, headers=again).status, 200)
    # A file without a compressed one beside it goes as it is.
    index = stranger.ask("GET", "/", headers={"Accept-Encoding": "gzip"})
    equal((index.body, index.headers["Content-Encoding"]), (b"<!doctype html>the portal", None))

if __name__ == "__main__":
    sys.exit(main())
