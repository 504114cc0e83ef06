/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hex.h - bytes as lower-case hexadecimal text and back, and random identifiers
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* dst needs 2 * len + 1 bytes. */
void hex_encode(const void *data, size_t len, char *dst);
/* Exactly 2 * len digits; -EINVAL otherwise. */
int hex_decode(const char *text, void *dst, size_t len);

#define UUID_TEXT_SIZE 37

/* A random (version 4) UUID as text, RFC 9562. */
void uuid_random(char dst[UUID_TEXT_SIZE]);
/* len bytes from the kernel's generator; ends the program where there is none. */
void random_bytes(void *dst, size_t len);
