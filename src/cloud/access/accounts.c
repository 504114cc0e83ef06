/* SPDX-License-Identifier: Apache-2.0 */
/*
 * accounts.c - what an administrator does to users and API clients
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cloud/access/access.h"

static int check_name(const char *name, struct err *err)
{
	size_t len = strlen(name);

	if (len == 0 || len > 127)
		return err_setf(err, -EINVAL, "a name has 1 to 127 bytes");
	for (size_t i = 0; i < len; i++)
		if (iscntrl((unsigned char)name[i]))
			return err_setf(err, -EINVAL, "a name has no control characters");
	if (name[0] == ' ' || name[len - 1] == ' ')
		return err_setf(err, -EINVAL, "a name does not begin or end with a blank");
	return 0;
}

static int set_roles(struct state_conn *c, const char *tenant_id, const char *user_id, int roles,
		     struct err *err)
{
	int r = state_exec(c, err,
			   "DELETE FROM role_assignment WHERE tenant_id = ? AND principal_id = ?",
			   "ss", tenant_id, user_id);

	for (unsigned int i = 0; access_role_names[i] && r == 0; i++)
		if (roles >> i & 1)
			r = state_exec(c, err,
				       "INSERT INTO role_assignment (tenant_id, principal_id, role)"
				       " VALUES (?,?,?)",
				       "sss", tenant_id, user_id, access_role_names[i]);
	return r;
}

static int insert_user(struct state_conn *c, const char *tenant_id, const char *name,
		       const struct access_user_change *first, const char *phc,
		       char id[UUID_TEXT_SIZE], struct err *err)
{
	int r = state_begin(c, err);

	uuid_random(id);
	if (r == 0)
		r = state_exec(c, err,
			       "INSERT INTO user (tenant_id, id, name, password_hash,"
			       " must_change_password, created_ns) VALUES (?,?,?,?,1,?)",
			       "ssssi", tenant_id, id, name, phc, clock_realtime_ns());
	if (r == -EEXIST)
		err_setf(err, r, "there is a user %s already", name);
	if (r == 0)
		r = set_roles(c, tenant_id, id, first->roles, err);
	return state_end(c, r, err);
}

int access_user_create(struct state_conn *c, const char *tenant_id, const char *name,
		       const struct access_user_change *first, char ret_id[UUID_TEXT_SIZE],
		       struct err *err)
{
	_cleanup_free_ char *phc = NULL;
	int r = check_name(name, err);

	if (r == 0)
		r = access_password_check(name, first->password, err);
	if (r == 0 && first->roles <= 0)
		r = err_setf(err, -EINVAL, "a user has a role");
	if (r == 0)
		r = password_hash(first->password, &phc);
	return r < 0 ? r : insert_user(c, tenant_id, name, first, phc, ret_id, err);
}

/* One number of a question about a user. */
static int ask(struct state_conn *c, const char *sql, const char *tenant_id, const char *user_id,
	       int64_t *ret_number, struct err *err)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	int r = state_query(c, &st, err, sql, "ss", tenant_id, user_id);

	if (r == 0)
		r = state_step(st, err);
	if (r < 0)
		return r;
	*ret_number = state_int(st, 0);
	return 0;
}

/* Somebody must be able to let the others in. */
static int check_owner_left(struct state_conn *c, const char *tenant_id, struct err *err)
{
	int64_t owners;
	int r =
	    ask(c,
		"SELECT count(*) FROM user u JOIN role_assignment a ON a.tenant_id = u.tenant_id"
		" AND a.principal_id = u.id WHERE u.tenant_id = ? AND u.disabled_ns IS NULL AND"
		" a.role = 'Owner' AND u.id <> ?",
		tenant_id, "", &owners, err);

	if (r == 0 && owners == 0)
		r = err_setf(err, -EPERM, "the tenant would have no owner left");
	return r;
}

static int change_in(struct state_conn *c, const char *tenant_id, const char *user_id,
		     const struct access_user_change *change, const char *phc, struct err *err)
{
	int64_t disabled_ns = clock_realtime_ns();
	int r = 0;

	if (phc)
		r = state_exec(c, err,
			       "UPDATE user SET password_hash = ?, must_change_password = 1 WHERE"
			       " tenant_id = ? AND id = ?",
			       "sss", phc, tenant_id, user_id);
	if (r == 0 && change->disabled >= 0)
		r = state_exec(
		    c, err,
		    "UPDATE user SET disabled_ns = iif(?, coalesce(disabled_ns, ?), NULL)"
		    " WHERE tenant_id = ? AND id = ?",
		    "iiss", (int64_t)change->disabled, disabled_ns, tenant_id, user_id);
	if (r == 0 && change->roles >= 0)
		r = set_roles(c, tenant_id, user_id, change->roles, err);
	if (r == 0 && (phc || change->disabled == 1))
		r = state_exec(c, err, "DELETE FROM session WHERE tenant_id = ? AND user_id = ?",
			       "ss", tenant_id, user_id);
	return r < 0 ? r : check_owner_left(c, tenant_id, err);
}

static int load_name(struct state_conn *c, const char *tenant_id, const char *user_id,
		     char name[128], struct err *err)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	int r = state_query(c, &st, err, "SELECT name FROM user WHERE tenant_id = ? AND id = ?",
			    "ss", tenant_id, user_id);

	if (r == 0)
		r = state_step(st, err);
	if (r == 0)
		return err_setf(err, -ENOENT, "there is no user %.60s", user_id);
	if (r > 0)
		snprintf(name, 128, "%s", state_text(st, 0));
	return r < 0 ? r : 0;
}

int access_user_change(struct state_conn *c, const char *tenant_id, const char *user_id,
		       const struct access_user_change *change, struct err *err)
{
	_cleanup_free_ char *phc = NULL;
	char name[128];
	int r = load_name(c, tenant_id, user_id, name, err);

	if (r == 0 && change->roles == 0)
		r = err_setf(err, -EINVAL, "a user has a role; disable those who may do nothing");
	if (r == 0 && change->password)
		r = access_password_check(name, change->password, err);
	if (r == 0 && change->password)
		r = password_hash(change->password, &phc);
	if (r == 0)
		r = state_begin(c, err);
	if (r < 0)
		return r;
	r = change_in(c, tenant_id, user_id, change, phc, err);
	return state_end(c, r, err);
}

int access_client_create(struct state_conn *c, const char *tenant_id,
			 const struct access_client_new *client, char ret_id[UUID_TEXT_SIZE],
			 char ret_secret[ACCESS_TOKEN_SIZE], struct err *err)
{
	char id[UUID_TEXT_SIZE], secret[ACCESS_TOKEN_SIZE];
	_cleanup_free_ char *phc = NULL;
	int r = check_name(client->name, err);

	uuid_random(id);
	access_token_random(secret);
	if (r == 0)
		r = password_hash(secret, &phc);
	if (r == 0)
		r = state_begin(c, err);
	if (r < 0)
		return r;
	r = state_exec(c, err,
		       "INSERT INTO api_client (tenant_id, id, name, secret_hash, permissions,"
		       " created_by, created_ns) VALUES (?,?,?,?,?,?,?)",
		       "ssssssi", tenant_id, id, client->name, phc, client->permissions,
		       client->created_by, clock_realtime_ns());
	r = state_end(c, r, err);
	if (r < 0)
		return r;
	memcpy(ret_id, id, sizeof(id));
	memcpy(ret_secret, secret, sizeof(secret));
	return 0;
}

int access_client_revoke(struct state_conn *c, const char *tenant_id, const char *client_id,
			 struct err *err)
{
	int r = state_begin(c, err);

	if (r < 0)
		return r;
	r = state_exec(c, err,
		       "UPDATE api_client SET revoked_ns = ? WHERE tenant_id = ? AND id = ? AND"
		       " revoked_ns IS NULL",
		       "iss", clock_realtime_ns(), tenant_id, client_id);
	if (r == 0 && state_changes(c) == 0)
		r = err_setf(err, -ENOENT, "there is no API client %.60s", client_id);
	return state_end(c, r, err);
}
