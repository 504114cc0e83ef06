/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vakt_connectivity.c - `vakt connectivity test`: what it found, for people and programs
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "sensor/uplink/connectivity.h"
#include "sensor/uplink/token_file.h"
#include "vakt.h"

#define PATIENCE_MS 10000

static void print_text(const struct connectivity_result *r)
{
	printf("%s  %s (%s), %d ms\n", r->good ? "[OK]    " : "[FAILED]", r->url, r->purpose,
	       r->milliseconds);
	if (!r->good)
		printf("          %s: %s\n          %s\n", connectivity_step_name(r->failed), r->reason,
		       r->advice);
}

static json_t *step_object(const struct connectivity_result *r)
{
	json_t *steps = json_object();

	for (int i = 0; i < CONNECTIVITY_STEPS; i++) {
		const char *state = r->good || i < (int)r->failed ? "ok"
				    : i == (int)r->failed	  ? "failed"
								  : "notTried";

		json_object_set_new(steps, connectivity_step_name((enum connectivity_step)i),
				    json_string(state));
	}
	return steps;
}

static void print_json(const struct connectivity_result *results, int count, bool good,
		       const char *proxy)
{
	json_t *list = json_array(), *all;

	for (int i = 0; i < count; i++) {
		const struct connectivity_result *r = &results[i];
		json_t *steps = step_object(r);

		if (!*proxy)
			json_object_del(steps, connectivity_step_name(CONNECTIVITY_PROXY));
		json_array_append_new(list, json_pack("{s:s,s:s,s:b,s:i,s:o,s:s*,s:s*}", "url", r->url,
						      "purpose", r->purpose, "reachable", r->good,
						      "milliseconds", r->milliseconds, "steps", steps,
						      "reason", r->good ? NULL : r->reason, "advice",
						      r->good ? NULL : r->advice));
	}
	all = json_pack("{s:b,s:s,s:o}", "reachable", good, "proxy", proxy, "addresses", list);
	json_dumpf(all, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(all);
}

/* The token's server before onboarding, or when another control plane is to be tried. */
static int target(const struct vakt_arguments *a, struct identity *id, struct token_file *token,
		  struct connectivity_options *o, struct err *err)
{
	int r;

	if (a->token) {
		r = token_file_read(a->token, token, err);
		o->server = a->server ? a->server : token->server;
		o->ca_sha256 = token->ca_sha256;
		return r;
	}
	r = identity_load(a->state_dir, id, err);
	if (r == -ENOENT)
		return err_setf(err, r, "this device is not onboarded; with --token FILE the control "
				"plane of a token is tried");
	if (r == 0)
		o->id = id;
	return r;
}

int vakt_connectivity(const struct vakt_arguments *a, struct err *err)
{
	_cleanup_(config_set_freep) struct config_set *config = NULL;
	struct connectivity_result results[CONNECTIVITY_ADDRESSES_MAX];
	struct connectivity_options o = { .timeout_ms = PATIENCE_MS };
	struct identity id = { 0 };
	struct token_file token;
	bool good = true;
	int r = vakt_open_config(a, &config, err);

	if (r == 0)
		r = target(a, &id, &token, &o, err);
	if (r < 0)
		return r;
	o.proxy = config_set_values(config)->proxy;
	r = connectivity_test(&o, results, err);
	identity_done(&id);
	if (r < 0)
		return r;
	for (int i = 0; i < r; i++)
		good &= results[i].good;
	if (a->json)
		print_json(results, r, good, o.proxy);
	for (int i = 0; i < r && !a->json; i++)
		print_text(&results[i]);
	return good ? VAKT_DONE : VAKT_FAILED;
}
