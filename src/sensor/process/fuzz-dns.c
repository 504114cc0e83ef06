/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz-dns.c - any bytes as a message of names: what comes out is bounded text without control bytes
 */
#include <stdlib.h>
#include <string.h>

#include "sensor/process/dns_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_be_text(const char *text, size_t max)
{
	if (strnlen(text, max) == max)
		abort();
	for (; *text; text++) {
		if ((unsigned char)*text < ' ' || (unsigned char)*text > '~')
			abort();
	}
}

static void check(const struct dns_message *m)
{
	if (!m->name[0])
		abort();
	must_be_text(m->name, sizeof(m->name));
	must_be_text(m->result, sizeof(m->result));
	if (!m->response && m->result[0])
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* A copy of just that size, so that a byte too far is seen. */
	uint8_t *copy = malloc(size ? size : 1);
	struct dns_message m;

	if (!copy)
		return 0;
	memcpy(copy, data, size);
	if (dns_message_parse(copy, size, &m) == 0)
		check(&m);
	if (dns_message_parse_tcp(copy, size, &m) == 0)
		check(&m);
	free(copy);
	return 0;
}
