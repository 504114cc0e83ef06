/* SPDX-License-Identifier: Apache-2.0 */
/*
 * addresses.h - the addresses of this machine as the public API shows a machine's ipAddresses
 */
#pragma once

#include <jansson.h>

#define ADDRESSES_MAX 64

/*
 * [{"ipAddress","macAddress","type","operationalStatus"}] without loopback and link-local ones, the
 * one that a default route leaves by first. At most ADDRESSES_MAX. NULL: out of memory.
 */
json_t *addresses_list(void);
