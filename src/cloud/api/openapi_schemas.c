/* SPDX-License-Identifier: Apache-2.0 */
/*
 * openapi_schemas.c - answers that no entity's table tells; the tests hold every answer against
 * them
 *
 * Objects name every member that they may have.
 */
#include "cloud/api/api_internal.h"

#define STRING "{\"type\":\"string\"}"
#define STRING_OR_NULL "{\"nullable\":true,\"type\":\"string\"}"
#define INTEGER "{\"type\":\"integer\"}"
#define INTEGER_OR_NULL "{\"nullable\":true,\"type\":\"integer\"}"
#define BOOLEAN "{\"type\":\"boolean\"}"
#define OBJECT "{\"type\":\"object\"}"
#define COUNTS "{\"additionalProperties\":{\"type\":\"integer\"},\"type\":\"object\"}"
#define M(name, schema) "\"" name "\":" schema
#define LIST(items) "{\"type\":\"array\",\"items\":" items "}"
#define REF(name) "{\"$ref\":\"#/components/schemas/" name "\"}"
/* required: the names in quotes with commas between. */
#define CLOSED(required, members)                                                                  \
	"{\"type\":\"object\",\"additionalProperties\":false,\"required\":[" required              \
	"],\"properties\":{" members "}}"
#define CLOSED_OR_NULL(required, members)                                                          \
	"{\"type\":\"object\",\"nullable\":true,\"additionalProperties\":false,\"required\":"      \
	"[" required "],\"properties\":{" members "}}"

const struct api_schema api_schemas[] = {
	{ "Error",
	  CLOSED("\"error\"", M("error", CLOSED("\"code\",\"message\",\"target\"",
						M("code", STRING) "," M("message", STRING) "," M(
						    "target", STRING)))) },
	{ "TokenError", CLOSED("\"error\"", M("error", "{}") "," M("error_description", STRING)) },
	{ "Session",
	  CLOSED(
	      "\"user\",\"csrfToken\",\"tenantId\",\"mustChangePassword\",\"permissions\"",
	      M("user",
		CLOSED(
		    "\"id\",\"name\",\"roles\",\"language\"",
		    M("id", STRING) "," M("name", STRING) "," M("roles", LIST(STRING)) "," M(
			"language",
			STRING))) "," M("csrfToken",
					STRING) "," M("tenantId",
						      STRING) "," M("mustChangePassword",
								    BOOLEAN) "," M("permissions",
										   LIST(STRING))) },
	{ "Event",
	  CLOSED(
	      "\"time\",\"receivedTime\",\"kind\",\"actionType\",\"reportId\",\"process\","
	      "\"columns\"",
	      M("time", STRING_OR_NULL) "," M("receivedTime", STRING_OR_NULL) "," M("kind", "{\"typ"
											    "e\":"
											    "\"stri"
											    "ng\","
											    "\"enum"
											    "\":["
											    "\"proc"
											    "ess\","
											    "\"file"
											    "\","
											    "\"netw"
											    "ork\","
											    "\"gap"
											    "\"]}") "," M("actionType", STRING_OR_NULL) "," M(
		  "reportId",
		  STRING_OR_NULL) "," M("process",
					CLOSED_OR_NULL(
					    "\"uniqueId\",\"processId\",\"fileName\","
					    "\"folderPath\",\"commandLine\",\"accountName\"",
					    M("uniqueId", STRING_OR_NULL) "," M("processId", INTEGER_OR_NULL) "," M("fileName", STRING_OR_NULL) "," M(
						"folderPath",
						STRING_OR_NULL) "," M("commandLine",
								      STRING_OR_NULL) "," M("accoun"
											    "tName",
											    STRING_OR_NULL))) "," M("columns",
														    OBJECT)) },
	{ "Events", CLOSED("\"events\"", M("events", LIST(REF("Event")))) },
	{ "Timeline", CLOSED("\"events\",\"nextCursor\"",
			     M("events", LIST(REF("Event"))) "," M("nextCursor", STRING_OR_NULL)) },
	{ "Histogram",
	  CLOSED("\"from\",\"to\",\"bucketSeconds\",\"total\",\"buckets\"",
		 M("from", STRING) "," M("to", STRING) "," M("bucketSeconds", INTEGER) "," M(
		     "total",
		     INTEGER) "," M("buckets",
				    LIST(CLOSED("\"time\",\"count\",\"gap\"",
						M("time", STRING_OR_NULL) "," M(
						    "count", INTEGER) "," M("gap", BOOLEAN))))) },
	{ "Gaps",
	  CLOSED(
	      "\"gaps\"",
	      M("gaps",
		LIST(CLOSED("\"from\",\"to\",\"reason\",\"kind\",\"lost\"",
			    M("from", STRING_OR_NULL) "," M("to", STRING_OR_NULL) "," M(
				"reason",
				STRING) "," M("kind", STRING) "," M("lost", INTEGER_OR_NULL))))) },
	{ "ProcessNode",
	  CLOSED(
	      "\"uniqueId\",\"parentUniqueId\",\"processId\",\"fileName\",\"folderPath\","
	      "\"commandLine\",\"accountName\",\"sha256\",\"startTime\",\"endTime\",\"childCount\","
	      "\"alertIds\"",
	      M("uniqueId", STRING) "," M("parentUniqueId", STRING_OR_NULL) "," M("processId", INTEGER) "," M("fileName", STRING) "," M(
		  "folderPath",
		  STRING) "," M("commandLine",
				STRING) "," M("accountName",
					      STRING) "," M("sha256",
							    STRING) "," M("startTime",
									  STRING_OR_NULL) "," M("en"
												"dT"
												"im"
												"e",
												STRING_OR_NULL) "," M("childCount",
														      INTEGER) "," M("alertIds",
																     LIST(
																	 STRING))) },
	{ "ProcessTree", CLOSED("\"focus\",\"nodes\"",
				M("focus", STRING) "," M("nodes", LIST(REF("ProcessNode")))) },
	{ "ProcessChildren",
	  CLOSED("\"nodes\",\"nextCursor\"",
		 M("nodes", LIST(REF("ProcessNode"))) "," M("nextCursor", STRING_OR_NULL)) },
	{ "Onboarding",
	  CLOSED("\"address\",\"caFingerprint\",\"command\"",
		 M("address", STRING) "," M("caFingerprint", STRING) "," M("command", STRING)) },
	{ "NewToken", CLOSED("\"id\",\"file\",\"command\"",
			     M("id", STRING) "," M("file", OBJECT) "," M("command", STRING)) },
	{ "NewApiClient",
	  CLOSED(
	      "\"id\",\"name\",\"permissions\",\"createdBy\",\"createdTime\",\"expiresTime\","
	      "\"revokedTime\",\"secret\"",
	      M("id", STRING) "," M("name", STRING) "," M("permissions", LIST(STRING)) "," M(
		  "createdBy",
		  STRING) "," M("createdTime",
				STRING) "," M("expiresTime",
					      STRING_OR_NULL) "," M("revokedTime",
								    STRING_OR_NULL) "," M("secret",
											  STRING)) },
	{ "Summary",
	  CLOSED("\"alertsBySeverity\",\"alertsByStatus\",\"incidentsByStatus\","
		 "\"machinesByHealth\",\"machinesByRisk\"",
		 M("alertsBySeverity", COUNTS) "," M("alertsByStatus", COUNTS) "," M(
		     "incidentsByStatus", COUNTS) "," M("machinesByHealth",
							COUNTS) "," M("machinesByRisk", COUNTS)) },
	{ "AuditPage",
	  CLOSED(
	      "\"value\",\"nextCursor\"",
	      M("value",
		LIST(CLOSED(
		    "\"sequence\",\"time\",\"actor\",\"address\",\"operation\",\"target\","
		    "\"outcome\",\"details\"",
		    M("sequence", INTEGER) "," M("time", STRING_OR_NULL) "," M("actor", STRING) "," M(
			"address",
			STRING) "," M("operation",
				      STRING) "," M("target", STRING) "," M("outcome",
									    "{\"type\":\"string\","
									    "\"enum\":[\"Success\","
									    "\"Denied\",\"Failed\"]"
									    "}") "," M("details",
										       OBJECT)))) "," M("nextCursor",
													STRING_OR_NULL)) },
	{ "AccessToken",
	  CLOSED(
	      "\"token_type\",\"expires_in\",\"ext_expires_in\",\"access_token\"",
	      M("token_type", STRING) "," M("expires_in", "{}") "," M("ext_expires_in", "{}") "," M(
		  "access_token",
		  STRING) "," M("expires_on", STRING) "," M("not_before", STRING) "," M("resource",
											STRING)) },
	{ "Description",
	  "{\"type\":\"object\",\"required\":[\"openapi\",\"info\",\"paths\",\"components\"]}" },
	{ NULL, NULL },
};
