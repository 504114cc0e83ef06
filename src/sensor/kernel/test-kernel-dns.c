/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-kernel-dns.c - names asked for and answered, in a network of the test's own: port 53 is free
 */
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "sensor/kernel/test-kernel.h"

#define QUESTION "\x12\x34\1\0\0\1\0\0\0\0\0\0\5hello\0\0\1\0\1"
#define ANSWER "\x12\x34\x81\x83\0\1\0\0\0\0\0\0\5hello\0\0\1\0\1"
#define SIZE (sizeof(QUESTION) - 1)

static void enter_own_network(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd;

	if (unshare(CLONE_NEWNET) < 0)
		_exit(1);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo) < 0)
		_exit(1);
	close(fd);
}

/* A server's socket on port 53 of the loopback, and its address. */
static int serve(int family, int type, struct sockaddr_in6 *at, socklen_t *len)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)at;
	int fd = socket(family, type, 0);

	memset(at, 0, sizeof(*at));
	at->sin6_family = (sa_family_t)family;
	at->sin6_port = htons(53); /* stands at the same place in both */
	*len = family == AF_INET ? sizeof(*v4) : sizeof(*at);
	if (family == AF_INET)
		v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		at->sin6_addr = in6addr_loopback;
	if (fd < 0 || bind(fd, (struct sockaddr *)at, *len) < 0)
		_exit(1);
	return fd;
}

/* Takes the question and answers it; fd is the server's. */
static void answer(int fd)
{
	struct sockaddr_in6 from;
	socklen_t len = sizeof(from);
	char data[64];

	if (recvfrom(fd, data, sizeof(data), 0, (struct sockaddr *)&from, &len) != (ssize_t)SIZE ||
	    sendto(fd, ANSWER, SIZE, 0, (struct sockaddr *)&from, len) != (ssize_t)SIZE)
		_exit(1);
}

static void ask_by_datagram(void)
{
	struct sockaddr_in6 at;
	socklen_t len;
	char data[64];
	int server, fd;

	enter_own_network();
	server = serve(AF_INET, SOCK_DGRAM, &at, &len);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (sendto(fd, QUESTION, SIZE, 0, (struct sockaddr *)&at, len) != (ssize_t)SIZE)
		_exit(1);
	answer(server);
	if (recv(fd, data, sizeof(data), 0) != (ssize_t)SIZE)
		_exit(1);
	/* The same with a peer, by the newer protocol. */
	server = serve(AF_INET6, SOCK_DGRAM, &at, &len);
	fd = socket(AF_INET6, SOCK_DGRAM, 0);
	if (connect(fd, (struct sockaddr *)&at, len) < 0 || send(fd, QUESTION, SIZE, 0) < 0)
		_exit(1);
	answer(server);
	_exit(recv(fd, data, sizeof(data), 0) == (ssize_t)SIZE ? 0 : 1);
}

static void assert_messages(size_t first, uint8_t family, uint8_t protocol)
{
	uint16_t port = 0;

	for (size_t i = 0, n = 0; i < seen.count; i++) {
		const struct kernel_event *e = &seen.events[i];

		if (e->kind != KERNEL_DNS || n++ / 2 != first / 2)
			continue;
		assert_int_equal(e->dns.incoming, n == first + 2);
		assert_int_equal(e->dns.family, family);
		assert_int_equal(e->dns.protocol, protocol);
		assert_int_equal(e->dns.remote_port, 53);
		assert_true(e->dns.local_port && (!port || e->dns.local_port == port));
		port = e->dns.local_port;
		assert_false(e->dns.cut);
		assert_int_equal(e->dns.message.len, SIZE + (protocol == IPPROTO_TCP ? 2 : 0));
		if (family == AF_INET)
			assert_memory_equal(e->dns.remote_address, "\x7f\0\0\1", 4);
		else
			assert_memory_equal(e->dns.remote_address, &in6addr_loopback, 16);
		assert_memory_equal(e->dns.local_address, e->dns.remote_address, 16);
	}
}

static void a_name_asked_for_is_seen_with_its_answer(void **state _unused_)
{
	size_t i = 0;

	assert_int_equal(run_child(ask_by_datagram), 0);
	find(KERNEL_DNS, &i);
	assert_memory_equal(seen.text[i], "\x12\x34\1", 4);
	assert_int_equal(count_kind(KERNEL_DNS), 4);
	assert_messages(0, AF_INET, IPPROTO_UDP);
	assert_messages(2, AF_INET6, IPPROTO_UDP);
}

static void ask_by_stream(void)
{
	static const char question[] = "\0\x17" QUESTION, reply[] = "\0\x17" ANSWER;
	struct sockaddr_in6 at;
	socklen_t len;
	char data[64];
	int server, fd, peer;

	enter_own_network();
	server = serve(AF_INET, SOCK_STREAM, &at, &len);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (listen(server, 1) < 0 || connect(fd, (struct sockaddr *)&at, len) < 0)
		_exit(1);
	peer = accept(server, NULL, NULL);
	if (write(fd, question, SIZE + 2) < 0 || read(peer, data, sizeof(data)) != SIZE + 2 ||
	    write(peer, reply, SIZE + 2) < 0 || read(fd, data, sizeof(data)) != SIZE + 2)
		_exit(1);
	_exit(0);
}

static void a_name_asked_for_by_a_connection_is_seen(void **state _unused_)
{
	assert_int_equal(run_child(ask_by_stream), 0);
	assert_int_equal(count_kind(KERNEL_DNS), 2);
	assert_messages(0, AF_INET, IPPROTO_TCP);
}

/* A datagram that is sent elsewhere, or by a server, is nobody's question. */
static void send_elsewhere(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(5353) };
	int fd;

	enter_own_network();
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	_exit(sendto(fd, QUESTION, SIZE, 0, (struct sockaddr *)&a, sizeof(a)) < 0);
}

static void what_goes_to_other_ports_is_not_told(void **state _unused_)
{
	assert_int_equal(run_child(send_elsewhere), 0);
	assert_int_equal(count_kind(KERNEL_DNS), 0);
}

const struct CMUnitTest test_dns[] = {
	cmocka_unit_test(a_name_asked_for_is_seen_with_its_answer),
	cmocka_unit_test(a_name_asked_for_by_a_connection_is_seen),
	cmocka_unit_test(what_goes_to_other_ports_is_not_told),
};
const size_t test_dns_count = ARRAY_SIZE(test_dns);
