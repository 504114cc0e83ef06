/* SPDX-License-Identifier: Apache-2.0 */
/*
 * permissions.h - the one table that says who may do what
 *
 * X(name, roles, app permissions): the roles of people and the permission names of API clients
 * (separated by a blank) that grant it. What stands in no row is refused.
 */
#pragma once

#define ACCESS_ROLES(X)                                                                            \
	X(OWNER, "Owner")                                                                          \
	X(READER, "Reader")                                                                        \
	X(SECURITY_ADMIN, "SecurityAdmin")

#define ACCESS_ANYONE (ACCESS_OWNER | ACCESS_READER | ACCESS_SECURITY_ADMIN)
#define ACCESS_WRITERS (ACCESS_OWNER | ACCESS_SECURITY_ADMIN)

#define ACCESS_PERMISSIONS(X)                                                                      \
	X(SELF, ACCESS_ANYONE, "")                                                                 \
	X(ALERT_READ, ACCESS_ANYONE, "Alert.Read.All Alert.ReadWrite.All")                         \
	X(ALERT_WRITE, ACCESS_WRITERS, "Alert.ReadWrite.All")                                      \
	X(MACHINE_READ, ACCESS_ANYONE, "Machine.Read.All Machine.ReadWrite.All")                   \
	X(FILE_READ, ACCESS_ANYONE, "File.Read.All")                                               \
	X(IP_READ, ACCESS_ANYONE, "Ip.Read.All")                                                   \
	X(URL_READ, ACCESS_ANYONE, "URL.Read.All")                                                 \
	X(INCIDENT_READ, ACCESS_ANYONE, "Incident.Read.All Incident.ReadWrite.All")                \
	X(INCIDENT_WRITE, ACCESS_WRITERS, "Incident.ReadWrite.All")                                \
	X(EVENT_READ, ACCESS_ANYONE, "AdvancedQuery.Read.All")                                     \
	X(HUNT, ACCESS_ANYONE, "AdvancedQuery.Read.All ThreatHunting.Read.All")                    \
	X(HUNT_KEEP, ACCESS_ANYONE, "")                                                            \
	X(HUNT_SHARE, ACCESS_WRITERS, "")                                                          \
	X(DETECTION_READ, ACCESS_ANYONE, "CustomDetection.Read.All CustomDetection.ReadWrite.All") \
	X(DETECTION_WRITE, ACCESS_WRITERS, "CustomDetection.ReadWrite.All")                        \
	X(SEARCH, ACCESS_ANYONE, "")                                                               \
	X(ONBOARDING, ACCESS_WRITERS, "")                                                          \
	X(API_CLIENT, ACCESS_OWNER, "")                                                            \
	X(USER_ADMIN, ACCESS_OWNER, "")                                                            \
	X(AUDIT_READ, ACCESS_WRITERS, "")                                                          \
	X(RULE_READ, ACCESS_WRITERS, "DetectionTuning.Read.All DetectionTuning.ReadWrite.All")     \
	X(RULE_WRITE, ACCESS_WRITERS, "DetectionTuning.ReadWrite.All")                             \
	X(SERVER_READ, ACCESS_WRITERS, "")

enum access_role_bit {
#define X(name, text) ACCESS_BIT_##name,
	ACCESS_ROLES(X)
#undef X
};

enum access_role {
#define X(name, text) ACCESS_##name = 1 << ACCESS_BIT_##name,
	ACCESS_ROLES(X)
#undef X
};

/* 0 is no permission: a route that forgot to name one is refused. ANONYMOUS is said aloud. */
enum access_permission {
	ACCESS_PERMISSION_NONE,
#define X(name, roles, apps) ACCESS_PERMISSION_##name,
	ACCESS_PERMISSIONS(X)
#undef X
	    ACCESS_PERMISSION_ANONYMOUS,
};
