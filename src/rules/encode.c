/* SPDX-License-Identifier: Apache-2.0 */
/*
 * encode.c - the modifiers wide, utf16*, base64 and base64offset
 */
#include <errno.h>
#include <string.h>

#include "base/utf8.h"
#include "rule.h"

static void put_unit(uint16_t *at, size_t *n, unsigned int unit, bool big_endian)
{
	at[(*n)++] = (uint16_t)(big_endian ? unit >> 8 : unit & 255);
	at[(*n)++] = (uint16_t)(big_endian ? unit & 255 : unit >> 8);
}

static uint32_t code_point(const char *s, size_t len)
{
	uint32_t c = (uint8_t)s[0];

	if (len == 1)
		return c;
	c &= 0xffu >> (len + 1);
	for (size_t i = 1; i < len; i++)
		c = c << 6 | ((uint8_t)s[i] & 0x3f);
	return c;
}

int encode_utf16(struct arena *a, const struct symbols *in, bool big_endian, bool mark,
		 struct symbols *ret)
{
	uint16_t *at = arena_alloc(a, (in->count * 2 + 3) * sizeof(*at));
	size_t n = 0;

	if (!at)
		return -ENOMEM;
	if (mark)
		put_unit(at, &n, 0xfeff, big_endian);
	for (size_t i = 0; i < in->count;) {
		char bytes[4];
		size_t have = 0, len;
		uint32_t c;

		if (in->at[i] > 255) {
			at[n++] = in->at[i++];
			continue;
		}
		while (have < 4 && i + have < in->count && in->at[i + have] < 256) {
			bytes[have] = (char)in->at[i + have];
			have++;
		}
		len = utf8_sequence(bytes, have);
		c = len ? code_point(bytes, len) : (uint8_t)bytes[0];
		i += len ? len : 1;
		if (c < 0x10000) {
			put_unit(at, &n, c, big_endian);
			continue;
		}
		put_unit(at, &n, 0xd800 + ((c - 0x10000) >> 10), big_endian);
		put_unit(at, &n, 0xdc00 + ((c - 0x10000) & 0x3ff), big_endian);
	}
	*ret = (struct symbols){ at, n };
	return 0;
}

static unsigned int byte_at(const struct symbols *in, unsigned int offset, size_t i)
{
	return i < offset || i - offset >= in->count ? 0 : in->at[i - offset];
}

/*
 * Base64 of the value behind `offset` unknown bytes. With trim the digits that unknown bytes before
 * or behind would change are left out.
 */
int encode_base64(struct arena *a, const struct symbols *in, unsigned int offset, bool trim,
		  struct symbols *ret)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	static const unsigned int skip[] = { 0, 2, 3 };
	size_t total = in->count + offset;
	size_t end = trim ? total * 8 / 6 : (total * 8 + 5) / 6;
	uint16_t *at = arena_alloc(a, (total + 3) / 3 * 4 * sizeof(*at) + sizeof(*at));
	size_t n = 0;

	if (!at)
		return -ENOMEM;
	for (size_t i = trim ? skip[offset] : 0; i < end; i++) {
		size_t bit = i * 6;
		unsigned int two =
		    byte_at(in, offset, bit / 8) << 8 | byte_at(in, offset, bit / 8 + 1);

		at[n++] = (uint8_t)digits[two >> (10 - bit % 8) & 63];
	}
	while (!trim && n % 4)
		at[n++] = '=';
	*ret = (struct symbols){ at, n };
	return 0;
}
