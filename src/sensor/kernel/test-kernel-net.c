/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-kernel-net.c - connections and datagrams
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "sensor/kernel/test-kernel.h"

static uint16_t test_port;

static void connect_to_test_port(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(test_port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	(void)connect(fd, (struct sockaddr *)&a, sizeof(a));
	_exit(0);
}

static int listen_somewhere(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	test_port = ntohs(a.sin_port);
	return fd;
}

static void a_connection_tells_both_ends_and_its_outcome(void **state _unused_)
{
	_cleanup_close_ int fd = listen_somewhere();
	const struct kernel_event *e;

	run_child(connect_to_test_port); /* bound but nobody listens */
	e = find(KERNEL_NET_CONNECT, NULL);
	assert_int_equal(e->net.error, ECONNREFUSED);
	assert_int_equal(count_kind(KERNEL_NET_CLOSE), 0);
	assert_int_equal(listen(fd, 5), 0);
	run_child(connect_to_test_port);
	e = find(KERNEL_NET_CONNECT, NULL);
	assert_int_equal(e->net.error, 0);
	assert_int_equal(e->net.family, AF_INET);
	assert_int_equal(e->net.protocol, IPPROTO_TCP);
	assert_int_equal(e->net.remote_port, test_port);
	assert_true(e->net.local_port > 0);
	assert_memory_equal(e->net.remote_address, "\x7f\0\0\1", 4);
	assert_memory_equal(e->net.local_address, "\x7f\0\0\1", 4);
}

/* On a machine more than the table of connections once held; few where it is emulated. */
static rlim_t under_way(void)
{
	return MIN(arg_forks, 18000u);
}

/* A listener whose queue is full answers nothing: all but the first wait until they are closed. */
static void connect_without_end(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(test_port) };

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (rlim_t i = 0; i < under_way(); i++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

		if (fd < 0 ||
		    (connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0 && errno != EINPROGRESS))
			_exit(1);
	}
	_exit(0);
}

static void none_of_many_connections_under_way_is_forgotten(void **state _unused_)
{
	_cleanup_close_ int fd = listen_somewhere();
	struct rlimit before, many;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	many = (struct rlimit){ MAX(before.rlim_max, under_way() + 100),
				MAX(before.rlim_max, under_way() + 100) };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &many), 0);
	assert_int_equal(listen(fd, 0), 0);
	assert_int_equal(run_child(connect_without_end), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(seen.of_children[KERNEL_NET_CONNECT] + seen.lost, under_way());
}

static void listen6(void)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = socket(AF_INET6, SOCK_STREAM, 0);

	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0 && listen(fd, 1) == 0)
		_exit(0);
}

static void a_listening_socket_is_seen(void **state _unused_)
{
	const struct kernel_event *e;

	assert_int_equal(run_child(listen6), 0);
	e = find(KERNEL_NET_LISTEN, NULL);
	assert_int_equal(e->net.family, AF_INET6);
	assert_true(e->net.local_port > 0);
	assert_int_equal(e->net.local_address[15], 1);
}

static int listener = -1;

static void accept_one(void)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = socket(AF_INET6, SOCK_STREAM, 0);

	a.sin6_port = htons(test_port);
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		_exit(1);
	_exit(accept4(listener, NULL, NULL, SOCK_CLOEXEC) >= 0 ? 0 : 1);
}

static void an_accepted_connection_tells_both_ends(void **state _unused_)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	const struct kernel_event *e, *made;
	socklen_t len = sizeof(a);

	listener = socket(AF_INET6, SOCK_STREAM, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(listener, 5), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&a, &len), 0);
	test_port = ntohs(a.sin6_port);
	assert_int_equal(run_child(accept_one), 0);
	close(listener);
	made = find(KERNEL_NET_CONNECT, NULL);
	e = find(KERNEL_NET_ACCEPT, NULL);
	assert_int_equal(e->net.family, AF_INET6);
	assert_int_equal(e->net.protocol, IPPROTO_TCP);
	assert_int_equal(e->net.local_port, test_port);
	assert_int_equal(e->net.remote_port, made->net.local_port);
	assert_memory_equal(e->net.local_address, &in6addr_loopback, 16);
	assert_memory_equal(e->net.remote_address, &in6addr_loopback, 16);
	assert_true(e->net.socket_cookie && e->net.socket_cookie != made->net.socket_cookie);
}

/* A connection to itself, on which 5 bytes go one way and 70,000 the other; the end is told twice. */
static void talk(void)
{
	const struct timespec while_open = { .tv_nsec = 30 * NSEC_PER_MSEC };
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(test_port) };
	char block[7000] = { 0 };
	int fd = socket(AF_INET, SOCK_STREAM, 0), peer;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || (peer = accept(listener, NULL, NULL)) < 0)
		_exit(1);
	if (send(fd, "hello", 5, 0) != 5 || recv(peer, block, 5, MSG_WAITALL) != 5)
		_exit(2);
	for (int i = 0; i < 10; i++) {
		if (send(peer, block, sizeof(block), 0) != sizeof(block) ||
		    recv(fd, block, sizeof(block), MSG_WAITALL) != sizeof(block))
			_exit(3);
	}
	nanosleep(&while_open, NULL);
	close(fd);
	_exit(recv(peer, block, 1, 0) == 0 ? 0 : 4);
}

static const struct kernel_event *find_close(bool accepted)
{
	for (size_t i = 0; i < seen.count; i++) {
		const struct kernel_event *e = &seen.events[i];

		if (e->kind == KERNEL_NET_CLOSE && e->net.accepted == accepted)
			return e;
	}
	fail_msg("no end of a connection that was %s", accepted ? "accepted" : "made");
	return NULL;
}

static void the_end_of_a_connection_tells_bytes_and_duration(void **state _unused_)
{
	const struct kernel_event *made, *accepted, *begun, *taken;

	listener = listen_somewhere();
	assert_int_equal(listen(listener, 5), 0);
	assert_int_equal(run_child(talk), 0);
	close(listener);
	assert_int_equal(count_kind(KERNEL_NET_CLOSE), 2);
	begun = find(KERNEL_NET_CONNECT, NULL);
	taken = find(KERNEL_NET_ACCEPT, NULL);
	made = find_close(false);
	accepted = find_close(true);
	assert_int_equal(made->net.bytes_sent, 5);
	assert_int_equal(made->net.bytes_received, 70000);
	assert_int_equal(accepted->net.bytes_sent, 70000);
	assert_int_equal(accepted->net.bytes_received, 5);
	for (int i = 0; i < 2; i++) {
		const struct kernel_event *e = i ? accepted : made, *b = i ? taken : begun;

		assert_int_equal(e->net.family, AF_INET);
		assert_int_equal(e->net.protocol, IPPROTO_TCP);
		assert_int_equal(e->net.error, 0);
		assert_int_equal(e->net.local_port, b->net.local_port);
		assert_int_equal(e->net.remote_port, b->net.remote_port);
		assert_memory_equal(e->net.local_address, "\x7f\0\0\1", 4);
		assert_memory_equal(e->net.remote_address, "\x7f\0\0\1", 4);
		assert_int_equal(e->net.socket_cookie, b->net.socket_cookie);
		assert_true(e->net.begun_boottime_ns >= b->boottime_ns);
		assert_in_range(e->boottime_ns - e->net.begun_boottime_ns, 30 * NSEC_PER_MSEC,
				20 * NSEC_PER_SEC);
		assert_int_equal(e->task.start_boottime_ns, b->task.start_boottime_ns);
	}
}

static void leave_a_connection_to_a_child(void)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = socket(AF_INET6, SOCK_STREAM, 0), status;
	pid_t child;

	a.sin6_port = htons(test_port);
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		_exit(1);
	child = fork();
	if (child == 0)
		_exit(send(fd, "0123456789", 10, 0) == 10 ? 0 : 2);
	close(fd);
	_exit(waitpid(child, &status, 0) == child ? status : 3);
}

static void the_end_is_told_of_who_made_the_connection(void **state _unused_)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	const struct kernel_event *e;
	socklen_t len = sizeof(a);

	listener = socket(AF_INET6, SOCK_STREAM, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(listener, 5), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&a, &len), 0);
	test_port = ntohs(a.sin6_port);
	assert_int_equal(run_child(leave_a_connection_to_a_child), 0);
	close(listener); /* ends what nobody accepted, and with it the other end */
	usleep(20000);
	assert_true(kernel_poll(kernel) >= 0);
	assert_int_equal(count_kind(KERNEL_NET_CLOSE), 1);
	e = find(KERNEL_NET_CLOSE, NULL);
	assert_int_equal(e->task.pid, seen.pid);
	assert_false(e->net.accepted);
	assert_int_equal(e->net.family, AF_INET6);
	assert_int_equal(e->net.bytes_sent, 10);
	assert_int_equal(e->net.bytes_received, 0);
	assert_int_equal(e->net.remote_port, test_port);
	assert_memory_equal(e->net.remote_address, &in6addr_loopback, 16);
}

static void accept_what_was_reset(void)
{
	const struct linger reset = { .l_onoff = 1 };
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(test_port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)) < 0)
		_exit(1);
	close(fd);
	_exit(accept(listener, NULL, NULL) >= 0 ? 0 : 2);
}

static void a_connection_that_ended_before_it_was_accepted_ends_once(void **state _unused_)
{
	listener = listen_somewhere();
	assert_int_equal(listen(listener, 5), 0);
	assert_int_equal(run_child(accept_what_was_reset), 0);
	close(listener);
	assert_int_equal(count_kind(KERNEL_NET_ACCEPT), 1);
	assert_int_equal(count_kind(KERNEL_NET_CLOSE), 2);
	assert_int_equal(find_close(true)->net.bytes_received, 0);
}

static void bind_datagram_sockets(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(9156) };
	struct sockaddr_in6 b = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int udp = socket(AF_INET, SOCK_DGRAM, 0), udp6 = socket(AF_INET6, SOCK_DGRAM, 0);
	int tcp = socket(AF_INET, SOCK_STREAM, 0), second = socket(AF_INET, SOCK_DGRAM, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(udp, (struct sockaddr *)&a, sizeof(a)) < 0 ||
	    bind(udp6, (struct sockaddr *)&b, sizeof(b)) < 0 ||
	    bind(tcp, (struct sockaddr *)&a, sizeof(a)) < 0)
		_exit(1);
	/* Refused: nothing was given. */
	_exit(bind(second, (struct sockaddr *)&a, sizeof(a)) < 0 ? 0 : 2);
}

static void datagram_sockets_that_are_given_a_port_are_told(void **state _unused_)
{
	const struct kernel_event *e;
	size_t i = 0;

	assert_int_equal(run_child(bind_datagram_sockets), 0);
	assert_int_equal(count_kind(KERNEL_NET_BIND), 2);
	e = find(KERNEL_NET_BIND, &i);
	assert_int_equal(e->net.family, AF_INET);
	assert_int_equal(e->net.protocol, IPPROTO_UDP);
	assert_int_equal(e->net.local_port, 9156);
	assert_memory_equal(e->net.local_address, "\x7f\0\0\1", 4);
	assert_int_equal(e->net.remote_port, 0);
	assert_true(e->net.socket_cookie > 0);
	e = &seen.events[i + 1];
	assert_int_equal(e->kind, KERNEL_NET_BIND);
	assert_int_equal(e->net.family, AF_INET6);
	assert_true(e->net.local_port > 0);
	assert_memory_equal(e->net.local_address, &in6addr_loopback, 16);
}

static void connect_datagram(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(9153) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	_exit(connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0 ? 0 : 1);
}

static void a_connected_datagram_socket_is_seen(void **state _unused_)
{
	const struct kernel_event *e;

	assert_int_equal(run_child(connect_datagram), 0);
	e = find(KERNEL_NET_CONNECT, NULL);
	assert_int_equal(e->net.protocol, IPPROTO_UDP);
	assert_int_equal(e->net.remote_port, 9153);
	assert_int_equal(e->net.error, 0);
}

static void take_back_a_datagram_socket(void)
{
	struct sockaddr a = { .sa_family = AF_UNSPEC };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	_exit(connect(fd, &a, sizeof(a)) == 0 ? 0 : 1);
}

static void a_datagram_socket_that_lets_go_is_no_connection(void **state _unused_)
{
	assert_int_equal(run_child(take_back_a_datagram_socket), 0);
	assert_int_equal(count_kind(KERNEL_NET_CONNECT), 0);
}

static void send_datagrams(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(9154) };
	struct sockaddr_in6 b = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = socket(AF_INET, SOCK_DGRAM, 0), fd6 = socket(AF_INET6, SOCK_DGRAM, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	b.sin6_port = htons(9155);
	for (int i = 0; i < 3; i++) {
		if (sendto(fd, "x", 1, 0, (struct sockaddr *)&a, sizeof(a)) != 1 ||
		    sendto(fd6, "x", 1, 0, (struct sockaddr *)&b, sizeof(b)) != 1)
			_exit(1);
	}
	_exit(0);
}

static void the_first_datagram_to_an_address_is_told(void **state _unused_)
{
	const struct kernel_event *e;
	size_t i = 0;

	assert_int_equal(run_child(send_datagrams), 0);
	assert_int_equal(count_kind(KERNEL_NET_CONNECT), 2);
	e = find(KERNEL_NET_CONNECT, &i);
	assert_int_equal(e->net.family, AF_INET);
	assert_int_equal(e->net.protocol, IPPROTO_UDP);
	assert_int_equal(e->net.remote_port, 9154);
	assert_memory_equal(e->net.remote_address, "\x7f\0\0\1", 4);
	assert_true(e->net.local_port > 0 && e->net.socket_cookie > 0);
	e = &seen.events[i + 1];
	assert_int_equal(e->net.family, AF_INET6);
	assert_int_equal(e->net.remote_port, 9155);
	assert_memory_equal(e->net.remote_address, &in6addr_loopback, 16);
}

static void answer_as_a_server(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(9154) };
	struct sockaddr_in own = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	a.sin_addr.s_addr = own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (uint16_t port = 9200; port < 9300; port++) {
		own.sin_port = htons(port);
		if (bind(fd, (struct sockaddr *)&own, sizeof(own)) == 0)
			_exit(sendto(fd, "x", 1, 0, (struct sockaddr *)&a, sizeof(a)) == 1 ? 0 : 1);
	}
	_exit(2);
}

static void a_server_that_answers_asks_for_nothing(void **state _unused_)
{
	assert_int_equal(run_child(answer_as_a_server), 0);
	assert_int_equal(count_kind(KERNEL_NET_CONNECT), 0);
}

static void connect_nowhere(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(443) };
	int fd;

	if (unshare(CLONE_NEWNET) < 0) /* no network at all */
		_exit(1);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	a.sin_addr.s_addr = htonl(0xc0000207); /* 192.0.2.7 */
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0 || errno != ENETUNREACH)
		_exit(2);
	/* Words that make no sense are no attempt. */
	a.sin_family = AF_UNIX;
	_exit(connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0 || errno != EAFNOSUPPORT);
}

static void a_connection_that_no_packet_was_sent_for_tells_why(void **state _unused_)
{
	const struct kernel_event *e;

	assert_int_equal(run_child(connect_nowhere), 0);
	assert_int_equal(count_kind(KERNEL_NET_CONNECT), 1);
	e = find(KERNEL_NET_CONNECT, NULL);
	assert_int_equal(e->net.error, ENETUNREACH);
	assert_int_equal(e->net.protocol, IPPROTO_TCP);
	assert_int_equal(e->net.remote_port, 443);
	assert_memory_equal(e->net.remote_address, "\xc0\0\2\7", 4);
}

static void connect_and_accept_by_uring(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(test_port) };
	struct io_uring_sqe ask = { .opcode = IORING_OP_CONNECT, .off = sizeof(a) };
	struct io_uring_sqe take = { .opcode = IORING_OP_ACCEPT, .fd = listener };

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ask.fd = socket(AF_INET, SOCK_STREAM, 0);
	ask.addr = (uintptr_t)&a;
	if (uring_do(&ask) < 0)
		_exit(1);
	_exit(uring_do(&take) >= 0 ? 0 : 2);
}

static void connections_by_io_uring_are_seen_or_said_to_be_not(void **state _unused_)
{
	const struct kernel_signal *signals;

	listener = listen_somewhere();
	assert_int_equal(listen(listener, 5), 0);
	assert_int_equal(run_child(connect_and_accept_by_uring), 0);
	close(listener);
	assert_int_equal(find(KERNEL_NET_CONNECT, NULL)->net.remote_port, test_port);
	if (sees_all(KERNEL_NET_ACCEPT)) {
		assert_int_equal(find(KERNEL_NET_ACCEPT, NULL)->net.local_port, test_port);
		return;
	}
	kernel_signals(kernel, &signals);
	assert_int_equal(count_kind(KERNEL_NET_ACCEPT), 0);
	assert_non_null(strstr(signals[KERNEL_NET_ACCEPT].missing, "io_uring"));
}

const struct CMUnitTest test_net[] = {
	cmocka_unit_test(a_connection_tells_both_ends_and_its_outcome),
	cmocka_unit_test(none_of_many_connections_under_way_is_forgotten),
	cmocka_unit_test(a_listening_socket_is_seen),
	cmocka_unit_test(an_accepted_connection_tells_both_ends),
	cmocka_unit_test(the_end_of_a_connection_tells_bytes_and_duration),
	cmocka_unit_test(the_end_is_told_of_who_made_the_connection),
	cmocka_unit_test(a_connection_that_ended_before_it_was_accepted_ends_once),
	cmocka_unit_test(datagram_sockets_that_are_given_a_port_are_told),
	cmocka_unit_test(a_connected_datagram_socket_is_seen),
	cmocka_unit_test(a_datagram_socket_that_lets_go_is_no_connection),
	cmocka_unit_test(the_first_datagram_to_an_address_is_told),
	cmocka_unit_test(a_server_that_answers_asks_for_nothing),
	cmocka_unit_test(a_connection_that_no_packet_was_sent_for_tells_why),
	cmocka_unit_test(connections_by_io_uring_are_seen_or_said_to_be_not),
};
const size_t test_net_count = ARRAY_SIZE(test_net);
