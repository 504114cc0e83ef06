/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vakt-store.c - hosts the telemetry store of one geography
 */
#include <errno.h>
#include <getopt.h>
#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "store/host/service.h"

struct arguments {
	const char *library, *data_dir, *socket, *peer;
};

static int parse_arguments(int argc, char **argv, struct arguments *a)
{
	static const struct option options[] = { { "library", required_argument, NULL, 'l' },
						 { "data-dir", required_argument, NULL, 'd' },
						 { "socket", required_argument, NULL, 's' },
						 { "peer-user", required_argument, NULL, 'p' },
						 { "help", no_argument, NULL, 'h' },
						 { 0 } };
	int c;

	*a = (struct arguments){ "/opt/vakt/lib/libchdb.so", "/var/lib/vakt-store",
				 "/run/vakt-store/store.sock", "root" };
	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (c) {
		case 'l':
			a->library = optarg;
			break;
		case 'd':
			a->data_dir = optarg;
			break;
		case 's':
			a->socket = optarg;
			break;
		case 'p':
			a->peer = optarg;
			break;
		default:
			fprintf(c == 'h' ? stdout : stderr,
				"usage: vakt-store [--library FILE] [--data-dir DIR] [--socket FILE]\n"
				"                  [--peer-user NAME]\n");
			return c == 'h' ? 1 : -EINVAL;
		}
	}
	return 0;
}

static int find_user(const char *name, uid_t *ret_uid, struct err *err)
{
	const struct passwd *user = getpwnam(name);

	if (!user)
		return err_setf(err, -ENOENT, "--peer-user %s: there is no such user", name);
	*ret_uid = user->pw_uid;
	return 0;
}

int main(int argc, char **argv)
{
	_cleanup_(service_freep) struct service *service = NULL;
	struct service_options options = { .writers = 2, .readers = 4 };
	struct engine *engine = NULL;
	struct arguments args;
	struct err err = { 0 };
	int r = parse_arguments(argc, argv, &args);

	if (r != 0)
		return r < 0 ? 2 : 0;
	log_init("store");
	options.socket_path = args.socket;
	options.data_dir = args.data_dir;
	r = find_user(args.peer, &options.peer, &err);
	if (r == 0)
		r = engine_open(args.library, args.data_dir, &engine, &err);
	if (r == 0)
		r = service_new(engine, &options, &service, &err);
	if (r == 0) {
		log_notice("answers on %s", args.socket);
		r = service_run(service);
	}
	if (r == -ESTALE) {
		log_notice("starts again, without the parts that were set aside");
		/* As if killed: nothing may use the engine any more, and what is not answered is sent again. */
		_exit(1);
	}
	if (r < 0) {
		log_error("%s", err_msg(&err, r));
		return 1;
	}
	log_notice("stopped");
	return 0;
}
