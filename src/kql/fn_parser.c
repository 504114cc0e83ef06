/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fn_parser.c - texts with a structure of their own: paths, addresses, versions, command lines
 */
#include "kql/func.h"
#include "kql/sql.h"

/* clang-format off */
static const struct func items[] = {
	{ "parse_path(path: string) dynamic?", "kql_parse_path($1)", "Scheme, root, directory, file name, extension of a path." },
	{ "parse_url(url: string) dynamic?", "kql_parse_url($1)", "Parts of an address." },
	{ "parseurl(url: string) dynamic?", "kql_parse_url($1)", "parse_url.", FUNC_LEGACY },
	{ "parse_urlquery(query: string) dynamic?", "concat('{\"Query Parameters\":', kql_query_bag($1), '}')", "Parameters of an address." },
	{ "parseurlquery(query: string) dynamic?", "concat('{\"Query Parameters\":', kql_query_bag($1), '}')", "parse_urlquery.", FUNC_LEGACY },
	{ "parse_version(version: string) decimal?", "kql_parse_version($1)", "A number that orders versions." },
	{ "parse_command_line(line: string, kind: string!) dynamic?", "kql_command_line($1)", "Arguments of a command line." },
	{ "parse_csv(text: string) dynamic", "kql_csv($1)", "Values of a line of CSV.", FUNC_NAME_ARG },
};
/* clang-format on */
const struct func_family fn_parsers = { "Structured text", items, ARRAY_SIZE(items) };
