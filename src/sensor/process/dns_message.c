/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/process/dns_message.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/macro.h"

#define HEADER 12
#define LABELS_MAX 128 /* of one name, pointers included */
#define FLAG_RESPONSE 0x8000
#define OPCODE_MASK 0x7800
#define RCODE_MASK 15

enum { TYPE_A = 1, TYPE_NS = 2, TYPE_CNAME = 5, TYPE_PTR = 12, TYPE_MX = 15, TYPE_TXT = 16, TYPE_AAAA = 28 };

struct reader {
	const uint8_t *data;
	size_t len, at;
};

/* A number that the table of the registry has a name for. */
struct named {
	uint16_t number;
	const char *name;
};

static const struct named types[] = {
	{ TYPE_A, "A" }, { TYPE_NS, "NS" }, { TYPE_CNAME, "CNAME" }, { 6, "SOA" },
	{ TYPE_PTR, "PTR" }, { 13, "HINFO" }, { TYPE_MX, "MX" }, { TYPE_TXT, "TXT" },
	{ TYPE_AAAA, "AAAA" }, { 33, "SRV" }, { 35, "NAPTR" }, { 39, "DNAME" }, { 43, "DS" },
	{ 44, "SSHFP" }, { 46, "RRSIG" }, { 47, "NSEC" }, { 48, "DNSKEY" }, { 50, "NSEC3" },
	{ 52, "TLSA" }, { 64, "SVCB" }, { 65, "HTTPS" }, { 10, "NULL" }, { 99, "SPF" },
	{ 252, "AXFR" }, { 251, "IXFR" }, { 255, "ANY" }, { 257, "CAA" },
};

static const struct named codes[] = {
	{ 0, "NOERROR" }, { 1, "FORMERR" }, { 2, "SERVFAIL" }, { 3, "NXDOMAIN" },
	{ 4, "NOTIMP" }, { 5, "REFUSED" }, { 6, "YXDOMAIN" }, { 7, "YXRRSET" },
	{ 8, "NXRRSET" }, { 9, "NOTAUTH" }, { 10, "NOTZONE" },
};

static const char *name_of(const struct named *list, size_t count, uint16_t number)
{
	for (size_t i = 0; i < count; i++) {
		if (list[i].number == number)
			return list[i].name;
	}
	return NULL;
}

const char *dns_type_name(uint16_t type)
{
	return name_of(types, ARRAY_SIZE(types), type);
}

const char *dns_code_name(uint8_t code)
{
	return name_of(codes, ARRAY_SIZE(codes), code);
}

static bool read_u16(struct reader *r, uint16_t *ret)
{
	if (r->len - r->at < 2)
		return false;
	*ret = (uint16_t)(r->data[r->at] << 8 | r->data[r->at + 1]);
	r->at += 2;
	return true;
}

/* Adds a label to text; letters as they are, what would confuse a reader as \ddd (RFC 4343). */
static bool add_label(const uint8_t *label, size_t len, char *text, size_t *used)
{
	for (size_t i = 0; i <= len; i++) {
		uint8_t c = i < len ? label[i] : '.';
		bool plain = i == len || (c > ' ' && c < 0x7f && c != '.' && c != '\\' && c != '"' && c != ';');

		if (*used + 5 > DNS_NAME_MAX)
			return false;
		if (plain)
			text[(*used)++] = (char)c;
		else
			*used += (size_t)sprintf(text + *used, "\\%03u", c);
	}
	return true;
}

/* A name at r->at, which goes behind it. Pointers lead before where they stand, so there is an end. */
static bool read_name(struct reader *r, char text[DNS_NAME_MAX])
{
	size_t at = r->at, after = 0, used = 0, before = r->at;

	for (unsigned int i = 0; i < LABELS_MAX && at < r->len; i++) {
		uint8_t len = r->data[at];

		if (len == 0) {
			r->at = after ?: at + 1;
			if (used)
				used--; /* the last dot */
			else
				text[used++] = '.';
			text[used] = '\0';
			return true;
		}
		if ((len & 0xc0) == 0xc0) {
			size_t to;

			if (at + 1 >= r->len)
				return false;
			to = (size_t)(len & 0x3f) << 8 | r->data[at + 1];
			if (to >= before)
				return false;
			after = after ?: at + 2;
			at = before = to;
			continue;
		}
		if (len > 63 || r->len - at <= len || !add_label(r->data + at + 1, len, text, &used))
			return false;
		at += len + 1u;
	}
	return false;
}

__attribute__((format(printf, 3, 4))) static bool add(struct dns_message *m, size_t *used,
							      const char *fmt, ...)
{
	size_t room = sizeof(m->result) - *used;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(m->result + *used, room, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= room) {
		m->result[*used] = '\0'; /* whole or not at all */
		return false;
	}
	*used += (size_t)n;
	return true;
}

/* The first string of a TXT record; the others are more of the same. */
static bool add_text(struct dns_message *m, size_t *used, const char *lead, const uint8_t *data,
		     size_t len)
{
	char text[DNS_NAME_MAX];
	size_t n = 0, size = len ? MIN((size_t)data[0], len - 1) : 0;

	/* As a label, whose last dot is taken off. */
	if (size > 200 || !add_label(data + 1, size, text, &n))
		size = n = 0;
	return add(m, used, "%sTXT %.*s", lead, n ? (int)n - 1 : 0, text);
}

static bool add_record(struct dns_message *m, size_t *used, struct reader *r, uint16_t type,
		       uint16_t len)
{
	const char *lead = *used ? "; " : "", *name = dns_type_name(type);
	const uint8_t *data = r->data + r->at;
	char text[DNS_NAME_MAX];
	struct reader inner = { r->data, r->at + len, r->at };
	uint16_t preference;

	switch (type) {
	case TYPE_A:
	case TYPE_AAAA:
		if (len != (type == TYPE_A ? 4 : 16))
			return false;
		inet_ntop(type == TYPE_A ? AF_INET : AF_INET6, data, text, sizeof(text));
		return add(m, used, "%s%s %s", lead, name, text);
	case TYPE_MX:
		if (!read_u16(&inner, &preference))
			return false;
		/* fall through */
	case TYPE_NS:
	case TYPE_CNAME:
	case TYPE_PTR:
		return read_name(&inner, text) && add(m, used, "%s%s %s", lead, name, text);
	case TYPE_TXT:
		return add_text(m, used, lead, data, len);
	default:
		return name ? add(m, used, "%s%s", lead, name) :
			      add(m, used, "%sTYPE%u", lead, type);
	}
}

/* Owner, type, class, time to live, length, data. */
static void read_answers(struct reader *r, unsigned int count, struct dns_message *m)
{
	char owner[DNS_NAME_MAX];
	size_t used = 0;

	for (unsigned int i = 0; i < count && i < DNS_ANSWERS_MAX; i++) {
		uint16_t type, len;

		if (!read_name(r, owner) || r->len - r->at < 10)
			return;
		type = (uint16_t)(r->data[r->at] << 8 | r->data[r->at + 1]);
		r->at += 8;
		if (!read_u16(r, &len) || len > r->len - r->at ||
		    !add_record(m, &used, r, type, len))
			return;
		r->at += len;
	}
}

int dns_message_parse(const void *data, size_t len, struct dns_message *ret_message)
{
	struct reader r = { data, len, 0 };
	uint16_t head[HEADER / 2], class;

	for (size_t i = 0; i < ARRAY_SIZE(head); i++) {
		if (!read_u16(&r, &head[i]))
			return -EBADMSG;
	}
	/* A question, as all ask in practice; what is not a query (updates, notices) is left out. */
	if (head[1] & OPCODE_MASK || head[2] != 1)
		return -EBADMSG;
	ret_message->id = head[0];
	ret_message->response = head[1] & FLAG_RESPONSE;
	ret_message->code = head[1] & RCODE_MASK;
	ret_message->result[0] = '\0';
	if (!read_name(&r, ret_message->name) || !read_u16(&r, &ret_message->type) ||
	    !read_u16(&r, &class))
		return -EBADMSG;
	if (ret_message->response)
		read_answers(&r, head[3], ret_message);
	return 0;
}

int dns_message_parse_tcp(const void *data, size_t len, struct dns_message *ret_message)
{
	const uint8_t *bytes = data;

	if (len > 2 + HEADER && (size_t)(bytes[0] << 8 | bytes[1]) >= HEADER &&
	    dns_message_parse(bytes + 2, len - 2, ret_message) == 0)
		return 0;
	/* The length went alone, in a segment before. */
	return dns_message_parse(data, len, ret_message);
}
