/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/process/ip_type.h"

#include <string.h>
#include <sys/socket.h>

static const char *type4(const uint8_t *a)
{
	static const uint8_t broadcast[] = { 255, 255, 255, 255 };

	if (memcmp(a, broadcast, 4) == 0)
		return "Broadcast";
	if (a[0] == 0)
		return "Unspecified";
	if (a[0] == 127)
		return "Loopback";
	if (a[0] == 10 || (a[0] == 172 && (a[1] & 0xf0) == 16) || (a[0] == 192 && a[1] == 168))
		return "Private";
	if (a[0] == 169 && a[1] == 254)
		return "LinkLocal";
	if ((a[0] & 0xf0) == 224)
		return "Multicast";
	if (a[0] >= 240 || (a[0] == 100 && (a[1] & 0xc0) == 64))
		return "Reserved";
	return "Public";
}

const char *ip_type(uint8_t family, const uint8_t *a)
{
	static const uint8_t zero[15], mapped[] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255 };

	if (family == AF_INET)
		return type4(a);
	if (memcmp(a, zero, 15) == 0)
		return a[15] == 1 ? "Loopback" : a[15] == 0 ? "Unspecified" : "Reserved";
	if (memcmp(a, mapped, sizeof(mapped)) == 0)
		return "FourToSixMapping";
	if (a[0] == 0xff)
		return "Multicast";
	if (a[0] == 0xfe && (a[1] & 0xc0) == 0x80)
		return "LinkLocal";
	if ((a[0] & 0xfe) == 0xfc)
		return "UniqueLocal";
	return (a[0] & 0xe0) == 0x20 ? "Public" : "Reserved";
}
