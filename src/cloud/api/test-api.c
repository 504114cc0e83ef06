/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-api.c - the API over a real socket with a real state database, asked by curl
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
/* After the standard headers it needs. */
#include <cmocka.h>

#include "base/fd.h"
#include "cloud/access/access.h"
#include "cloud/api/api.h"

static char answer[16384];
static uint16_t port;

static const char *ask(const char *options, const char *path)
{
	char command[1024];
	size_t n;
	FILE *f;

	snprintf(command, sizeof(command), "curl -s -i -m 10 %s 'http://127.0.0.1:%u%s'", options,
		 port, path);
	f = popen(command, "r");
	assert_non_null(f);
	n = fread(answer, 1, sizeof(answer) - 1, f);
	answer[n] = 0;
	assert_int_equal(pclose(f), 0);
	return answer;
}

static void cut(const char *before, char token[ACCESS_TOKEN_SIZE])
{
	const char *p = strstr(answer, before);

	assert_non_null(p);
	snprintf(token, ACCESS_TOKEN_SIZE, "%.64s", p + strlen(before));
}

static void change_password(const char *token, const char *csrf, const char *password)
{
	static const struct {
		const char *current, *new, *expect;
	} tries[] = {
		{ "wrong", "a good long one", " 400 " },
		{ "%s", "short", "12 to 1024" },
		{ "%s", "%s", "is the current one" },
		{ "%s", "a good long one", " 204 " },
	};
	char options[768];

	for (size_t i = 0; i < ARRAY_SIZE(tries); i++) {
		const char *current = tries[i].current[0] == '%' ? password : tries[i].current;
		const char *new = tries[i].new[0] == '%' ? password : tries[i].new;

		snprintf(options, sizeof(options),
			 "-b vakt_session=%s -H 'X-CSRF-Token: %s' -d "
			 "'{\"current\":\"%s\",\"new\":\"%s\"}'",
			 token, csrf, current, new);
		assert_non_null(strstr(ask(options, "/portal/api/password"), tries[i].expect));
	}
}

static void check(const char *password)
{
	char options[512], token[ACCESS_TOKEN_SIZE], csrf[ACCESS_TOKEN_SIZE];

	assert_non_null(strstr(ask("", "/api/machines"), " 401 "));
	assert_non_null(strstr(
	    ask("-d '{\"userName\":\"admin\",\"password\":\"x\"}'", "/portal/api/login"), " 401 "));
	snprintf(options, sizeof(options), "-d '{\"userName\":\"admin\",\"password\":\"%s\"}'",
		 password);
	assert_non_null(strstr(ask(options, "/portal/api/login"), " 200 "));
	cut("vakt_session=", token);
	cut("\"csrfToken\":\"", csrf);
	snprintf(options, sizeof(options), "-b vakt_session=%s", token);
	assert_non_null(strstr(ask(options, "/portal/api/session"), "\"Owner\""));
	assert_non_null(strstr(answer, "\"mustChangePassword\":true"));
	assert_non_null(strstr(ask(options, "/api/machines"), "PasswordChangeRequired"));
	change_password(token, csrf, password);
	assert_non_null(strstr(ask(options, "/api/machines"), "\"computerDnsName\":\"host-a\""));
	assert_null(strstr(answer, "host-b"));
	assert_non_null(
	    strstr(ask(options, "/api/v1.0/machines/aa"), "\"healthStatus\":\"Active\""));
	assert_non_null(strstr(ask(options, "/api/machines/bb"), " 404 "));
	snprintf(options, sizeof(options), "-X POST -b vakt_session=%s", token);
	assert_non_null(strstr(ask(options, "/portal/api/logout"), " 403 "));
	snprintf(options, sizeof(options), "-X POST -b vakt_session=%s -H 'X-CSRF-Token: %s'",
		 token, csrf);
	assert_non_null(strstr(ask(options, "/portal/api/logout"), " 204 "));
	assert_non_null(strstr(ask(options, "/portal/api/session"), " 40"));
}

static void test_api(void **state)
{
	char dir[] = "/tmp/vakt-api-XXXXXX", path[64], rm[96], file[64];
	struct http_server_options options = { .address = "127.0.0.1" };
	struct api_options api = { .state_dir = dir, .first_password_file = file };
	struct api *a;
	_cleanup_free_ char *password = NULL;
	struct http_server *server = NULL;
	struct access_tenant tenant;
	struct state_conn *c;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/state.db", dir);
	assert_int_equal(state_open(path, &api.state, NULL), 0);
	c = state_get(api.state);
	snprintf(file, sizeof(file), "%s/first-password", dir);
	assert_int_equal(access_bootstrap(c, file, &tenant, NULL), 0);
	assert_int_equal(file_read(file, 64, &password, NULL, NULL), 0);
	password[ACCESS_PASSWORD_SIZE - 1] = '\0';
	assert_int_equal(state_begin(c, NULL), 0);
	assert_true(state_exec(c, NULL,
			       "INSERT INTO tenant VALUES ('t2','Other','Local',"
			       "9000000000000000000)",
			       "") >= 0);
	assert_true(state_exec(c, NULL,
			       "INSERT INTO device (tenant_id, id, subscription_id,"
			       " computer_dns_name, health, first_seen_ns, last_seen_ns) SELECT id,"
			       " iif(id='t2','bb','aa'), '', iif(id='t2','host-b','host-a'),"
			       " '{\"healthy\":true}', 0,"
			       " 4000000000000000000 FROM tenant",
			       "") >= 0);
	assert_int_equal(state_commit(c, NULL), 0);
	assert_int_equal(api_open(&api, &a, NULL), 0);
	api_prepare(a, &options);
	assert_int_equal(http_server_new(&options, &server, NULL), 0);
	assert_int_equal(api_serve(a, server), 0);
	assert_int_equal(http_server_start(server, NULL), 0);
	port = http_server_port(server);
	check(password);
	assert_int_equal(access(file, F_OK), -1);
	http_server_free(server);
	api_close(a);
	state_close(api.state);
	snprintf(rm, sizeof(rm), "rm -r %s", dir);
	assert_int_equal(system(rm), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_api) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
