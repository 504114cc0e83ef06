/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process_tree.c - the processes around one of them, or around an alert
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cloud/api/handlers.h"
#include "cloud/api/process_nodes.h"

struct tree {
	const struct api *api;
	struct event_device device;
	json_t *nodes;
	struct err err;
};

static const json_t *find(const struct tree *t, const char *id)
{
	json_t *node;
	size_t i;

	json_array_foreach(t->nodes, i,
			   node) if (strcmp(json_string_value(json_object_get(node, "uniqueId")),
					    id) == 0) return node;
	return NULL;
}

static int add_one(struct tree *t, const char *id)
{
	if (find(t, id))
		return 0;
	return process_nodes_load(t->api, &t->device, &id, 1, t->nodes, &t->err);
}

/* The process and all above it. */
static int add_line(struct tree *t, const char *id)
{
	for (unsigned int depth = 0; id && *id && depth < PROCESS_DEPTH_MAX; depth++) {
		const json_t *node = find(t, id);
		int r = add_one(t, id);

		if (r < 0)
			return r;
		/* What was there before has its ancestors. */
		if (node && depth > 0)
			return 0;
		node = find(t, id);
		id = json_string_value(json_object_get(node, "parentUniqueId"));
	}
	return 0;
}

static int add_children(struct tree *t, const char *id, const char *cursor, char ret_cursor[64])
{
	_cleanup_(json_decrefp) json_t *ids = json_array();
	const char *wanted[PROCESS_CHILDREN_MAX];
	size_t count = 0, i;
	json_t *child;
	int r = process_children(t->api, &t->device, id, cursor, ids, ret_cursor, &t->err);

	if (r < 0)
		return r;
	json_array_foreach(ids, i, child) if (!find(t, json_string_value(child))) wanted[count++] =
	    json_string_value(child);
	return process_nodes_load(t->api, &t->device, wanted, count, t->nodes, &t->err);
}

static void tree_done(struct tree *t)
{
	json_decref(t->nodes);
}

/* Ids are hexadecimal; anything else is none of ours. */
static int read_id(const struct http_request *req, struct http_response *res, const char **ret_id)
{
	const char *id = http_request_param(req, "uniqueId");

	if (strlen(id) != EVENT_UNIQUE_ID_SIZE - 1 || strspn(id, "0123456789abcdef") != strlen(id))
		return api_errorf(req, res, 404, "ResourceNotFound", "There is no process %.64s.",
				  id)
			   ?: 1;
	*ret_id = id;
	return 0;
}

static int send_tree(const struct http_request *req, struct http_response *res, struct tree *t,
		     const char *focus)
{
	int r = process_nodes_finish(t->api, &t->device, t->nodes, &t->err);

	if (r < 0)
		return event_failed(req, res, r, &t->err);
	return api_send(res, 200, json_pack("{s:s,s:O}", "focus", focus, "nodes", t->nodes));
}

int api_process_tree(struct http_request *req, struct http_response *res, void *arg)
{
	_cleanup_(tree_done) struct tree t = { .api = arg, .nodes = json_array() };
	char cursor[64];
	const char *id;
	int r = event_device_find(arg, req, res, &t.device);

	if (r == 0)
		r = read_id(req, res, &id);
	if (r != 0)
		return MIN(r, 0);
	r = add_line(&t, id);
	if (r == 0 && !find(&t, id))
		return api_errorf(req, res, 404, "ResourceNotFound", "There is no process %s.", id);
	if (r == 0)
		r = add_children(&t, id, "", cursor);
	return r < 0 ? event_failed(req, res, r, &t.err) : send_tree(req, res, &t, id);
}

int api_process_children(struct http_request *req, struct http_response *res, void *arg)
{
	_cleanup_(tree_done) struct tree t = { .api = arg, .nodes = json_array() };
	const char *from = http_request_query(req, "cursor");
	char cursor[64];
	const char *id;
	int r = event_device_find(arg, req, res, &t.device);

	if (r == 0)
		r = read_id(req, res, &id);
	if (r != 0)
		return MIN(r, 0);
	r = add_children(&t, id, from ?: "", cursor);
	if (r == -EINVAL)
		return api_errorf(req, res, 400, "BadRequest", "%s", err_msg(&t.err, r));
	if (r == 0)
		r = process_nodes_finish(arg, &t.device, t.nodes, &t.err);
	if (r < 0)
		return event_failed(req, res, r, &t.err);
	return api_send(
	    res, 200,
	    json_pack("{s:O,s:s?}", "nodes", t.nodes, "nextCursor", *cursor ? cursor : NULL));
}

/* The alert {id} of the path: its device and the processes of its story, the focus first. */
static int find_alert(const struct api *a, const struct http_request *req,
		      struct event_device *device, json_t *processes)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	const char *tenant = api_identity(req)->tenant_id;
	int r = state_query(state_get(a->state), &st, NULL,
			    "SELECT a.device_id, a.process_unique_id,"
			    " json_extract(s.value, '$.process.uniqueId') FROM alert a LEFT JOIN"
			    " json_each(a.story, '$.steps') s WHERE a.tenant_id = ? AND a.id = ?",
			    "ss", tenant, http_request_param(req, "id"));

	while (r >= 0 && (r = state_step(st, NULL)) > 0) {
		snprintf(device->tenant_id, sizeof(device->tenant_id), "%s", tenant);
		snprintf(device->id, sizeof(device->id), "%s", state_text(st, 0));
		if (json_array_size(processes) == 0)
			json_array_append_new(processes, json_string(state_text(st, 1)));
		if (!state_is_null(st, 2) && json_array_size(processes) < PROCESS_NODES_MAX / 2)
			json_array_append_new(processes, json_string(state_text(st, 2)));
	}
	return r < 0 ? r : json_array_size(processes) > 0;
}

static int no_alert(const struct http_request *req, struct http_response *res)
{
	return api_errorf(req, res, 404, "ResourceNotFound", "There is no alert %s.",
			  http_request_param(req, "id"));
}

/* All that the story names at once, then what lies between them and above. */
static int add_story(struct tree *t, const json_t *processes)
{
	const char *wanted[PROCESS_NODES_MAX];
	size_t count = 0, i;
	json_t *process;
	int r;

	json_array_foreach(processes, i, process)
	{
		const char *id = json_string_value(process);
		size_t k = 0;

		while (k < count && strcmp(wanted[k], id) != 0)
			k++;
		if (k == count && *id && strspn(id, "0123456789abcdef") == strlen(id))
			wanted[count++] = id;
	}
	r = process_nodes_load(t->api, &t->device, wanted, count, t->nodes, &t->err);
	for (i = 0; i < count && r == 0; i++)
		r = add_line(t, wanted[i]);
	return r;
}

int api_alert_tree(struct http_request *req, struct http_response *res, void *arg)
{
	_cleanup_(tree_done) struct tree t = { .api = arg, .nodes = json_array() };
	_cleanup_(json_decrefp) json_t *processes = json_array();
	const char *focus;
	char cursor[64];
	int r = find_alert(arg, req, &t.device, processes);

	if (r <= 0)
		return r < 0 ? r : no_alert(req, res);
	focus = json_string_value(json_array_get(processes, 0));
	r = add_story(&t, processes);
	if (r == 0 && find(&t, focus))
		r = add_children(&t, focus, "", cursor);
	return r < 0 ? event_failed(req, res, r, &t.err) : send_tree(req, res, &t, focus);
}
