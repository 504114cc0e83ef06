/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/logs/audit_record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "base/utf8.h"
#include "sensor/logs/syscalls.h"

#define VALUE_MAX 8192u /* bytes of one decoded value; the kernel's records have at most 8970 */
#define ENRICHED '\x1d' /* between what the kernel wrote and what auditd looked up */

/* What the kernel or a program writes in digits where it holds a blank, a quote or worse. */
static const char *const encoded_names[] = { "name", "exe",  "comm", "cwd",  "proctitle", "data",
					     "cmd",  "acct", "path", "key",  "dir",	  "file",
					     "id",   "grp",  "new-chardev" };
/* Of the SYSCALL record, for its companions. */
static const char *const shared_names[] = { "pid", "ppid", "auid", "uid", "euid", "gid", "ses",
					    "tty", "exe",  "comm", "key" };

static bool is(struct log_text t, const char *word)
{
	return t.len == strlen(word) && !memcmp(t.s, word, t.len);
}

static bool is_digits(struct log_text t)
{
	for (size_t i = 0; i < t.len; i++)
		if (!strchr("0123456789ABCDEF", t.s[i]) || !t.s[i])
			return false;
	return t.len >= 2 && t.len % 2 == 0;
}

/* "a0", and "a0[1]" of an argument in pieces. */
static bool is_argument(struct log_text name)
{
	return name.len >= 2 && name.s[0] == 'a' && name.s[1] >= '0' && name.s[1] <= '9' &&
	       !memchr(name.s, '_', name.len);
}

static bool may_be_encoded(const struct audit_record *r, struct log_text name)
{
	if (is_argument(name))
		return is(r->type, "EXECVE");
	for (size_t i = 0; i < ARRAY_SIZE(encoded_names); i++)
		if (is(name, encoded_names[i]))
			return true;
	return false;
}

static void add_field(struct audit_record *r, struct log_text name, struct log_text value, bool quoted)
{
	/* What was not there: not the text of it. */
	if (!name.len || r->field_count == AUDIT_FIELDS_MAX || is(value, "(null)") ||
	    (is(value, "?") && !quoted))
		return;
	r->fields[r->field_count++] = (struct audit_field_text){
		name, value, !quoted && is_digits(value) && may_be_encoded(r, name)
	};
}

/* NAME=VALUE, "VALUE" or, of what programs sent, a list of such in '...'. */
static void read_fields(struct audit_record *r, const char *s, size_t len, bool inner)
{
	size_t at = 0;

	while (at < len) {
		size_t begin, end;
		struct log_text name, value;
		char quote;

		while (at < len && (s[at] == ' ' || s[at] == ',' || s[at] == ENRICHED))
			at++;
		begin = at;
		while (at < len && s[at] != '=' && s[at] != ' ' && s[at] != ENRICHED)
			at++;
		name = (struct log_text){ s + begin, at - begin };
		if (at >= len || s[at] != '=')
			continue; /* a word */
		begin = ++at;
		quote = at < len && (s[at] == '"' || (s[at] == '\'' && !inner)) ? s[at] : 0;
		if (quote)
			begin = ++at;
		while (at < len && (quote ? s[at] != quote : s[at] != ' ' && s[at] != ENRICHED))
			at++;
		end = at;
		at += quote && at < len;
		value = (struct log_text){ s + begin, end - begin };
		if (quote == '\'')
			read_fields(r, value.s, value.len, true);
		else
			add_field(r, name, value, quote);
	}
}

static bool skip_text(const char **s, const char *end, const char *text)
{
	size_t len = strlen(text);

	if ((size_t)(end - *s) < len || memcmp(*s, text, len))
		return false;
	*s += len;
	return true;
}

/* Digits up to a character that is skipped; at most 18. */
static bool read_number(const char **s, const char *end, char stop, int64_t *ret_number)
{
	const char *from = *s;
	int64_t number = 0;

	while (*s < end && **s >= '0' && **s <= '9' && *s - from < 18)
		number = number * 10 + (*(*s)++ - '0');
	if (*s == from || *s >= end || **s != stop)
		return false;
	++*s;
	*ret_number = number;
	return true;
}

int audit_record_parse(const char *line, size_t len, struct audit_record *r)
{
	const char *s = line, *end = line + len, *blank;
	int64_t seconds, milliseconds;

	if (skip_text(&s, end, "node=")) {
		blank = memchr(s, ' ', (size_t)(end - s));
		if (!blank)
			return -EBADMSG;
		s = blank + 1;
	}
	if (!skip_text(&s, end, "type="))
		return -EBADMSG;
	blank = memchr(s, ' ', (size_t)(end - s));
	if (!blank || blank == s)
		return -EBADMSG;
	r->type = (struct log_text){ s, (size_t)(blank - s) };
	s = blank + 1;
	if (!skip_text(&s, end, "msg=audit(") || !read_number(&s, end, '.', &seconds) ||
	    !read_number(&s, end, ':', &milliseconds) || !read_number(&s, end, ')', &r->serial) ||
	    seconds > INT64_C(9000000000) || milliseconds > 999)
		return -EBADMSG;
	r->time_ns = seconds * 1000000000 + milliseconds * 1000000;
	r->field_count = 0;
	skip_text(&s, end, ":");
	read_fields(r, s, (size_t)(end - s), false);
	return 0;
}

const struct audit_field_text *audit_record_field(const struct audit_record *r, const char *name)
{
	for (unsigned int i = 0; i < r->field_count; i++)
		if (is(r->fields[i].name, name))
			return &r->fields[i];
	return NULL;
}

static bool read_value(const struct audit_record *r, const char *name, int base, unsigned long *ret)
{
	const struct audit_field_text *f = audit_record_field(r, name);
	char digits[24], *end;

	if (!f || !f->value.len || f->value.len >= sizeof(digits))
		return false;
	memcpy(digits, f->value.s, f->value.len);
	digits[f->value.len] = '\0';
	*ret = strtoul(digits, &end, base);
	return !*end;
}

const char *audit_syscall_name(const struct audit_record *r)
{
	unsigned long arch, number;

	if (!read_value(r, "arch", 16, &arch) || !read_value(r, "syscall", 10, &number))
		return NULL;
	return syscall_name((uint32_t)arch, (unsigned int)MIN(number, 65535ul));
}

/* ---- printing ---- */

static unsigned int nibble(char c)
{
	return (unsigned int)(c <= '9' ? c - '0' : c - 'A' + 10);
}

/* Several texts in one field, as of a command line, are told apart by NUL: a blank here. */
static size_t decode(char *to, struct log_text from)
{
	size_t n = MIN(from.len / 2, (size_t)VALUE_MAX);

	for (size_t i = 0; i < n; i++) {
		to[i] = (char)(nibble(from.s[2 * i]) << 4 | nibble(from.s[2 * i + 1]));
		if (!to[i])
			to[i] = ' ';
	}
	return n;
}

static size_t value_text(const struct audit_field_text *f, char *to)
{
	size_t n = MIN(f->value.len, (size_t)VALUE_MAX);

	if (f->encoded)
		return decode(to, f->value);
	memcpy(to, f->value.s, n);
	return n;
}

struct printer {
	struct buf *out;
	bool any;
	char bytes[VALUE_MAX], text[4 * VALUE_MAX];
};

static void print_name(struct printer *p, struct log_text name)
{
	const char *piece = memchr(name.s, '[', name.len);

	buf_append_str(p->out, p->any ? "," : "");
	buf_append_json(p->out, name.s, piece ? (size_t)(piece - name.s) : name.len);
	buf_append_byte(p->out, ':');
	p->any = true;
}

static void print_field(struct printer *p, const struct audit_field_text *f)
{
	size_t n = value_text(f, p->bytes);

	print_name(p, f->name);
	buf_append_json(p->out, p->text, utf8_escape(p->text, p->bytes, n));
}

/* The pieces of a long argument, "a1[0]" and on, are one text: the value is what stands together. */
static unsigned int print_pieces(struct printer *p, const struct audit_record *r, unsigned int i)
{
	const struct audit_field_text *f = &r->fields[i];
	size_t stem = (size_t)((const char *)memchr(f->name.s, '[', f->name.len) - f->name.s) + 1;
	struct audit_field_text piece;
	size_t n = 0;

	for (; i < r->field_count; i++) {
		piece = r->fields[i];
		if (piece.name.len <= stem || memcmp(piece.name.s, f->name.s, stem) != 0)
			break;
		piece.value.len = MIN(piece.value.len, (VALUE_MAX - n) * (piece.encoded ? 2 : 1));
		n += value_text(&piece, p->bytes + n);
	}
	print_name(p, f->name);
	buf_append_json(p->out, p->text, utf8_escape(p->text, p->bytes, n));
	return i;
}

static void print_shared(struct printer *p, const struct audit_record *r,
			 const struct audit_record *shared)
{
	for (size_t i = 0; i < ARRAY_SIZE(shared_names); i++) {
		const struct audit_field_text *f = audit_record_field(shared, shared_names[i]);

		if (f && !audit_record_field(r, shared_names[i]))
			print_field(p, f);
	}
}

int audit_record_print(const struct audit_record *r, const struct audit_record *shared,
		       struct buf *out)
{
	_cleanup_free_ struct printer *p = malloc(sizeof(*p));
	const char *name = audit_syscall_name(r);

	if (!p)
		return -ENOMEM;
	p->out = out;
	p->any = false;
	buf_append_byte(out, '{');
	for (unsigned int i = 0; i < r->field_count;) {
		if (is_argument(r->fields[i].name) &&
		    memchr(r->fields[i].name.s, '[', r->fields[i].name.len)) {
			i = print_pieces(p, r, i);
			continue;
		}
		print_field(p, &r->fields[i++]);
	}
	if (name && !audit_record_field(r, "SYSCALL"))
		print_field(p, &(struct audit_field_text){ { "SYSCALL", 7 }, { name, strlen(name) }, false });
	if (shared && shared != r)
		print_shared(p, r, shared);
	buf_append_byte(out, '}');
	return buf_error(out);
}
