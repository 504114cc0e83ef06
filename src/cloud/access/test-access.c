/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-access.c - users, sessions, throttle and access table against a real state database
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
/* After the standard headers it needs. */
#include <cmocka.h>

#include "base/clock.h"
#include "base/fd.h"
#include "cloud/access/access.h"

static void test_table(void **state)
{
	struct access_identity id = { .roles = ACCESS_READER };

	(void)state;
	assert_false(access_allows(NULL, ACCESS_PERMISSION_SELF));
	assert_false(access_allows(&id, ACCESS_PERMISSION_NONE));
	assert_true(access_allows(NULL, ACCESS_PERMISSION_ANONYMOUS));
	assert_true(access_allows(&id, ACCESS_PERMISSION_ALERT_READ));
	assert_false(access_allows(&id, ACCESS_PERMISSION_ALERT_WRITE));
	id = (struct access_identity){ .app_permissions = "Alert.Read Alert.Read.All" };
	assert_true(access_allows(&id, ACCESS_PERMISSION_ALERT_READ));
	assert_false(access_allows(&id, ACCESS_PERMISSION_ALERT_WRITE));
	assert_false(access_allows(&id, ACCESS_PERMISSION_MACHINE_READ));
	assert_false(access_allows(&id, ACCESS_PERMISSION_SELF));
	assert_string_equal(access_role_name(ACCESS_SECURITY_ADMIN), "SecurityAdmin");
}

static void test_throttle(void **state)
{
	_cleanup_(access_throttle_freep) struct access_throttle *t = access_throttle_new();
	int64_t now = 1000 * NSEC_PER_SEC;

	(void)state;
	assert_non_null(t);
	for (int i = 0; i < 4; i++)
		access_throttle_failed(t, "name:a", now);
	assert_int_equal(access_throttle_wait(t, "name:a", now), 0);
	access_throttle_failed(t, "name:A", now);
	assert_int_equal(access_throttle_wait(t, "name:a", now), 30);
	assert_int_equal(access_throttle_wait(t, "name:a", now + 30 * NSEC_PER_SEC), 0);
	access_throttle_failed(t, "name:a", now);
	assert_int_equal(access_throttle_wait(t, "name:a", now), 60);
	access_throttle_cleared(t, "name:a");
	assert_int_equal(access_throttle_wait(t, "name:a", now), 0);
}

static void check_session(struct state_conn *c, const char *token)
{
	int64_t now = clock_realtime_ns();
	struct access_identity id;
	struct access_event event = { "test", "x", "127.0.0.1", "Success" };

	assert_int_equal(access_session_get(c, token, now, &id, NULL), 0);
	assert_string_equal(id.name, "admin");
	assert_int_equal(id.roles, ACCESS_OWNER);
	assert_true(access_csrf_matches(&id, id.csrf_token));
	assert_false(access_csrf_matches(&id, token));
	assert_false(access_csrf_matches(&id, ""));
	assert_false(access_csrf_matches(&id, NULL));
	assert_int_equal(access_audit(c, &id, &event, NULL), 0);
	assert_int_equal(access_audit(c, NULL, &event, NULL), 0);
	assert_int_equal(access_session_get(c, "wrong", now, &id, NULL), -ENOENT);
	now += (ACCESS_SESSION_IDLE_S - 10) * NSEC_PER_SEC;
	assert_int_equal(access_session_get(c, token, now, &id, NULL), 0);
	assert_int_equal(access_session_get(c, token, now + 20 * NSEC_PER_SEC, &id, NULL), 0);
	now += (ACCESS_SESSION_IDLE_S + 60) * NSEC_PER_SEC;
	assert_int_equal(access_session_get(c, token, now, &id, NULL), -ENOENT);
}

static void test_users(void **state)
{
	char dir[] = "/tmp/vakt-access-XXXXXX", path[64], file[64], token[ACCESS_TOKEN_SIZE],
	     rm[96];
	_cleanup_free_ char *password = NULL;
	struct access_tenant tenant, again;
	struct access_identity id;
	struct stat st;
	struct state *s = NULL;
	struct state_conn *c;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/state.db", dir);
	assert_int_equal(state_open(path, &s, NULL), 0);
	c = state_get(s);
	snprintf(file, sizeof(file), "%s/first-password", dir);
	assert_int_equal(access_bootstrap(c, NULL, &tenant, NULL), 0);
	assert_int_equal(access_bootstrap(c, file, &again, NULL), 0);
	assert_memory_equal(&tenant, &again, sizeof(tenant));
	assert_int_equal(file_read(file, 64, &password, NULL, NULL), 0);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(access_bootstrap(c, file, &again, NULL), 0);
	assert_int_equal(access(file, F_OK), -1);
	assert_int_equal(strcspn(password, "\n"), ACCESS_PASSWORD_SIZE - 1);
	password[ACCESS_PASSWORD_SIZE - 1] = '\0';
	assert_int_equal(access_login(c, "admin", "no", token, NULL), -EACCES);
	assert_int_equal(access_login(c, "nobody", password, token, NULL), -EACCES);
	assert_int_equal(access_login(c, "' OR 1=1 --", password, token, NULL), -EACCES);
	assert_int_equal(access_login(c, "Admin", password, token, NULL), 0);
	check_session(c, token);
	assert_int_equal(access_set_password(c, "nobody", "x", false, NULL), -ENOENT);
	assert_true(access_session_get(c, token, clock_realtime_ns(), &id, NULL) == 0 &&
		    id.must_change_password);
	assert_int_equal(access_set_password(c, "admin", "new password", false, NULL), 0);
	assert_int_equal(access_session_get(c, token, clock_realtime_ns(), &id, NULL), -ENOENT);
	assert_int_equal(access_login(c, "admin", password, token, NULL), -EACCES);
	assert_int_equal(access_login(c, "admin", "new password", token, NULL), 0);
	assert_int_equal(access_session_get(c, token, clock_realtime_ns(), &id, NULL), 0);
	assert_false(id.must_change_password);
	assert_int_equal(access_session_end(c, token, NULL), 0);
	assert_int_equal(access_session_get(c, token, clock_realtime_ns(), &id, NULL), -ENOENT);
	state_close(s);
	snprintf(rm, sizeof(rm), "rm -r %s", dir);
	assert_int_equal(system(rm), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_throttle),
		cmocka_unit_test(test_users),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
