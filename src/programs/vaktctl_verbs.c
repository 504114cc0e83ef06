/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vaktctl_verbs.c - commands that are a list of verbs over things of the API
 */
#include <errno.h>
#include <string.h>

#include "base/near.h"
#include "vaktctl.h"

/* "list, show and run" */
static void name_all(const struct ctl_verbs *v, struct buf *out)
{
	for (size_t i = 0; i < v->count; i++)
		buf_printf(out, "%s%s",
			   i == 0	       ? ""
			   : i + 1 == v->count ? " and "
					       : ", ",
			   v->list[i].name);
}

static int find(const struct ctl_verbs *v, const char *name, const struct ctl_verb **ret_verb,
		struct err *err)
{
	_cleanup_buf_ struct buf names = BUF_INIT(512);
	struct near near = { .word = name };

	for (size_t i = 0; i < v->count; i++) {
		if (strcmp(v->list[i].name, name) == 0) {
			*ret_verb = &v->list[i];
			return 0;
		}
		near_offer(&near, v->list[i].name);
	}
	name_all(v, &names);
	return err_setf(err, -EINVAL, "%s knows %s, not \"%s\"%s%s%s", v->command, names.data, name,
			near.best ? "; did you mean \"" : "", near.best ?: "",
			near.best ? "\"?" : "");
}

int ctl_run_verb(const struct ctl_verbs *v, const struct ctl_arguments *a, struct err *err)
{
	_cleanup_(ctl_session_closep) struct ctl_session *s = NULL;
	_cleanup_buf_ struct buf path = BUF_INIT(512);
	const char *id = a->words[0] ? a->words[1] : NULL;
	const struct ctl_verb *verb = &v->list[0];
	int r = a->words[0] ? find(v, a->words[0], &verb, err) : 0;

	if (r == 0 && verb->needs_id != !!id)
		r = err_setf(err, -EINVAL, "`vaktctl %s %s` takes %s", v->command, verb->name,
			     verb->needs_id ? v->id_text : "nothing more");
	if (r < 0)
		return r;
	buf_append_str(&path, v->path);
	if (id) {
		buf_append_byte(&path, '/');
		ctl_escape(&path, id);
	}
	if (buf_error(&path))
		return err_setf(err, -EINVAL, "the id is too long");
	r = ctl_session_open(a, &s, err);
	return r < 0 ? r : verb->run(s, a, path.data, err);
}
