/* SPDX-License-Identifier: Apache-2.0 */
/*
 * onboard.c - token file in, identity folder out
 *
 * The folder is filled under another name and renamed, or exchanged for the one it replaces, so that
 * it is whole or not there.
 */
#include "sensor/uplink/onboard.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "base/clock.h"
#include "base/fd.h"
#include "net/cert.h"
#include "net/http_client.h"
#include "sensor/uplink/identity.h"
#include "sensor/uplink/token_file.h"

#define ANSWER_MAX (256u << 10)

/* What may lie in the folder; the last is a renewal that was cut short. */
static const char *const parts[] = { "identity.json", "device.key", "device.crt", "ca.crt",
				     "device.crt.new" };

/* NAME=value of os-release without quotes, into dst. */
static void os_release(const char *name, char *dst, size_t size)
{
	_cleanup_free_ char *text = NULL;
	char *save = NULL;
	size_t len = strlen(name);

	dst[0] = '\0';
	if (file_read("/etc/os-release", 64 << 10, &text, NULL, NULL) < 0)
		return;
	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		if (strncmp(l, name, len) || l[len] != '=')
			continue;
		l += len + 1;
		if (*l == '"')
			l++;
		snprintf(dst, size, "%.*s", (int)strcspn(l, "\""), l);
	}
}

static char *enroll_body(const char *token, const char *csr, const char *uid)
{
	char distribution[128], version[64];
	struct utsname un;
	json_t *root;
	char *text;

	uname(&un);
	os_release("ID", distribution, sizeof(distribution));
	os_release("VERSION_ID", version, sizeof(version));
	root = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "token", token, "csr", csr,
			 "machineUid", uid, "computerDnsName", un.nodename, "osDistribution",
			 distribution, "osVersion", version, "osBuild", un.release,
			 "osArchitecture", "64-bit", "osProcessor", un.machine, "agentVersion",
			 VAKT_VERSION);
	text = root ? json_dumps(root, JSON_COMPACT) : NULL;
	json_decref(root);
	return text;
}

static int refused(const struct http_client_response *res, struct err *err)
{
	json_t *root = res->body.data ? json_loads(res->body.data, 0, NULL) : NULL;
	const char *message = "no reason given";

	json_unpack(root, "{s:{s:s}}", "error", "message", &message);
	err_setf(err, -EACCES, "the control plane refused (%d): %s", res->status, message);
	json_decref(root);
	return -EACCES;
}

static int write_part(const char *dir, const char *name, const char *text, mode_t mode,
		      struct err *err)
{
	char path[4200];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return file_write_atomic(path, text, strlen(text), mode, err);
}

/* identity.json goes first: without it the rest is no identity. */
static int remove_folder(const char *dir, struct err *err)
{
	char path[4200];

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, parts[i]);
		if (unlink(path) < 0 && errno != ENOENT)
			return err_setf(err, -errno, "%s: %m", path);
	}
	if (rmdir(dir) < 0)
		return err_setf(err, -errno, "%s: %m", dir);
	return 0;
}

/* The sender reads the key and replaces the certificate, without being root. */
static int hand_over(const char *dir, struct err *err)
{
	const struct passwd *user = geteuid() == 0 ? getpwnam(IDENTITY_USER) : NULL;
	char path[4200];

	for (size_t i = 0; user && i < ARRAY_SIZE(parts); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, parts[i]);
		if (fchownat(AT_FDCWD, path, user->pw_uid, user->pw_gid, AT_SYMLINK_NOFOLLOW) < 0 &&
		    errno != ENOENT)
			return err_setf(err, -errno, "%s: %m", path);
	}
	if (user && chown(dir, user->pw_uid, user->pw_gid) < 0)
		return err_setf(err, -errno, "%s: %m", dir);
	return 0;
}

/* Puts the new folder where the old one is or was. */
static int put_in_place(const char *fresh, const char *final, struct err *err)
{
	if (rename(fresh, final) == 0)
		return 0;
	if (errno != ENOTEMPTY && errno != EEXIST)
		return err_setf(err, -errno, "%s: %m", final);
	if (renameat2(AT_FDCWD, fresh, AT_FDCWD, final, RENAME_EXCHANGE) < 0)
		return err_setf(err, -errno, "%s: %m", final);
	return remove_folder(fresh, err);
}

static int fill_folder(const char *dir, const char *key, const char *cert, const char *ca,
		       const char *identity, struct err *err)
{
	int r = dir_make(dir, 0700, err);

	if (r == 0)
		r = write_part(dir, "device.key", key, 0600, err);
	if (r == 0)
		r = write_part(dir, "device.crt", cert, 0644, err);
	if (r == 0)
		r = write_part(dir, "ca.crt", ca, 0644, err);
	if (r == 0)
		r = write_part(dir, "identity.json", identity, 0644, err);
	return r < 0 ? r : hand_over(dir, err);
}

struct joining {
	const struct onboard_options *options;
	const struct token_file *token;
	const char *server;
	char uid[IDENTITY_UID_SIZE];
	char *key;
};

static int store(const struct joining *j, const char *answer, struct err *err)
{
	json_t *root = json_loads(answer, 0, NULL), *saved = NULL;
	const char *device, *tenant, *cert, *ca;
	_cleanup_free_ char *text = NULL;
	char fresh[4100], final[4100];
	int r = -EBADMSG;

	snprintf(fresh, sizeof(fresh), "%.4000s/identity.new", j->options->state_dir);
	snprintf(final, sizeof(final), "%.4000s/identity", j->options->state_dir);
	if (json_unpack(root, "{s:s,s:s,s:s,s:s}", "deviceId", &device, "tenantId", &tenant,
			"certificate", &cert, "caCertificate", &ca) < 0) {
		json_decref(root);
		return err_setf(err, r, "the control plane's answer is not understood");
	}
	saved = json_pack("{s:i,s:s,s:s,s:s,s:s}", "version", 1, "server", j->server, "tenantId",
			  tenant, "deviceId", device, "machineUid", j->uid);
	text = saved ? json_dumps(saved, JSON_INDENT(2)) : NULL;
	r = text ? cert_check_key(cert, j->key, err) : -ENOMEM;
	if (r == 0)
		r = cert_check_issuer(cert, ca, err);
	if (r == 0)
		r = fill_folder(fresh, j->key, cert, ca, text, err);
	if (r == 0)
		r = put_in_place(fresh, final, err);
	if (r == 0)
		r = dir_sync(j->options->state_dir);
	json_decref(saved);
	json_decref(root);
	return r;
}

/* Says what a failed TLS handshake means at this point: nothing but the CA is known yet. */
static int explain_trust(const struct joining *j, int r, struct err *err)
{
	if (r != -EKEYREJECTED)
		return r;
	return err_prefix(err, r, "%s does not prove to be the control plane that the token came from "
			  "(its CA must be %.16s...): either the token is another one's, or someone "
			  "stands in between. ", j->server, j->token->ca_sha256);
}

static int ask_to_join(struct joining *j, struct err *err)
{
	struct http_client_options o = { .base_url = j->server, .proxy = j->options->proxy,
					 .pinned_ca_sha256 = j->token->ca_sha256,
					 .ignore_time = true };
	_cleanup_(http_client_freep) struct http_client *client = NULL;
	_cleanup_free_ char *csr = NULL, *body = NULL;
	struct http_client_response res = { .body = BUF_INIT(ANSWER_MAX) };
	struct http_client_request req = { .method = "POST", .path = "/device/v1/enroll",
					   .content_type = "application/json" };
	int r = cert_csr_make(j->key, "device", &csr, err);

	if (r == 0)
		r = http_client_new(&o, &client, err);
	if (r < 0)
		return r;
	body = enroll_body(j->token->token, csr, j->uid);
	if (!body)
		return err_setf(err, -ENOMEM, "out of memory");
	req.body = body;
	req.body_len = strlen(body);
	r = explain_trust(j, http_client_send(client, &req, &res, err), err);
	if (r == 0)
		r = res.status == 201 ? store(j, res.body.data, err) : refused(&res, err);
	buf_done(&res.body);
	return r;
}

static int enroll(const struct onboard_options *o, const struct token_file *token, struct err *err)
{
	struct joining j = { .options = o, .token = token,
			     .server = o->server ? o->server : token->server };
	int r = identity_machine_uid(o->run_dir, j.uid, err);

	if (r == 0)
		r = cert_key_generate(&j.key, err);
	if (r == 0)
		r = ask_to_join(&j, err);
	free(j.key);
	return r;
}

/* Whether the control plane still takes the identity: 1, 0 for refused, or why it cannot be told. */
static int is_trusted(const struct identity *id, const char *proxy, struct err *err)
{
	const struct identity_client_options o = { .proxy = proxy, .timeout_ms = 10000 };
	_cleanup_(http_client_freep) struct http_client *client = NULL;
	struct http_client_response res = { .body = BUF_INIT(ANSWER_MAX) };
	/* Without content it is refused as such, once the identity was looked at. */
	struct http_client_request req = { .method = "POST", .path = "/device/v1/heartbeat",
					   .content_type = "application/json", .body = "{}",
					   .body_len = 2 };
	int r;

	if (id->not_after_ns < clock_realtime_ns())
		return 0;
	r = identity_client(id, &o, &client, err);
	if (r == 0)
		r = http_client_send(client, &req, &res, err);
	if (r == 0)
		r = res.status == 200 || res.status == 400 ? 1
		    : res.status == 401 || res.status == 403
			    ? 0
			    : err_setf(err, -EIO, "it answered %d", res.status);
	buf_done(&res.body);
	return r;
}

/* What is to be done where an identity is: 0: nothing; 1: a new one is needed. */
static int judge_identity(const struct onboard_options *o, const struct token_file *token,
			  const struct identity *id, struct err *err)
{
	char uid[IDENTITY_UID_SIZE];
	int r = identity_machine_uid(o->run_dir, uid, err);

	if (r < 0)
		return r;
	if (strcmp(uid, id->machine_uid))
		return 1;
	if (token->tenant_id[0] && strcmp(token->tenant_id, id->tenant_id))
		return err_setf(err, -EEXIST, "this device is onboarded to tenant %s at %s, the token is "
				"for tenant %s; `vakt offboard` first", id->tenant_id, id->server,
				token->tenant_id);
	r = is_trusted(id, o->proxy, err);
	if (r < 0)
		return err_prefix(err, r, "this device is onboarded already; whether %s still takes it "
				  "cannot be told: ", id->server);
	return !r;
}

int onboard_run(const struct onboard_options *o, struct err *err)
{
	struct token_file token;
	struct identity id;
	int r = token_file_read(o->token_file, &token, err), found;

	if (r < 0)
		return r;
	found = identity_load(o->state_dir, &id, err);
	if (found == -EACCES || found == -EPERM)
		return found;
	if (found == 0) {
		r = judge_identity(o, &token, &id, err);
		identity_done(&id);
		if (r <= 0)
			return r < 0 ? r : ONBOARD_UNCHANGED;
	}
	r = enroll(o, &token, err);
	if (r < 0)
		return r;
	return found == -ENOENT ? ONBOARD_JOINED : ONBOARD_RENEWED;
}

static int tell_leaving(const struct identity *id, const char *proxy, struct err *err)
{
	const struct identity_client_options o = { .proxy = proxy, .timeout_ms = 10000 };
	_cleanup_(http_client_freep) struct http_client *client = NULL;
	struct http_client_request req = { .method = "POST", .path = "/device/v1/offboard" };
	struct http_client_response res = { .body = BUF_INIT(ANSWER_MAX) };
	int r = identity_client(id, &o, &client, err);

	if (r == 0)
		r = http_client_send(client, &req, &res, err);
	/* Who refuses the identity has nothing to forget. */
	if (r == 0 && res.status != 204 && res.status != 401 && res.status != 403)
		r = refused(&res, err);
	buf_done(&res.body);
	return r;
}

int onboard_leave(const struct onboard_options *o, bool local, struct err *err)
{
	char folder[4100];
	struct identity id;
	int r = identity_load(o->state_dir, &id, err);

	if (r < 0)
		return r;
	if (!local)
		r = tell_leaving(&id, o->proxy, err);
	if (r < 0)
		err_prefix(err, r, "the control plane could not be told: ");
	identity_done(&id);
	snprintf(folder, sizeof(folder), "%.4000s/identity", o->state_dir);
	return r < 0 ? r : remove_folder(folder, err);
}
