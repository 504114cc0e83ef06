/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/ingest/budget.h"

bool budget_take(struct budget *b, size_t bytes)
{
	size_t used = b->used;

	do
		if (bytes > b->max || used > b->max - bytes)
			return false;
	while (!atomic_compare_exchange_weak(&b->used, &used, used + bytes));
	return true;
}

void budget_give(struct budget *b, size_t bytes)
{
	b->used -= bytes;
}
