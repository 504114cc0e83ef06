/* SPDX-License-Identifier: Apache-2.0 */
#include "base/near.h"

#include <ctype.h>
#include <limits.h>
#include <string.h>

#include "base/macro.h"

unsigned int near_distance(const char *a, const char *b)
{
	size_t rows = strlen(a), columns = strlen(b);
	/* The row under work, the one before, the one before that (for swaps). */
	unsigned int row[3][NEAR_WORD_MAX + 1];

	if (rows > NEAR_WORD_MAX || columns > NEAR_WORD_MAX)
		return UINT_MAX;
	for (size_t j = 0; j <= columns; j++)
		row[0][j] = (unsigned int)j;
	for (size_t i = 1; i <= rows; i++) {
		unsigned int *now = row[i % 3], *last = row[(i + 2) % 3], *older = row[(i + 1) % 3];

		now[0] = (unsigned int)i;
		for (size_t j = 1; j <= columns; j++) {
			int x = tolower((unsigned char)a[i - 1]), y = tolower((unsigned char)b[j - 1]);

			now[j] = MIN(last[j], now[j - 1]) + 1;
			now[j] = MIN(now[j], last[j - 1] + (x != y));
			if (i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) &&
			    y == tolower((unsigned char)a[i - 2]))
				now[j] = MIN(now[j], older[j - 2] + 1);
		}
	}
	return row[rows % 3][columns];
}

void near_offer(struct near *near, const char *candidate)
{
	unsigned int distance = near_distance(near->word, candidate);

	/* A third of the letters wrong is another word, not a mistyped one. */
	if (distance > MAX(1u, (unsigned int)strlen(candidate) / 3))
		return;
	if (near->best && distance >= near->distance)
		return;
	near->best = candidate;
	near->distance = distance;
}
