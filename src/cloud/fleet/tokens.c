/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tokens.c - enrolment tokens: made, used up, revoked; only a hash of the secret is kept
 */
#include <errno.h>
#include <openssl/sha.h>
#include <string.h>

#include "base/clock.h"
#include "cloud/fleet/fleet_internal.h"

#define SECRET_BYTES 32

void token_hash(const char *secret, char ret_hex[65])
{
	unsigned char digest[SHA256_DIGEST_LENGTH];

	SHA256((const unsigned char *)secret, strlen(secret), digest);
	hex_encode(digest, sizeof(digest), ret_hex);
}

int fleet_token_create(struct fleet *f, const char *description, const char *created_by,
		       int64_t lifetime_s, int64_t uses_max, char ret_id[UUID_TEXT_SIZE],
		       struct buf *ret_file, struct err *err)
{
	char secret[2 * SECRET_BYTES + 1], hash[65];
	struct state_conn *c = state_get(f->state);
	int64_t now = clock_realtime_ns();
	uint8_t random[SECRET_BYTES];
	int r;

	if (!c)
		return err_setf(err, -ENOMEM, "out of memory");
	random_bytes(random, sizeof(random));
	hex_encode(random, sizeof(random), secret);
	token_hash(secret, hash);
	uuid_random(ret_id);
	r = state_exec(c, err,
		       "INSERT INTO enrolment_token (tenant_id, id, subscription_id, secret_sha256, "
		       "description, created_by, created_ns, expires_ns, uses_max) "
		       "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
		       "ssssssiii", f->tenant_id, ret_id, f->subscription_id, hash, description,
		       created_by, now, now + lifetime_s * NSEC_PER_SEC, uses_max);
	if (r < 0)
		return r;
	buf_printf(ret_file,
		   "{\"version\":1,\"server\":\"https://%s:%u\",\"tenantId\":\"%s\","
		   "\"token\":\"%s\",\"caSha256\":\"%s\"}\n",
		   f->public_host, f->device_port, f->tenant_id, secret, f->ca_fingerprint);
	return buf_error(ret_file);
}

int fleet_token_revoke(struct fleet *f, const char *id, struct err *err)
{
	struct state_conn *c = state_get(f->state);
	int r;

	if (!c)
		return err_setf(err, -ENOMEM, "out of memory");
	r = state_exec(c, err,
		       "UPDATE enrolment_token SET revoked_ns = ? WHERE tenant_id = ? AND id = ? "
		       "AND revoked_ns IS NULL",
		       "iss", clock_realtime_ns(), f->tenant_id, id);
	if (r == 0 && state_changes(c) == 0)
		r = err_setf(err, -ENOENT, "no enrolment token %s", id);
	return r;
}

/* Why a token was not taken, in words that help whoever holds it. */
static int explain(struct fleet *f, struct state_conn *c, const char *hash, struct err *err)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	int r = state_query(c, &st, err,
			    "SELECT revoked_ns, expires_ns, uses, uses_max FROM enrolment_token "
			    "WHERE tenant_id = ? AND secret_sha256 = ?",
			    "ss", f->tenant_id, hash);

	if (r == 0)
		r = state_step(st, err);
	if (r < 0)
		return r;
	if (r == 0)
		return err_setf(err, -EACCES, "the token is not known here");
	if (!state_is_null(st, 0))
		return err_setf(err, -EACCES, "the token was revoked");
	if (state_int(st, 1) <= clock_realtime_ns())
		return err_setf(err, -EACCES, "the token has expired; make a new one");
	return err_setf(err, -EACCES, "the token has been used %lld times, as often as it may",
			(long long)state_int(st, 3));
}

int token_use(struct fleet *f, struct state_conn *c, const char *secret, struct err *err)
{
	char hash[65];
	int r;

	token_hash(secret, hash);
	r = state_exec(c, err,
		       "UPDATE enrolment_token SET uses = uses + 1 WHERE tenant_id = ? AND "
		       "secret_sha256 = ? AND revoked_ns IS NULL AND expires_ns > ? AND uses < uses_max",
		       "ssi", f->tenant_id, hash, clock_realtime_ns());
	if (r < 0)
		return r;
	return state_changes(c) == 1 ? 0 : explain(f, c, hash, err);
}
