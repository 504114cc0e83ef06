/* SPDX-License-Identifier: Apache-2.0 */
#include "kql/ast.h"

static const char *const kinds[] = {
#define X(kind, name) name,
	AST_KINDS(X)
#undef X
};

#define DUMP_DEPTH_MAX (KQL_DEPTH_MAX * 4)

bool ast_is(const struct ast *a, enum ast_kind kind, const char *text)
{
	return a && a->kind == kind && a->text && text && !strcmp(a->text, text);
}

const struct ast *ast_option(const struct ast *op, const char *name)
{
	for (unsigned int i = 0; op->opts && i < op->opts->count; i++)
		if (!strcmp(op->opts->kids[i]->text, name))
			return op->opts->kids[i]->kids[0];
	return NULL;
}

static void dump(const struct ast *a, unsigned int depth, struct buf *out)
{
	for (unsigned int i = 0; i < depth; i++)
		buf_append_str(out, "  ");
	if (!a) {
		buf_append_str(out, "-\n");
		return;
	}
	buf_append_str(out, kinds[a->kind]);
	if (a->type)
		buf_printf(out, " :%s", kql_type_name(a->type));
	if (a->text) {
		buf_append_byte(out, ' ');
		buf_append_json(out, a->text, a->text_len);
	} else if (a->kind == AST_LITERAL) {
		buf_append_str(out, " null");
	}
	if (a->flags & (AST_NULLS_FIRST | AST_NULLS_LAST))
		buf_append_str(out, a->flags & AST_NULLS_FIRST ? " nulls first" : " nulls last");
	buf_append_byte(out, '\n');
	if (depth > DUMP_DEPTH_MAX)
		return;
	for (unsigned int i = 0; a->opts && i < a->opts->count; i++)
		dump(a->opts->kids[i], depth + 2, out);
	for (unsigned int i = 0; i < a->count; i++)
		dump(a->kids[i], depth + 1, out);
}

void ast_dump(const struct ast *a, struct buf *out)
{
	dump(a, 0, out);
}
