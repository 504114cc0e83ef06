/* SPDX-License-Identifier: Apache-2.0 */
/*
 * password.c - argon2id; the cost is chosen so that a log-in takes about a tenth of a second
 */
#include <argon2.h>
#include <errno.h>
#include <string.h>

#include "cloud/access/access.h"

enum { PASSES = 2, MEMORY_KIB = 32 * 1024, LANES = 1, SALT = 16, DIGEST = 32 };

int password_hash(const char *password, char **ret_phc)
{
	size_t size = argon2_encodedlen(PASSES, MEMORY_KIB, LANES, SALT, DIGEST, Argon2_id);
	_cleanup_free_ char *phc = malloc(size);
	uint8_t salt[SALT];

	if (!phc)
		return -ENOMEM;
	random_bytes(salt, sizeof(salt));
	if (argon2id_hash_encoded(PASSES, MEMORY_KIB, LANES, password, strlen(password), salt, SALT,
				  DIGEST, phc, size) != ARGON2_OK)
		return -ENOMEM;
	*ret_phc = TAKE_PTR(phc);
	return 0;
}

bool password_verify(const char *phc, const char *password)
{
	if (!phc) {
		_cleanup_free_ char *unused = NULL;

		/* The same work as for a known user, so that time does not tell names. */
		(void)password_hash(password, &unused);
		return false;
	}
	return argon2id_verify(phc, password, strlen(password)) == ARGON2_OK;
}
