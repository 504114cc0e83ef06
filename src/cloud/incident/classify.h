/* SPDX-License-Identifier: Apache-2.0 */
/*
 * classify.h - what the reference's enums say of a Sigma rule: severity, category, source
 */
#pragma once

#include "rules/rules.h"

/* "Informational", "Low", "Medium", "High"; Sigma's critical is High. */
const char *classify_severity(enum rules_level level);
/* 0 for Informational to 3 for High; -1 for any other word. */
int classify_severity_rank(const char *severity);
/* By the rule's first tactic; "SuspiciousActivity" where the reference has no word for it. */
const char *classify_category(const struct rules_info *rule);
