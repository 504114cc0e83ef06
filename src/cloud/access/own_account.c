/* SPDX-License-Identifier: Apache-2.0 */
/*
 * own_account.c - what a user changes of the own account: password and language
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cloud/access/access.h"

int access_password_check(const char *name, const char *password, struct err *err)
{
	size_t len = strlen(password);

	if (len < ACCESS_PASSWORD_MIN || len > ACCESS_PASSWORD_MAX)
		return err_setf(err, -EINVAL, "a password has %d to %d characters",
				ACCESS_PASSWORD_MIN, ACCESS_PASSWORD_MAX);
	if (strcasecmp(password, name) == 0)
		return err_setf(err, -EINVAL, "the user's name is no password");
	return 0;
}

/* The hash now stored; -ENOENT. */
static int load_hash(struct state_conn *c, const struct access_identity *id, char phc[256],
		     struct err *err)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	int r = state_query(c, &st, err,
			    "SELECT password_hash FROM user WHERE tenant_id = ? AND id = ?", "ss",
			    id->tenant_id, id->principal_id);

	if (r == 0)
		r = state_step(st, err);
	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	snprintf(phc, 256, "%s", state_text(st, 0));
	return 0;
}

static int keep(struct state_conn *c, const struct access_identity *id, const char *phc,
		const char *token, struct err *err)
{
	char hash[ACCESS_TOKEN_SIZE];
	int r = state_begin(c, err);

	access_token_hash(token, hash);
	if (r == 0)
		r = state_exec(c, err,
			       "UPDATE user SET password_hash = ?, must_change_password = 0"
			       " WHERE tenant_id = ? AND id = ?",
			       "sss", phc, id->tenant_id, id->principal_id);
	if (r == 0)
		r = state_exec(c, err,
			       "DELETE FROM session WHERE tenant_id = ? AND user_id = ? AND"
			       " token_sha256 <> ?",
			       "sss", id->tenant_id, id->principal_id, hash);
	return state_end(c, r, err);
}

int access_change_password(struct state_conn *c, const struct access_identity *id,
			   const struct access_password_change *change, struct err *err)
{
	_cleanup_free_ char *phc = NULL;
	char stored[256];
	int r = load_hash(c, id, stored, err);

	if (r < 0)
		return r;
	if (!password_verify(stored, change->current))
		return err_setf(err, -EACCES, "the current password is wrong");
	r = access_password_check(id->name, change->new, err);
	if (r < 0)
		return r;
	if (strcmp(change->current, change->new) == 0)
		return err_setf(err, -EINVAL, "the new password is the current one");
	r = password_hash(change->new, &phc);
	if (r < 0)
		return err_setf(err, r, "hash the password");
	return keep(c, id, phc, change->token, err);
}

int access_set_language(struct state_conn *c, const struct access_identity *id,
			const char *language, struct err *err)
{
	int r = state_begin(c, err);

	if (r == 0)
		r = state_exec(c, err,
			       "UPDATE user SET language = ? WHERE tenant_id = ? AND id = ?", "sss",
			       language, id->tenant_id, id->principal_id);
	return state_end(c, r, err);
}
