/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dns_message.h - what a message of the domain name system asks and answers (RFC 1035)
 *
 * The bytes are a stranger's: no length in them is believed, pointers only lead backwards, and all
 * that comes out is bounded. Of a message that breaks off what came before is kept.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DNS_NAME_MAX 1024   /* 255 bytes of a name, each of which may be written as \ddd */
#define DNS_ANSWERS_MAX 64  /* records of one message that are read */
#define DNS_RESULT_MAX 4096 /* bytes of their text */

struct dns_message {
	bool response;
	uint16_t id, type;
	uint8_t code;		   /* RCODE of the header */
	char name[DNS_NAME_MAX];   /* the first question's, without the last dot; "." is the root */
	char result[DNS_RESULT_MAX]; /* "A 192.0.2.1; CNAME other.example"; cut at a whole record */
};

/* 0, or -EBADMSG for what is no message with a question. */
int dns_message_parse(const void *data, size_t len, struct dns_message *ret_message);
/* The same behind the two bytes of length of TCP, where they are. */
int dns_message_parse_tcp(const void *data, size_t len, struct dns_message *ret_message);
/* "A", "NXDOMAIN"; NULL where the number has no common name. */
const char *dns_type_name(uint16_t type);
const char *dns_code_name(uint8_t code);
