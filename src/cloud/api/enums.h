/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enums.h - words that the reference's objects allow; lists end with NULL
 *
 * Source: the reference's alert and machine resource types.
 */
#pragma once

extern const char *const api_severities[];
extern const char *const api_alert_statuses[];
extern const char *const api_alert_status_changes[]; /* those that a caller may set */
extern const char *const api_classifications[];
extern const char *const api_determinations[];
/* The same and the spellings that older clients send. */
extern const char *const api_determination_changes[];
extern const char *const api_investigation_states[];
extern const char *const api_categories[];
extern const char *const api_incident_statuses[];
extern const char *const api_health_statuses[];
extern const char *const api_onboarding_statuses[];
extern const char *const api_risk_scores[];
extern const char *const api_exposure_levels[];
extern const char *const api_device_values[];
extern const char *const api_languages[];

/* Today's spelling of a determination. */
const char *api_determination(const char *text);
