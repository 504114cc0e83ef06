/* SPDX-License-Identifier: Apache-2.0 */
/*
 * onboard.c - token file in, identity folder out
 *
 * The folder is filled under another name and renamed, so that it is whole or not there.
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

#include "base/fd.h"
#include "net/cert.h"
#include "net/http_client.h"
#include "sensor/uplink/identity.h"

#define ANSWER_MAX (256u << 10)

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
			 "0.1.0");
	text = root ? json_dumps(root, JSON_COMPACT) : NULL;
	json_decref(root);
	return text;
}

static int refused(const struct http_client_response *res, struct err *err)
{
	json_t *root = res->body.data ? json_loads(res->body.data, 0, NULL) : NULL;
	const char *message = "no reason given";

	json_unpack(root, "{s:{s:s}}", "error", "message", &message);
	err_setf(err, -EACCES, "the server refused (%d): %s", res->status, message);
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

/* The sender reads the key and replaces the certificate, without being root. */
static int hand_over(const char *dir, struct err *err)
{
	static const char *const names[] = { "device.key", "device.crt", "ca.crt", "identity.json", "" };
	const struct passwd *user = geteuid() == 0 ? getpwnam(IDENTITY_USER) : NULL;
	char path[4200];

	for (size_t i = 0; user && i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		if (fchownat(AT_FDCWD, path, user->pw_uid, user->pw_gid, AT_SYMLINK_NOFOLLOW) < 0)
			return err_setf(err, -errno, "%s: %m", path);
	}
	return 0;
}

static int store(const char *state_dir, const char *server, const char *uid, const char *key,
		 const char *answer, struct err *err)
{
	json_t *root = json_loads(answer, 0, NULL), *saved = NULL;
	const char *device, *tenant, *cert, *ca;
	_cleanup_free_ char *text = NULL;
	char fresh[4100], final[4100];
	int r = -EBADMSG;

	snprintf(fresh, sizeof(fresh), "%.4000s/identity.new", state_dir);
	snprintf(final, sizeof(final), "%.4000s/identity", state_dir);
	if (json_unpack(root, "{s:s,s:s,s:s,s:s}", "deviceId", &device, "tenantId", &tenant,
			"certificate", &cert, "caCertificate", &ca) < 0) {
		json_decref(root);
		return err_setf(err, r, "the server's answer is not understood");
	}
	saved = json_pack("{s:i,s:s,s:s,s:s,s:s}", "version", 1, "server", server, "tenantId",
			  tenant, "deviceId", device, "machineUid", uid);
	text = saved ? json_dumps(saved, JSON_INDENT(2)) : NULL;
	r = text ? cert_check_key(cert, key, err) : -ENOMEM;
	if (r == 0)
		r = cert_check_issuer(cert, ca, err);
	if (r == 0)
		r = dir_make(fresh, 0700, err);
	if (r == 0)
		r = write_part(fresh, "device.key", key, 0600, err);
	if (r == 0)
		r = write_part(fresh, "device.crt", cert, 0644, err);
	if (r == 0)
		r = write_part(fresh, "ca.crt", ca, 0644, err);
	if (r == 0)
		r = write_part(fresh, "identity.json", text, 0644, err);
	if (r == 0)
		r = hand_over(fresh, err);
	if (r == 0 && rename(fresh, final) < 0)
		r = err_setf(err, -errno, "%s: %m", final);
	if (r == 0)
		r = dir_sync(state_dir);
	json_decref(saved);
	json_decref(root);
	return r;
}

static int enroll(const char *state_dir, const char *server, const char *token, const char *pin,
		  struct err *err)
{
	struct http_client_options o = { .base_url = server, .pinned_ca_sha256 = pin };
	_cleanup_(http_client_freep) struct http_client *client = NULL;
	_cleanup_free_ char *key = NULL, *csr = NULL, *body = NULL;
	struct http_client_response res = { .body = BUF_INIT(ANSWER_MAX) };
	struct http_client_request req = { .method = "POST", .path = "/device/v1/enroll",
					   .content_type = "application/json" };
	char uid[IDENTITY_UID_SIZE];
	int r = identity_machine_uid(NULL, uid, err);

	if (r == 0)
		r = cert_key_generate(&key, err);
	if (r == 0)
		r = cert_csr_make(key, "device", &csr, err);
	if (r == 0)
		r = http_client_new(&o, &client, err);
	if (r < 0)
		return r;
	body = enroll_body(token, csr, uid);
	if (!body)
		return err_setf(err, -ENOMEM, "out of memory");
	req.body = body;
	req.body_len = strlen(body);
	r = http_client_send(client, &req, &res, err);
	if (r == 0)
		r = res.status == 201 ? store(state_dir, server, uid, key, res.body.data, err)
				      : refused(&res, err);
	buf_done(&res.body);
	return r;
}

int onboard_run(const char *state_dir, const char *token_file, const char *server,
		struct err *err)
{
	struct identity id;
	const char *own_server, *token, *pin;
	json_error_t where;
	json_t *root;
	int r = identity_load(state_dir, &id, err);

	if (r == 0) {
		identity_done(&id);
		return 1;
	}
	if (r != -ENOENT)
		return r;
	root = json_load_file(token_file, JSON_REJECT_DUPLICATES, &where);
	if (!root)
		return err_setf(err, -EINVAL, "%s:%d: %s", token_file, where.line, where.text);
	if (json_unpack(root, "{s:s,s:s,s:s}", "server", &own_server, "token", &token, "caSha256",
			&pin) < 0)
		r = err_setf(err, -EINVAL, "%s: needs server, token and caSha256", token_file);
	else
		r = enroll(state_dir, server ? server : own_server, token, pin, err);
	json_decref(root);
	return r;
}

int onboard_leave(const char *state_dir, struct err *err)
{
	_cleanup_(http_client_freep) struct http_client *client = NULL;
	struct http_client_request req = { .method = "POST", .path = "/device/v1/offboard" };
	struct http_client_response res = { .body = BUF_INIT(ANSWER_MAX) };
	struct identity id;
	int r = identity_load(state_dir, &id, err);

	if (r < 0)
		return r;
	r = identity_client(&id, NULL, 10000, &client, err);
	if (r == 0)
		r = http_client_send(client, &req, &res, err);
	if (r == 0 && res.status != 204 && res.status != 401 && res.status != 403)
		r = refused(&res, err);
	buf_done(&res.body);
	/* identity.json goes first: without it the rest is no identity. */
	if (r == 0 && (unlink(id.json_path) < 0 || unlink(id.key_path) < 0 ||
		       unlink(id.cert_path) < 0 || unlink(id.ca_path) < 0))
		r = err_setf(err, -errno, "cannot remove the identity: %m");
	if (r == 0) {
		*strrchr(id.json_path, '/') = '\0';
		if (rmdir(id.json_path) < 0)
			r = err_setf(err, -errno, "%s: %m", id.json_path);
	}
	identity_done(&id);
	return r;
}
