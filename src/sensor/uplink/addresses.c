/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/uplink/addresses.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"

/* What the kernel would send from: a datagram socket is connected, nothing is sent. */
static void preferred(int family, char *dst, size_t size)
{
	/* Documentation addresses (RFC 5737, RFC 3849): never local, so the default route counts. */
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(9) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(9) };
	struct sockaddr_storage own;
	socklen_t len = sizeof(own);
	_cleanup_close_ int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int r;

	dst[0] = '\0';
	inet_pton(AF_INET, "192.0.2.1", &v4.sin_addr);
	inet_pton(AF_INET6, "2001:db8::1", &v6.sin6_addr);
	if (fd < 0)
		return;
	r = family == AF_INET ? connect(fd, (struct sockaddr *)&v4, sizeof(v4))
			      : connect(fd, (struct sockaddr *)&v6, sizeof(v6));
	if (r < 0 || getsockname(fd, (struct sockaddr *)&own, &len) < 0)
		return;
	getnameinfo((struct sockaddr *)&own, len, dst, (socklen_t)size, NULL, 0, NI_NUMERICHOST);
}

/* "020000000001", as the reference writes it; "" where the interface has none. */
static void read_mac(const char *interface, char mac[13])
{
	_cleanup_free_ char *text = NULL;
	char path[128];
	size_t n = 0;

	snprintf(path, sizeof(path), "/sys/class/net/%.64s/address", interface);
	if (file_read(path, 256, &text, NULL, NULL) == 0) {
		for (const char *p = text; *p && *p != '\n' && n < 12; p++)
			if (*p != ':')
				mac[n++] = *p;
	}
	mac[n] = '\0';
}

/* The address as text; false for what names no machine to others. */
static bool read_address(const struct ifaddrs *i, char *dst, size_t size)
{
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)i->ifa_addr;
	socklen_t len;

	if (!i->ifa_addr || (i->ifa_flags & IFF_LOOPBACK))
		return false;
	if (i->ifa_addr->sa_family == AF_INET)
		len = sizeof(struct sockaddr_in);
	else if (i->ifa_addr->sa_family == AF_INET6 && !IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr))
		len = sizeof(struct sockaddr_in6);
	else
		return false;
	return getnameinfo(i->ifa_addr, len, dst, (socklen_t)size, NULL, 0, NI_NUMERICHOST) == 0;
}

json_t *addresses_list(void)
{
	char best4[INET6_ADDRSTRLEN], best6[INET6_ADDRSTRLEN], text[INET6_ADDRSTRLEN + 16], mac[13];
	json_t *list = json_array();
	struct ifaddrs *all = NULL;

	if (!list || getifaddrs(&all) < 0)
		return list;
	preferred(AF_INET, best4, sizeof(best4));
	preferred(AF_INET6, best6, sizeof(best6));
	for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
		json_t *one;

		if (json_array_size(list) >= ADDRESSES_MAX || !read_address(i, text, sizeof(text)))
			continue;
		read_mac(i->ifa_name, mac);
		one = json_pack("{s:s,s:s,s:s,s:s}", "ipAddress", text, "macAddress", mac, "type",
				"Ethernet", "operationalStatus",
				i->ifa_flags & IFF_RUNNING ? "Up" : "Down");
		if (!strcmp(text, best4) || (!best4[0] && !strcmp(text, best6)))
			json_array_insert_new(list, 0, one);
		else
			json_array_append_new(list, one);
	}
	freeifaddrs(all);
	return list;
}
