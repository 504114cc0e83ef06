/* SPDX-License-Identifier: Apache-2.0 */
/*
 * user.c - the first tenant and administrator, and changes of passwords
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/fd.h"
#include "cloud/access/access.h"

static int make_tenant(struct state_conn *c, struct access_tenant *tenant, struct err *err)
{
	int64_t now = clock_realtime_ns();
	int r;

	uuid_random(tenant->id);
	uuid_random(tenant->subscription_id);
	r = state_exec(c, err,
		       "INSERT INTO tenant (id, name, geography, created_ns) VALUES (?,?,?,?)",
		       "sssi", tenant->id, "Default", "Local", now);
	if (r < 0)
		return r;
	return state_exec(
	    c, err, "INSERT INTO subscription (tenant_id, id, name, created_ns) VALUES (?,?,?,?)",
	    "sssi", tenant->id, tenant->subscription_id, "Default", now);
}

static int find_tenant(struct state_conn *c, struct access_tenant *tenant, struct err *err)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	int r = state_query(
	    c, &st, err, "SELECT tenant_id, id FROM subscription ORDER BY created_ns LIMIT 1", "");

	if (r < 0)
		return r;
	r = state_step(st, err);
	if (r > 0) {
		snprintf(tenant->id, sizeof(tenant->id), "%s", state_text(st, 0));
		snprintf(tenant->subscription_id, sizeof(tenant->subscription_id), "%s",
			 state_text(st, 1));
	}
	return r;
}

static int count_users(struct state_conn *c, const char *tenant, struct err *err)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	int r =
	    state_query(c, &st, err, "SELECT count(*) FROM user WHERE tenant_id = ?", "s", tenant);

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

void access_password_random(char password[ACCESS_PASSWORD_SIZE])
{
	uint8_t secret[(ACCESS_PASSWORD_SIZE - 1) / 2];

	random_bytes(secret, sizeof(secret));
	hex_encode(secret, sizeof(secret), password);
}

static int bootstrap_admin(struct state_conn *c, const char *tenant_id, const char *password_file,
			   struct err *err)
{
	char password[ACCESS_PASSWORD_SIZE + 1];
	int r = count_users(c, tenant_id, err);

	if (r != 0)
		return r;
	access_password_random(password);
	r = make_admin(c, tenant_id, password, err);
	if (r < 0)
		return r;
	strcat(password, "\n");
	return file_write_atomic(password_file, password, strlen(password), 0600, err);
}

static int bootstrap_in(struct state_conn *c, const char *password_file,
			struct access_tenant *tenant, struct err *err)
{
	int r = find_tenant(c, tenant, err);

	if (r == 0)
		r = make_tenant(c, tenant, err);
	if (r >= 0 && password_file)
		r = bootstrap_admin(c, tenant->id, password_file, err);
	return r < 0 ? r : state_commit(c, err);
}

int access_bootstrap(struct state_conn *c, const char *password_file,
		     struct access_tenant *ret_tenant, struct err *err)
{
	struct access_tenant tenant;
	int r = state_begin(c, err);

	if (r < 0)
		return r;
	r = bootstrap_in(c, password_file, &tenant, err);
	state_rollback(c);
	if (r >= 0)
		*ret_tenant = tenant;
	return r;
}

static int set_password_in(struct state_conn *c, const char *name, const char *phc, bool temporary,
			   struct err *err)
{
	int r = state_exec(c, err,
			   "UPDATE user SET password_hash = ?, must_change_password = ?"
			   " WHERE name = ?",
			   "sis", phc, (int64_t)temporary, name);

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
			bool temporary, struct err *err)
{
	_cleanup_free_ char *phc = NULL;
	int r = password_hash(password, &phc);

	if (r < 0)
		return err_setf(err, r, "hash the password");
	r = state_begin(c, err);
	if (r < 0)
		return r;
	r = set_password_in(c, name, phc, temporary, err);
	state_rollback(c);
	return r;
}
