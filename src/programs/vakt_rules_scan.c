/* SPDX-License-Identifier: Apache-2.0 */
#include "vakt_rules_scan.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "rules/rules_bind.h"
#include "vakt_rules_event.h"

static const struct rules_correlator_limits correlation_limits = { 100000, 1u << 20 };

struct scan {
	const struct rules_set *set;
	struct rules_binding *binding;
	struct rules_scratch *scratch;
	struct rules_correlator *correlator;
	struct rules_occurrence at;
	struct case_event event; /* large */
	unsigned long line;
};

static void scan_free(struct scan *s)
{
	if (!s)
		return;
	rules_correlator_free(s->correlator);
	rules_scratch_free(s->scratch);
	rules_binding_free(s->binding);
	free(s);
}
DEFINE_CLEANUP(struct scan *, scan_free)

static void print_match(struct scan *s, unsigned int rule)
{
	const struct rules_info *info = rules_set_info(s->set, rule);

	if (rules_set_is_silent(s->set, rule))
		return;
	printf("%lu\t%s\t%s\t", s->line, info->id, rules_level_name(info->level));
	for (size_t t = 0; info->techniques[t]; t++)
		printf("%s%s", t ? "," : "", info->techniques[t]);
	printf("\t%s\n", info->title);
}

static void on_fire(void *arg, unsigned int rule)
{
	print_match(arg, rule);
}

static void on_match(void *arg, unsigned int rule)
{
	struct scan *s = arg;

	print_match(s, rule);
	rules_correlate_event(s->binding, s->correlator, rule, &s->at);
}

static int scan_line(struct scan *s, const char *text, size_t len, struct err *err)
{
	json_error_t error;
	json_t *json = json_loadb(text, len, 0, &error);
	const char *time = json_string_value(json_object_get(json, "Timestamp"));
	int r = json ? 0 : err_setf(err, -EBADMSG, "%s", error.text);

	if (r == 0)
		r = case_event_read(&s->event, json, err);
	if (r == 0 && !s->event.is_row)
		r = err_setf(err, -EINVAL, "a row has \"Table\" and columns of that");
	if (time)
		clock_parse_rfc3339(time, &s->at.time_ns);
	if (r == 0)
		r = rules_match_event(s->binding, s->scratch, &s->event.row, on_match, s);
	json_decref(json);
	return MIN(r, 0);
}

static int scan_file(struct scan *s, const char *path, struct err *err)
{
	FILE *file = fopen(path, "re");
	size_t room = 0;
	char *line = NULL;
	ssize_t len;
	int r = 0;

	if (!file)
		return err_setf(err, -errno, "%s: %s", path, strerror(errno));
	while (r == 0 && (len = getline(&line, &room, file)) >= 0) {
		s->line++;
		if (len > 1)
			r = scan_line(s, line, (size_t)len, err);
	}
	if (r < 0)
		r = err_prefix(err, r, "%s:%lu: ", path, s->line);
	free(line);
	fclose(file);
	return r;
}

int scan_rows(const struct rules_set *set, const char *path, struct err *err)
{
	_cleanup_(scan_freep) struct scan *s = calloc(1, sizeof(*s));
	int r = s ? 0 : -ENOMEM;

	if (r < 0)
		return r;
	s->set = s->event.set = set;
	s->at = (struct rules_occurrence){
		.scope = "", .event = &s->event.row, .fire = on_fire, .arg = s
	};
	r = rules_binding_new(set, &s->binding);
	if (r == 0)
		r = rules_scratch_new(set, &s->scratch);
	if (r == 0)
		r = rules_correlator_new(set, &correlation_limits, &s->correlator);
	return r < 0 ? r : scan_file(s, path, err);
}
