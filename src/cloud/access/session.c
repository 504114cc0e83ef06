/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.c - log-in and sessions; the database has only hashes of session tokens
 */
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cloud/access/access.h"

void access_token_hash(const char *token, char ret_hex[ACCESS_TOKEN_SIZE])
{
	uint8_t digest[SHA256_DIGEST_LENGTH];

	SHA256((const uint8_t *)token, strlen(token), digest);
	hex_encode(digest, sizeof(digest), ret_hex);
}

void access_token_random(char ret_token[ACCESS_TOKEN_SIZE])
{
	uint8_t secret[32];

	random_bytes(secret, sizeof(secret));
	hex_encode(secret, sizeof(secret), ret_token);
}

struct found {
	char tenant[UUID_TEXT_SIZE], user[UUID_TEXT_SIZE];
	char phc[256];
};

static int find_user(struct state_conn *c, const char *name, struct found *f, struct err *err)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	int r = state_query(c, &st, err,
			    "SELECT tenant_id, id, password_hash FROM user"
			    " WHERE name = ? AND disabled_ns IS NULL LIMIT 1",
			    "s", name);

	if (r < 0)
		return r;
	r = state_step(st, err);
	if (r > 0) {
		snprintf(f->tenant, sizeof(f->tenant), "%s", state_text(st, 0));
		snprintf(f->user, sizeof(f->user), "%s", state_text(st, 1));
		snprintf(f->phc, sizeof(f->phc), "%s", state_text(st, 2));
	}
	return r;
}

int access_login(struct state_conn *c, const char *name, const char *password,
		 char ret_token[ACCESS_TOKEN_SIZE], struct err *err)
{
	char token[ACCESS_TOKEN_SIZE], hash[ACCESS_TOKEN_SIZE], csrf[ACCESS_TOKEN_SIZE];
	int64_t now = clock_realtime_ns();
	struct found f;
	int r = find_user(c, name, &f, err);

	if (r < 0)
		return r;
	if (!password_verify(r > 0 ? f.phc : NULL, password))
		return -EACCES;
	access_token_random(token);
	access_token_random(csrf);
	access_token_hash(token, hash);
	r = state_begin(c, err);
	if (r < 0)
		return r;
	r = state_exec(c, err, "DELETE FROM session WHERE expires_ns <= ?", "i", now);
	if (r >= 0)
		r = state_exec(c, err,
			       "INSERT INTO session (token_sha256, tenant_id, user_id, csrf_token,"
			       " created_ns, last_used_ns, expires_ns) VALUES (?,?,?,?,?,?,?)",
			       "ssssiii", hash, f.tenant, f.user, csrf, now, now,
			       now + ACCESS_SESSION_MAX_S * NSEC_PER_SEC);
	r = state_end(c, r, err);
	if (r >= 0)
		memcpy(ret_token, token, sizeof(token));
	return r < 0 ? r : 0;
}

static int load_roles(struct state_conn *c, struct access_identity *id, struct err *err)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	int r = state_query(c, &st, err,
			    "SELECT role FROM role_assignment WHERE tenant_id = ? AND"
			    " principal_id = ?",
			    "ss", id->tenant_id, id->principal_id);

	if (r < 0)
		return r;
	while ((r = state_step(st, err)) > 0) {
#define X(name, text)                                                                              \
	if (!strcmp(state_text(st, 0), text))                                                      \
		id->roles |= ACCESS_##name;
		ACCESS_ROLES(X)
#undef X
	}
	return r;
}

static int load_session(struct state_conn *c, const char *hash, int64_t now_ns,
			struct access_identity *id, int64_t *ret_last, struct err *err)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	int r = state_query(c, &st, err,
			    "SELECT u.tenant_id, u.id, u.name, u.language, s.csrf_token,"
			    " s.last_used_ns, u.must_change_password FROM session s JOIN user u ON "
			    "u.tenant_id = s.tenant_id"
			    " AND u.id = s.user_id WHERE s.token_sha256 = ? AND s.expires_ns > ?"
			    " AND s.last_used_ns > ? AND u.disabled_ns IS NULL",
			    "sii", hash, now_ns, now_ns - ACCESS_SESSION_IDLE_S * NSEC_PER_SEC);

	if (r < 0)
		return r;
	r = state_step(st, err);
	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	snprintf(id->tenant_id, sizeof(id->tenant_id), "%s", state_text(st, 0));
	snprintf(id->principal_id, sizeof(id->principal_id), "%s", state_text(st, 1));
	snprintf(id->name, sizeof(id->name), "%s", state_text(st, 2));
	snprintf(id->language, sizeof(id->language), "%s", state_text(st, 3));
	snprintf(id->csrf_token, sizeof(id->csrf_token), "%s", state_text(st, 4));
	*ret_last = state_int(st, 5);
	id->must_change_password = state_int(st, 6) != 0;
	return 0;
}

static int touch(struct state_conn *c, const char *hash, int64_t now_ns, struct err *err)
{
	int r = state_begin(c, err);

	if (r < 0)
		return r;
	r = state_exec(c, err, "UPDATE session SET last_used_ns = ? WHERE token_sha256 = ?", "is",
		       now_ns, hash);
	return state_end(c, r, err);
}

int access_session_get(struct state_conn *c, const char *token, int64_t now_ns,
		       struct access_identity *ret_id, struct err *err)
{
	struct access_identity id = { 0 };
	char hash[ACCESS_TOKEN_SIZE];
	int64_t last = 0;
	int r;

	access_token_hash(token, hash);
	r = load_session(c, hash, now_ns, &id, &last, err);
	if (r < 0)
		return r;
	r = load_roles(c, &id, err);
	if (r < 0)
		return r;
	/* A write a minute is enough for an idle time of an hour. */
	if (now_ns - last > 60 * NSEC_PER_SEC) {
		r = touch(c, hash, now_ns, err);
		if (r < 0)
			return r;
	}
	*ret_id = id;
	return 0;
}

int access_session_end(struct state_conn *c, const char *token, struct err *err)
{
	char hash[ACCESS_TOKEN_SIZE];
	int r = state_begin(c, err);

	if (r < 0)
		return r;
	access_token_hash(token, hash);
	r = state_exec(c, err, "DELETE FROM session WHERE token_sha256 = ?", "s", hash);
	r = state_end(c, r, err);
	return r < 0 ? r : 0;
}

bool access_csrf_matches(const struct access_identity *id, const char *header)
{
	return id && header && strlen(header) == ACCESS_TOKEN_SIZE - 1 &&
	       strlen(id->csrf_token) == ACCESS_TOKEN_SIZE - 1 &&
	       !CRYPTO_memcmp(header, id->csrf_token, ACCESS_TOKEN_SIZE - 1);
}
