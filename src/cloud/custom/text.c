/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/custom/text.h"

#include <string.h>

int text_next(const char *text, size_t from, struct text_place *ret_place)
{
	const char *open = strstr(text + from, "{{"), *close, *begin, *end;

	if (!open)
		return 0;
	close = strstr(open + 2, "}}");
	if (!close)
		return 0;
	begin = open + 2;
	end = close;
	while (begin < end && *begin == ' ')
		begin++;
	while (end > begin && end[-1] == ' ')
		end--;
	*ret_place = (struct text_place){ (size_t)(open - text), (size_t)(close + 2 - open),
					  (size_t)(begin - text), (size_t)(end - begin) };
	return 1;
}

size_t text_cut(const char *text, size_t len, size_t max)
{
	if (len <= max)
		return len;
	len = max;
	while (len && ((unsigned char)text[len] & 0xc0) == 0x80)
		len--;
	return len;
}

/* What is not said in one line of a title is no reason to break it. */
static void append_value(struct buf *out, const char *value)
{
	size_t len = text_cut(value, strlen(value), TEXT_VALUE_MAX);

	for (size_t i = 0; i < len; i++)
		buf_append_byte(out, (unsigned char)value[i] < ' ' ? ' ' : (uint8_t)value[i]);
}

int text_fill(const char *text, text_value_fn value, void *arg, size_t max, struct buf *out)
{
	struct text_place place;
	size_t at = 0, begin = out->len;

	while (text_next(text, at, &place)) {
		const char *filled = value(arg, text + place.name, place.name_len);

		buf_append(out, text + at, place.offset - at);
		if (filled)
			append_value(out, filled);
		at = place.offset + place.length;
	}
	if (buf_append_str(out, text + at) < 0)
		return buf_error(out);
	out->len = begin + text_cut(out->data + begin, out->len - begin, max);
	out->data[out->len] = '\0';
	return 0;
}
