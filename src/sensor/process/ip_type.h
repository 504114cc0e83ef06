/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ip_type.h - kind of an address in the hunting schema's words
 *
 * IANA's special-purpose registries, RFC 6890: Public, Private, Loopback, LinkLocal, Multicast,
 * Broadcast, FourToSixMapping, Reserved, UniqueLocal, Unspecified.
 */
#pragma once

#include <stdint.h>

/* family: AF_INET (4 bytes) or AF_INET6 (16 bytes). */
const char *ip_type(uint8_t family, const uint8_t *address);
