/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/api/entity.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <string.h>

#define HASH(name)                                                                                 \
	{                                                                                          \
		ENTITY_FILE, { name, "InitiatingProcess" name }, name, false                       \
	}
static const struct entity_kind sha1 = HASH("SHA1"), sha256 = HASH("SHA256"),
				/* evidence has no MD5 */
    md5 = { ENTITY_FILE, { "MD5", "InitiatingProcessMD5" }, NULL, false },
				ip = { ENTITY_IP, { "RemoteIP" }, "RemoteIP", false },
				domain = { ENTITY_DOMAIN,
					   { "RemoteUrl", "DnsQueryString" },
					   "RemoteUrl",
					   true },
				user = { ENTITY_USER, { "AccountName" }, "AccountName", false };

static const struct {
	const char *name, *code, *expected;
} types[] = {
	[ENTITY_FILE] = { "file", "InvalidHashValue", "a SHA-1, SHA-256 or MD5 in hexadecimal" },
	[ENTITY_IP] = { "ip", "InvalidIpAddress", "an IPv4 or IPv6 address" },
	[ENTITY_DOMAIN] = { "domain", "InvalidDomainName", "a domain's name" },
	[ENTITY_USER] = { "user", "InvalidInput", "a user's name of at most 256 bytes" },
};

const char *entity_type_name(enum entity_type type)
{
	return types[type].name;
}

int entity_type_of(const char *name, enum entity_type *ret_type)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (strcmp(types[i].name, name) != 0)
			continue;
		*ret_type = (enum entity_type)i;
		return 0;
	}
	return -EINVAL;
}

static void copy_lower(const char *text, char *out)
{
	while (*text)
		*out++ = (char)tolower((unsigned char)*text++);
	*out = '\0';
}

static int read_hash(const char *text, struct entity *e)
{
	size_t len = strlen(text);

	e->kind = len == 64 ? &sha256 : len == 40 ? &sha1 : len == 32 ? &md5 : NULL;
	if (!e->kind || strspn(text, "0123456789abcdefABCDEF") != len)
		return -EINVAL;
	copy_lower(text, e->value);
	return 0;
}

static int read_ip(const char *text, struct entity *e)
{
	const int families[] = { AF_INET, AF_INET6 };
	unsigned char address[sizeof(struct in6_addr)];

	e->kind = &ip;
	for (size_t i = 0; i < ARRAY_SIZE(families); i++)
		if (inet_pton(families[i], text, address) == 1)
			return inet_ntop(families[i], address, e->value, sizeof(e->value))
				   ? 0
				   : -EINVAL;
	return -EINVAL;
}

static int read_domain(const char *text, struct entity *e)
{
	size_t len = strlen(text);

	e->kind = &domain;
	if (len == 0 || len > 253 || text[0] == '.' || strstr(text, ".."))
		return -EINVAL;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)text[i]) && !strchr("-._", text[i]))
			return -EINVAL;
	copy_lower(text, e->value);
	return 0;
}

/* Of DOMAIN\name the name. */
static int read_user(const char *text, struct entity *e)
{
	const char *slash = strrchr(text, '\\');
	const char *name = slash ? slash + 1 : text;

	e->kind = &user;
	if (!*name || strlen(name) >= sizeof(e->value))
		return -EINVAL;
	strcpy(e->value, name);
	return 0;
}

int entity_read(enum entity_type type, const char *text, struct entity *ret_entity)
{
	switch (type) {
	case ENTITY_FILE:
		return read_hash(text, ret_entity);
	case ENTITY_IP:
		return read_ip(text, ret_entity);
	case ENTITY_DOMAIN:
		return read_domain(text, ret_entity);
	case ENTITY_USER:
		return read_user(text, ret_entity);
	}
	return -EINVAL;
}

int entity_of_path(enum entity_type type, const struct http_request *req, struct http_response *res,
		   struct entity *ret_entity)
{
	const char *text = http_request_param(req, "id");

	if (entity_read(type, text, ret_entity) == 0)
		return 0;
	return api_errorf(req, res, 400, types[type].code, "'%.100s': %s is expected.", text,
			  types[type].expected)
		   ?: 1;
}

int entity_set_sha256(const char *text, struct entity *ret_entity)
{
	return strlen(text) == 64 ? read_hash(text, ret_entity) : -EINVAL;
}
