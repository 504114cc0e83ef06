/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/incident/classify.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "base/macro.h"

static const char *const severities[] = { "Informational", "Low", "Medium", "High" };

const char *classify_severity(enum rules_level level)
{
	return severities[MIN((size_t)level, ARRAY_SIZE(severities) - 1)];
}

int classify_severity_rank(const char *severity)
{
	for (size_t i = 0; i < ARRAY_SIZE(severities); i++) {
		if (strcmp(severities[i], severity) == 0)
			return (int)i;
	}
	return -1;
}

/* Sigma writes tactics with hyphens or, in older rules, underscores. */
static bool same_tactic(const char *tactic, const char *category)
{
	for (; *tactic; tactic++) {
		if (*tactic == '-' || *tactic == '_')
			continue;
		if (tolower((unsigned char)*tactic) != tolower((unsigned char)*category))
			return false;
		category++;
	}
	return !*category;
}

const char *classify_category(const struct rules_info *rule)
{
	static const char *const categories[] = {
		"CommandAndControl", "Collection",   "CredentialAccess",    "DefenseEvasion",
		"Discovery",	     "Exfiltration", "Execution",	    "InitialAccess",
		"LateralMovement",   "Persistence",  "PrivilegeEscalation",
	};
	const char *tactic = rule->tactics ? rule->tactics[0] : NULL;

	for (size_t i = 0; tactic && i < ARRAY_SIZE(categories); i++) {
		if (same_tactic(tactic, categories[i]))
			return categories[i];
	}
	return "SuspiciousActivity";
}
