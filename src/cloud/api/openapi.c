/* SPDX-License-Identifier: Apache-2.0 */
/*
 * openapi.c - the API's own description (OpenAPI 3.0), from the tables that the API runs by
 *
 * Routes, entities' properties and bodies' fields are described as they are used; only answers that
 * have no table are written down, in answers.toml. x-roles and x-permissions are the row of
 * the access table.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cloud/api/handlers.h"

struct api_schema {
	const char *name, *json;
};

#include "answers.gen.h"

static const struct odata_entity *const entities[] = {
	&api_machine,  &api_machine_health,  &api_alert,
	&api_incident, &api_enrolment_token, &api_client,
	&api_user,     &api_hunting_query,   &api_hunting_past_run,
	&api_detection_rule, &api_rule_exception,
};

static json_t *reference(const char *schema)
{
	return json_pack("{s:o}", "$ref", json_sprintf("#/components/schemas/%s", schema));
}

static json_t *text_list(const char *const *values)
{
	json_t *list = json_array();

	for (; values && *values; values++)
		json_array_append_new(list, json_string(*values));
	return list;
}

/* "A B" as ["A", "B"]. */
static json_t *split(const char *words)
{
	json_t *list = json_array();

	while (*words) {
		size_t n = strcspn(words, " ");

		json_array_append_new(list, json_stringn(words, n));
		words += n + strspn(words + n, " ");
	}
	return list;
}

static json_t *typed(const char *type)
{
	return json_pack("{s:s}", "type", type);
}

static json_t *property_schema(const struct odata_property *p)
{
	json_t *schema;

	switch (p->type) {
	case ODATA_NUMBER:
		schema = typed("integer");
		break;
	case ODATA_BOOL:
		schema = typed("boolean");
		break;
	case ODATA_TIME:
		schema = json_pack("{s:s,s:s}", "type", "string", "format", "date-time");
		break;
	case ODATA_TEXTS:
		schema = json_pack("{s:s,s:{s:s}}", "type", "array", "items", "type", "string");
		break;
	case ODATA_JSON:
		schema = json_loads(p->schema, 0, NULL);
		break;
	case ODATA_NESTED:
		schema =
		    json_pack("{s:s,s:o}", "type", "array", "items", reference(p->nested->name));
		break;
	default:
		schema = typed("string");
	}
	if (p->values)
		json_object_set_new(schema, "enum", text_list(p->values));
	if (p->flags & ODATA_NULLABLE) {
		json_object_set_new(schema, "nullable", json_true());
		if (p->values)
			json_array_append_new(json_object_get(schema, "enum"), json_null());
	}
	if (p->doc)
		json_object_set_new(schema, "description", json_string(p->doc));
	if (p->flags & ODATA_EXTENSION)
		json_object_set_new(schema, "x-vakt", json_true());
	return schema;
}

static json_t *entity_schema(const struct odata_entity *e)
{
	json_t *properties = json_object();

	for (size_t i = 0; i < e->property_count; i++)
		json_object_set_new(properties, e->properties[i].name,
				    property_schema(&e->properties[i]));
	return json_pack("{s:s,s:o,s:b}", "type", "object", "properties", properties,
			 "additionalProperties", 0);
}

static json_t *list_schema(const struct odata_entity *e)
{
	return json_pack("{s:s,s:[ss],s:b,s:{s:o,s:o,s:o,s:{s:s,s:o}}}", "type", "object",
			 "required", "@odata.context", "value", "additionalProperties", 0,
			 "properties", "@odata.context", typed("string"), "@odata.count",
			 typed("integer"), "@odata.nextLink", typed("string"), "value", "type",
			 "array", "items", reference(e->name));
}

static json_t *all_schemas(void)
{
	json_t *schemas = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(entities); i++) {
		char name[64];

		snprintf(name, sizeof(name), "%sList", entities[i]->name);
		json_object_set_new(schemas, entities[i]->name, entity_schema(entities[i]));
		json_object_set_new(schemas, name, list_schema(entities[i]));
	}
	for (const struct api_schema *s = api_schemas; s->name; s++)
		json_object_set_new(schemas, s->name, json_loads(s->json, 0, NULL));
	return schemas;
}

static json_t *fields_schema(const struct body_field *fields);

static json_t *field_type(const struct body_field *f)
{
	switch (f->type) {
	case BODY_NUMBER:
		return json_pack("{s:s,s:I,s:I}", "type", "integer", "minimum", (json_int_t)f->min,
				 "maximum", (json_int_t)f->max);
	case BODY_BOOL:
		return typed("boolean");
	case BODY_TEXTS:
		return json_pack("{s:s,s:{s:s,s:i},s:I,s:I}", "type", "array", "items", "type",
				 "string", "maxLength", BODY_LIST_TEXT_MAX, "minItems",
				 (json_int_t)f->min, "maxItems", (json_int_t)f->max);
	case BODY_OBJECT:
		return fields_schema(f->fields);
	case BODY_OBJECTS:
		return json_pack("{s:s,s:o,s:I,s:I}", "type", "array", "items",
				 fields_schema(f->fields), "minItems", (json_int_t)f->min,
				 "maxItems", (json_int_t)f->max);
	case BODY_ANY:
		return json_object();
	default:
		return json_pack("{s:s,s:I,s:I}", "type", "string", "minLength", (json_int_t)f->min,
				 "maxLength", (json_int_t)f->max);
	}
}

static json_t *field_schema(const struct body_field *f)
{
	json_t *schema = field_type(f);

	if (f->values)
		json_object_set_new(f->type == BODY_TEXTS ? json_object_get(schema, "items")
							  : schema,
				    "enum", text_list(f->values));
	if (f->nullable)
		json_object_set_new(schema, "nullable", json_true());
	if (f->doc)
		json_object_set_new(schema, "description", json_string(f->doc));
	return schema;
}

static json_t *fields_schema(const struct body_field *fields)
{
	json_t *properties = json_object(), *required = json_array();

	for (const struct body_field *f = fields; f->name; f++) {
		json_object_set_new(properties, f->name, field_schema(f));
		if (f->required)
			json_array_append_new(required, json_string(f->name));
	}
	return json_pack("{s:s,s:b,s:o,s:o*}", "type", "object", "additionalProperties", 0,
			 "properties", properties, "required",
			 json_array_size(required) ? required : (json_decref(required), NULL));
}

static json_t *request_body(const struct body_field *fields)
{
	return json_pack("{s:b,s:{s:{s:o}}}", "required", 1, "content", "application/json",
			 "schema", fields_schema(fields));
}

static void add_parameter(json_t *list, const char *in, const char *name, size_t len)
{
	json_array_append_new(list, json_pack("{s:s#,s:s,s:b,s:{s:s}}", "name", name, (int)len,
					      "in", in, "required", !strcmp(in, "path"), "schema",
					      "type", "string"));
}

static json_t *parameters(const struct api_route *route)
{
	const char *query = route->query ?: "";
	json_t *list = json_array();

	for (const char *open = strchr(route->path, '{'); open; open = strchr(open + 1, '{'))
		add_parameter(list, "path", open + 1, strcspn(open + 1, "}"));
	if (strcmp(query, "odata") == 0)
		query = "$filter $orderby $select $expand $top $skip $count";
	while (*query) {
		size_t n = strcspn(query, " ");

		add_parameter(list, "query", query, n);
		query += n + strspn(query + n, " ");
	}
	return list;
}

static json_t *content(const char *description, const char *schema)
{
	return json_pack("{s:s,s:{s:{s:o}}}", "description", description, "content",
			 "application/json", "schema", reference(schema));
}

static json_t *responses(const struct api_route *route)
{
	bool oauth = route->response && !strcmp(route->response, "AccessToken");
	int status = route->status ? route->status : route->response ? 200 : 204;
	json_t *all = json_object();
	char code[8];

	snprintf(code, sizeof(code), "%d", status);
	if (route->response && strcmp(route->response, "Empty") != 0)
		json_object_set_new(all, code, content("Done.", route->response));
	else
		json_object_set_new(all, code, json_pack("{s:s}", "description", "Done."));
	json_object_set_new(all, "default", content("Why not.", oauth ? "TokenError" : "Error"));
	return all;
}

static json_t *operation(const struct api_route *route)
{
	json_t *roles = json_array(), *o;

	for (unsigned int i = 0; access_role_names[i]; i++)
		if (access_permission_roles(route->permission) >> i & 1)
			json_array_append_new(roles, json_string(access_role_names[i]));
	o = json_pack("{s:s,s:s,s:s,s:o,s:o,s:o,s:o,s:b}", "operationId", route->operation,
		      "summary", route->doc, "description", route->doc, "parameters",
		      parameters(route), "responses", responses(route), "x-roles", roles,
		      "x-permissions", split(access_permission_apps(route->permission)),
		      "x-anonymous", route->permission == ACCESS_PERMISSION_ANONYMOUS);
	if (route->request)
		json_object_set_new(o, "requestBody", request_body(route->request));
	return o;
}

static const char *method_name(enum http_method method)
{
	switch (method) {
	case HTTP_POST:
		return "post";
	case HTTP_PUT:
		return "put";
	case HTTP_PATCH:
		return "patch";
	case HTTP_DELETE:
		return "delete";
	default:
		return "get";
	}
}

char *api_describe(void)
{
	_cleanup_(json_decrefp) json_t *root = NULL;
	json_t *paths = json_object();

	for (const struct api_route *r = api_route_table; r->path; r++) {
		json_t *path = json_object_get(paths, r->path);

		if (!path) {
			path = json_object();
			json_object_set_new(paths, r->path, path);
		}
		json_object_set_new(path, method_name(r->method), operation(r));
	}
	root = json_pack(
	    "{s:s,s:{s:s,s:s,s:s},s:o,s:{s:o,s:{s:{s:s,s:s,s:s},s:{s:s,s:s}}}}", "openapi", "3.0.3",
	    "info", "title", "Vakt", "version", "1.0", "description",
	    "What begins with /api/ is served below /api/v1.0/ as well.", "paths", paths,
	    "components", "schemas", all_schemas(), "securitySchemes", "session", "type", "apiKey",
	    "in", "cookie", "name", "vakt_session", "token", "type", "http", "scheme", "bearer");
	return root ? json_dumps(root, JSON_COMPACT) : NULL;
}

int api_openapi(struct http_request *req, struct http_response *res, void *arg)
{
	const struct api *a = arg;

	(void)req;
	return http_response_json(res, 200, a->description, strlen(a->description));
}
