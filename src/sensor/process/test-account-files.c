/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "sensor/process/account_files.h"

static char dir[] = "/tmp/vakt-accounts-XXXXXX";
static char told[4096];

static void note(void *arg _unused_, const struct account_event *e)
{
	size_t used = strlen(told);

	snprintf(told + used, sizeof(told) - used, "%d %s %s %d %d %s;", (int)e->change, e->account,
		 e->group, (int)e->uid, (int)e->gid, e->what);
}

static void write_file(const char *name, const char *text)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(file_write_atomic(path, text, strlen(text), 0600, NULL), 0);
}

static const char *changed(struct account_files *f, const char *name, const char *text)
{
	char path[64];

	write_file(name, text);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_true(account_files_have(f, path, strlen(path)));
	told[0] = '\0';
	account_files_read(f, path, strlen(path), note, NULL);
	return told;
}

static int setup(void **state)
{
	struct account_files *f;

	if (!mkdtemp(dir))
		return -1;
	write_file("passwd", "root:x:0:0:root:/root:/bin/bash\nwww:x:33:33::/var/www:/bin/false\n");
	write_file("group", "root:x:0:\nsudo:x:27:ann\n");
	write_file("shadow", "root:*:19000:0:99999:7:::\nwww:!:19000:0:99999:7:::\n");
	if (account_files_new(dir, &f) < 0)
		return -1;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	static const char *const files[] = { "passwd", "group", "shadow" };
	char path[64];

	account_files_free(*state);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
		unlink(path);
	}
	return rmdir(dir);
}

static void users_are_told_made_changed_and_removed(void **state)
{
	assert_string_equal(changed(*state, "passwd", "root:x:0:0:root:/root:/bin/bash\n"
						      "www:x:33:33::/var/www:/bin/bash\n"
						      "ann:x:1000:1000:Ann,,,:/home/ann:/bin/bash\n"),
			    "1 www  33 33 shell;0 ann  1000 1000 ;");
	assert_string_equal(changed(*state, "passwd", "root:x:0:0:root:/root:/bin/bash\n"
						      "www:x:0:0::/var/www:/bin/bash\n"),
			    "1 www  0 0 uid,gid;2 ann  1000 1000 ;");
	/* Nothing new; lines that are none; a file that is being written. */
	assert_string_equal(changed(*state, "passwd", "root:x:0:0:root:/root:/bin/bash\n"
						      "www:x:0:0::/var/www:/bin/bash\n\n:::\n+\n"), "");
	assert_string_equal(changed(*state, "passwd", ""), "");
	assert_string_equal(changed(*state, "passwd", "root:x:0:0:root:/root:/bin/bash\n"),
			    "2 www  0 0 ;");
}

static void groups_tell_their_members(void **state)
{
	assert_string_equal(changed(*state, "group", "root:x:0:\nsudo:x:27:ann,bob\ndocker:x:998:eve\n"),
			    "5 bob sudo -1 27 ;3  docker -1 998 ;5 eve docker -1 998 ;");
	assert_string_equal(changed(*state, "group", "root:x:0:\nsudo:x:27:bob,annabel\n"),
			    "5 annabel sudo -1 27 ;6 ann sudo -1 27 ;4  docker -1 998 ;");
}

static void of_passwords_it_is_told_that_they_changed(void **state)
{
	assert_string_equal(changed(*state, "shadow", "root:$y$j9T$abc:19001:0:99999:7:::\n"
						      "www:!:19000:0:99999:7::19500:\n"),
			    "1 root  -1 -1 password;1 www  -1 -1 expiry;");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(users_are_told_made_changed_and_removed),
		cmocka_unit_test(groups_tell_their_members),
		cmocka_unit_test(of_passwords_it_is_told_that_they_changed),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
