/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/api/enums.h"

#include <string.h>

#include "base/macro.h"

#define LIST(name, ...) const char *const name[] = { __VA_ARGS__, NULL }

#define DETERMINATIONS                                                                             \
	"MultiStagedAttack", "MaliciousUserActivity", "CompromisedUser", "Malware", "Phishing",    \
	    "UnwantedSoftware", "SecurityTesting", "LineOfBusinessApplication",                    \
	    "ConfirmedActivity", "NotMalicious", "InsufficientData", "Other"

LIST(api_severities, "UnSpecified", "Informational", "Low", "Medium", "High");
LIST(api_alert_statuses, "Unknown", "New", "InProgress", "Resolved");
LIST(api_alert_status_changes, "New", "InProgress", "Resolved");
LIST(api_classifications, "TruePositive", "InformationalExpectedActivity", "FalsePositive");
LIST(api_determinations, DETERMINATIONS);
LIST(api_determination_changes, DETERMINATIONS, "ConfirmedUserActivity", "Clean");
LIST(api_investigation_states, "Unknown", "Terminated", "SuccessfullyRemediated", "Benign",
     "Failed", "PartiallyRemediated", "Running", "PendingApproval", "PendingResource",
     "PartiallyInvestigated", "TerminatedByUser", "TerminatedBySystem", "Queued", "InnerFailure",
     "PreexistingAlert", "UnsupportedOs", "UnsupportedAlertType", "SuppressedAlert");
LIST(api_categories, "General", "CommandAndControl", "Collection", "CredentialAccess",
     "DefenseEvasion", "Discovery", "Exfiltration", "Exploit", "Execution", "InitialAccess",
     "LateralMovement", "Malware", "Persistence", "PrivilegeEscalation", "Ransomware",
     "SuspiciousActivity");
LIST(api_incident_statuses, "Active", "InProgress", "Resolved");
LIST(api_health_statuses, "Active", "Inactive", "ImpairedCommunication", "NoSensorData",
     "NoSensorDataImpairedCommunication", "Unknown");
LIST(api_onboarding_statuses, "onboarded", "CanBeOnboarded", "Unsupported", "InsufficientInfo");
LIST(api_risk_scores, "None", "Informational", "Low", "Medium", "High");
LIST(api_exposure_levels, "None", "Low", "Medium", "High");
LIST(api_device_values, "Normal", "Low", "High");
LIST(api_languages, "", "en", "sv");

const char *api_determination(const char *text)
{
	static const char *const older[][2] = {
		{ "ConfirmedUserActivity", "ConfirmedActivity" },
		{ "Clean", "NotMalicious" },
	};

	for (size_t i = 0; text && i < ARRAY_SIZE(older); i++)
		if (strcmp(text, older[i][0]) == 0)
			return older[i][1];
	return text;
}
