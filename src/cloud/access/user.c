/* SPDX-License-Identifier: Apache-2.0 */
/*
 * user.c - the first tenant and administrator, and changes of passwords
 */
#include <errno.h>
#include <stdio.h>

#include "base/clock.h"
#include "cloud/access/access.h"

static int make_tenant(struct state_conn *c, char tenant[UUID_TEXT_SIZE], struct err *err)
{
	char subscription[UUID_TEXT_SIZE];
	int64_t now = clock_realtime_ns();
	int r;

	uuid_random(tenant);
	uuid_random(subscription);
	r = state_exec(c, err,
		       "INSERT INTO tenant (id, name, geography, created_ns) VALUES (?,?,?,?)",
		       "sssi", tenant, "Vakt", "Local", now);
	if (r < 0)
		return r;
	return state_exec(
		c, err, "INSERT INTO subscription (tenant_id, id, name, created_ns) VALUES (?,?,?,?)",
		"sssi", tenant, subscription, "Default", now);
}

static int find_tenant(struct state_conn *c, char tenant[UUID_TEXT_SIZE], struct err *err)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	int r = state_query(c, &st, err, "SELECT id FROM tenant ORDER BY created_ns LIMIT 1", "");

	if (r < 0)
		return r;
	r = state_step(st, err);
	if (r > 0)
		snprintf(tenant, UUID_TEXT_SIZE, "%s", state_text(st, 0));
	return r;
}

static int count_users(struct state_conn *c, const char *tenant, struct err *err)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	int r = state_query(c, &st, err, "SELECT count(*) FROM user WHERE tenant_id = ?", "s",
			    tenant);

	if (r < 0)
		return r;
	r = state_step(st, err);
	return r < 0 ? r : state_int(st, 0) > 0;
}

static int make_admin(struct state_conn *c, const char *tenant, const char *password,
		      struct err *err)
{
	_cleanup_free_ char *phc = NULL;
	char id[UUID_TEXT_SIZE];
	int r = password_hash(password, &phc);

	if (r < 0)
		return err_setf(err, r, "hash the first password");
	uuid_random(id);
	r = state_exec(c, err,
		       "INSERT INTO user (tenant_id, id, name, password_hash, must_change_password,"
		       " created_ns) VALUES (?,?,?,?,1,?)",
		       "ssssi", tenant, id, "admin", phc, clock_realtime_ns());
	if (r < 0)
		return r;
	return state_exec(c, err,
			  "INSERT INTO role_assignment (tenant_id, principal_id, role)"
			  " VALUES (?,?,'Owner')",
			  "ss", tenant, id);
}

static int bootstrap_in(struct state_conn *c, char **ret_password, struct err *err)
{
	_cleanup_free_ char *password = NULL;
	char tenant[UUID_TEXT_SIZE];
	uint8_t secret[12];
	int r = find_tenant(c, tenant, err);

	if (r == 0)
		r = make_tenant(c, tenant, err);
	if (r < 0)
		return r;
	r = count_users(c, tenant, err);
	if (r < 0)
		return r;
	if (r == 0) {
		password = calloc(1, 2 * sizeof(secret) + 1);
		if (!password)
			return -ENOMEM;
		random_bytes(secret, sizeof(secret));
		hex_encode(secret, sizeof(secret), password);
		r = make_admin(c, tenant, password, err);
		if (r < 0)
			return r;
	}
	r = state_commit(c, err);
	if (r < 0)
		return r;
	*ret_password = TAKE_PTR(password);
	return 0;
}

int access_bootstrap(struct state_conn *c, char **ret_password, struct err *err)
{
	int r = state_begin(c, err);

	if (r < 0)
		return r;
	r = bootstrap_in(c, ret_password, err);
	state_rollback(c);
	return r;
}

static int set_password_in(struct state_conn *c, const char *name, const char *phc,
			   struct err *err)
{
	int r = state_exec(c, err,
			   "UPDATE user SET password_hash = ?, must_change_password = 0"
			   " WHERE name = ?",
			   "ss", phc, name);

	if (r < 0)
		return r;
	if (state_changes(c) == 0)
		return err_setf(err, -ENOENT, "no user %s", name);
	r = state_exec(c, err,
		       "DELETE FROM session WHERE user_id IN (SELECT id FROM user WHERE name = ?)",
		       "s", name);
	return r < 0 ? r : state_commit(c, err);
}

int access_set_password(struct state_conn *c, const char *name, const char *password,
			struct err *err)
{
	_cleanup_free_ char *phc = NULL;
	int r = password_hash(password, &phc);

	if (r < 0)
		return err_setf(err, r, "hash the password");
	r = state_begin(c, err);
	if (r < 0)
		return r;
	r = set_password_in(c, name, phc, err);
	state_rollback(c);
	return r;
}
