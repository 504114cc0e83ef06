/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_table.c - every key of the configuration; docs/configuration.md follows from it
 *
 * The reference's keys and allowed values: "Set preferences for Microsoft Defender for Endpoint on
 * Linux", its page of 2026. A key gets programs and an offset when something heeds it.
 */
#include "base/config.h"

#define ON_OFF "disabled|enabled"
#define MIB (1ll << 20)
#define GIB (1ll << 30)

#define LOG_FILE(name, kind) "{\"path\":\"/var/log/" name "\",\"kind\":\"" kind "\"}"

#define EFFECT(field, who) .offset = offsetof(struct config, field), .programs = (who)
#define RANGE(low, high) .min = (low), .max = (high)
#define NO_EFFECT_CHOICE(path_, choices_, unset_, doc_)                                            \
	{ .path = path_, .type = CONFIG_CHOICE, .choices = choices_, .unset = "\"" unset_ "\"",    \
	  .doc = doc_ }
#define NO_EFFECT_BOOL(path_, unset_, doc_)                                                        \
	{ .path = path_, .type = CONFIG_BOOL, .unset = #unset_, .doc = doc_ }
#define NO_EFFECT_INTEGER(path_, low, high, unset_, doc_)                                          \
	{ .path = path_, .type = CONFIG_INTEGER, RANGE(low, high), .unset = #unset_, .doc = doc_ }
#define NO_EFFECT_LIST(path_, doc_)                                                                \
	{ .path = path_, .type = CONFIG_LIST, .unset = "[]", .doc = doc_ }
#define SUPPLEMENTARY(name, doc_)                                                                  \
	NO_EFFECT_CHOICE("features.supplementarySensorConfigurations." name, ON_OFF, "disabled", doc_)

const struct config_key config_keys[] = {
	{ .path = "cloudService.proxy", .type = CONFIG_URL, EFFECT(proxy, CONFIG_UPLINK),
	  .unset = "\"\"",
	  .doc = "Proxy through which the control plane is reached: `http://host:port`, without "
		 "user and password." },
	{ .path = "edr.groupIds", .type = CONFIG_TEXT, EFFECT(group_ids, CONFIG_UPLINK),
	  .unset = "\"\"", .doc = "Group that the device belongs to; reported to the control plane." },
	{ .path = "edr.tags", .type = CONFIG_TAGS, EFFECT(tags, CONFIG_UPLINK), .unset = "[]",
	  .doc = "Tags of the device, `[{\"key\":\"GROUP\",\"value\":\"...\"}]`; reported to the "
		 "control plane." },
	{ .path = "vakt.logLevel", .type = CONFIG_CHOICE,
	  EFFECT(log_level, CONFIG_SENSOR | CONFIG_UPLINK),
	  .choices = "error|warning|notice|info|debug", .unset = "\"info\"",
	  .doc = "What the device's programs log." },
	{ .path = "vakt.heartbeatSeconds", .type = CONFIG_INTEGER,
	  EFFECT(heartbeat_s, CONFIG_UPLINK), RANGE(10, 3600), .unset = "60",
	  .doc = "How often the device reports its health." },
	{ .path = "vakt.spool.maxBytes", .type = CONFIG_INTEGER,
	  EFFECT(spool_max_bytes, CONFIG_SENSOR), RANGE(16 * MIB, 1024 * GIB), .unset = "1073741824",
	  .doc = "Disk space for events while the control plane cannot be reached. Beyond it events "
		 "are dropped and counted." },
	{ .path = "vakt.spool.sealMilliseconds", .type = CONFIG_INTEGER,
	  EFFECT(seal_ms, CONFIG_SENSOR), RANGE(25, 60000), .unset = "250",
	  .doc = "How long an event may wait for others before their batch is written; four times as "
		 "long where one batch follows the other." },
	{ .path = "vakt.ring.bytes", .type = CONFIG_INTEGER, EFFECT(ring_bytes, CONFIG_SENSOR),
	  .restart = true, .power_of_two = true, RANGE(256 << 10, GIB), .unset = "16777216",
	  .doc = "Memory between kernel and sensor. Larger holds longer bursts." },
	{ .path = "vakt.hash.maxFileBytes", .type = CONFIG_INTEGER,
	  EFFECT(hash_max_bytes, CONFIG_SENSOR), RANGE(0, GIB), .unset = "134217728",
	  .doc = "Executables above it are not hashed; 0: none is." },
	{ .path = "vakt.processes.max", .type = CONFIG_INTEGER,
	  EFFECT(processes_max, CONFIG_SENSOR), .restart = true, RANGE(1024, 1 << 22),
	  .unset = "131072", .doc = "Processes that the sensor keeps in memory." },
	{ .path = "vakt.network.connectionEnds", .type = CONFIG_CHOICE,
	  EFFECT(connection_ends, CONFIG_SENSOR), .restart = true, .choices = "none|remote|all",
	  .unset = "\"remote\"",
	  .doc = "Of which TCP connections the end is told, with bytes and duration: of none, of those "
		 "with other machines, or of all. `all` makes connections within the machine dearer." },
	{ .path = "vakt.logs.files", .type = CONFIG_LOG_FILES, EFFECT(log_files, CONFIG_SENSOR),
	  .choices = "auth|syslog|cron|auditd|vsftpd|clamav|guacamole|webserver",
	  .unset = "[" LOG_FILE("auth.log", "auth") "," LOG_FILE("secure", "auth") ","
		   LOG_FILE("syslog", "syslog") "," LOG_FILE("messages", "syslog") ","
		   LOG_FILE("cron", "cron") "," LOG_FILE("cron.log", "cron") ","
		   LOG_FILE("audit/audit.log", "auditd") "," LOG_FILE("vsftpd.log", "vsftpd") ","
		   LOG_FILE("clamav/clamav.log", "clamav") ","
		   LOG_FILE("nginx/access.log", "webserver") ","
		   LOG_FILE("apache2/access.log", "webserver") ","
		   LOG_FILE("httpd/access_log", "webserver") "]",
	  .doc = "Log files whose lines become rows of DeviceLogEvents; what is added from now on." },
	{ .path = "vakt.logs.journal", .type = CONFIG_CHOICE, EFFECT(log_journal, CONFIG_SENSOR),
	  .choices = "automatic|enabled|disabled", .unset = "\"automatic\"",
	  .doc = "Whether systemd's journal is read: automatic does where no file of kind auth or "
		 "syslog is there, which would have the same lines." },
	{ .path = "vakt.logs.journalFolder", .type = CONFIG_TEXT,
	  EFFECT(log_journal_folder, CONFIG_SENSOR), .unset = "\"\"",
	  .doc = "Where the journal's files lie; empty: the machine's own." },
	{ .path = "vakt.logs.linesPerSecond", .type = CONFIG_INTEGER,
	  EFFECT(log_lines_per_second, CONFIG_SENSOR), RANGE(1, 100000), .unset = "2000",
	  .doc = "Lines that are read in a second, besides 4 MiB. What is beyond it waits in its file; "
		 "where 64 MiB wait they are left out and told as a gap." },

	NO_EFFECT_CHOICE("antivirusEngine.enforcementLevel", "real_time|audit|on_demand|passive",
			 "passive", "What the antivirus engine does with what it finds."),
	NO_EFFECT_CHOICE("antivirusEngine.behaviorMonitoring", ON_OFF, "disabled",
			 "Behaviour monitoring."),
	NO_EFFECT_BOOL("antivirusEngine.enableRealTimeProtection", false,
		       "Real-time protection (older profiles)."),
	NO_EFFECT_BOOL("antivirusEngine.passiveMode", true, "Passive mode (older profiles)."),
	NO_EFFECT_BOOL("antivirusEngine.scanAfterDefinitionUpdate", true,
		       "Scan of running processes after new definitions."),
	NO_EFFECT_BOOL("antivirusEngine.scanArchives", true, "Archives in scans on demand."),
	NO_EFFECT_INTEGER("antivirusEngine.maximumOnDemandScanThreads", 1, 64, 2,
			  "Threads of a scan on demand."),
	NO_EFFECT_CHOICE("antivirusEngine.exclusionsMergePolicy", "merge|admin_only", "merge",
			 "Whether local exclusions count."),
	NO_EFFECT_LIST("antivirusEngine.exclusions", "What scans leave out."),
	NO_EFFECT_LIST("antivirusEngine.allowedThreats", "Threats that are let be."),
	NO_EFFECT_LIST("antivirusEngine.disallowedThreatActions",
		       "What a local user may not do with threats."),
	NO_EFFECT_CHOICE("antivirusEngine.nonExecMountPolicy", "unmute|mute", "unmute",
			 "File systems mounted noexec."),
	NO_EFFECT_LIST("antivirusEngine.unmonitoredFilesystems", "File systems left out."),
	NO_EFFECT_BOOL("antivirusEngine.enableFileHashComputation", false,
		       "Hashes of scanned files. Vakt hashes executables whatever stands here."),
	NO_EFFECT_LIST("antivirusEngine.threatTypeSettings", "What is done with kinds of threats."),
	NO_EFFECT_CHOICE("antivirusEngine.threatTypeSettingsMergePolicy", "merge|admin_only",
			 "merge", "Whether local settings of threat types count."),
	NO_EFFECT_INTEGER("antivirusEngine.scanResultsRetentionDays", 1, 180, 90,
			  "Days that results of scans are kept."),
	NO_EFFECT_INTEGER("antivirusEngine.scanHistoryMaximumItems", 5000, 15000, 10000,
			  "Entries of the scan history."),
	NO_EFFECT_CHOICE("antivirusEngine.MemoryScan", ON_OFF, "disabled", "Scan of memory."),
	NO_EFFECT_BOOL("antivirusEngine.scanFileModifyPermissions", false,
		       "Scan when a file becomes executable."),
	NO_EFFECT_BOOL("antivirusEngine.scanFileModifyOwnership", false,
		       "Scan when a file changes hands."),
	NO_EFFECT_BOOL("antivirusEngine.scanNetworkSocketEvent", false, "Scan of raw sockets."),
	{ .path = "antivirusEngine.offlineDefinitionUpdateUrl", .type = CONFIG_TEXT,
	  .unset = "\"\"", .doc = "Mirror of definitions." },
	NO_EFFECT_BOOL("antivirusEngine.offlineDefinitionUpdateFallbackToCloud", false,
		       "The cloud where the mirror fails."),
	NO_EFFECT_CHOICE("antivirusEngine.offlineDefinitionUpdate", ON_OFF, "disabled",
			 "Definitions from a mirror."),
	NO_EFFECT_CHOICE("antivirusEngine.scheduledScan", ON_OFF, "disabled", "Scheduled scans."),

	NO_EFFECT_INTEGER("scheduledScan.weeklyConfiguration.dayOfWeek", 0, 8, 0,
			  "Day of the weekly scan: 1 is Sunday, 8 every day, 0 none."),
	NO_EFFECT_CHOICE("scheduledScan.weeklyConfiguration.scanType", "quick|full", "quick",
			 "Kind of the weekly scan."),
	NO_EFFECT_INTEGER("scheduledScan.weeklyConfiguration.timeOfDay", 0, 1440, 120,
			  "Minute of the day of the weekly scan."),
	NO_EFFECT_INTEGER("scheduledScan.dailyConfiguration.timeOfDay", 0, 1440, 0,
			  "Minute of the day of the daily scan."),
	NO_EFFECT_INTEGER("scheduledScan.dailyConfiguration.interval", 0, 24, 0,
			  "Hours between quick scans; 0: none."),
	NO_EFFECT_BOOL("scheduledScan.runScanWhenIdle", false, "Waits until the machine is idle."),
	NO_EFFECT_BOOL("scheduledScan.lowPriorityScheduledScan", false, "Scans at low priority."),
	NO_EFFECT_BOOL("scheduledScan.checkForDefinitionsUpdate", false,
		       "New definitions before a scan."),
	NO_EFFECT_BOOL("scheduledScan.ignoreExclusions", false, "Scans what is excluded, too."),
	NO_EFFECT_INTEGER("scheduledScan.randomizeScanStartTime", 0, 23, 0,
			  "Hours that the start may be put off by."),

	NO_EFFECT_BOOL("cloudService.enabled", true, "Cloud-delivered protection."),
	NO_EFFECT_CHOICE("cloudService.diagnosticLevel", "optional|required", "required",
			 "Diagnostic data."),
	NO_EFFECT_CHOICE("cloudService.cloudBlockLevel",
			 "normal|moderate|high|high_plus|zero_tolerance", "normal",
			 "How sure a verdict must be to block."),
	NO_EFFECT_CHOICE("cloudService.automaticSampleSubmissionConsent", "none|safe|all", "safe",
			 "Samples that are sent."),
	NO_EFFECT_BOOL("cloudService.automaticDefinitionUpdateEnabled", true,
		       "Definitions are kept new."),
	NO_EFFECT_INTEGER("cloudService.definitionUpdatesInterval", 60, 604800, 28800,
			  "Seconds between updates of definitions."),

	NO_EFFECT_CHOICE("features.moduleLoad", ON_OFF, "disabled", "Loading of shared libraries."),
	NO_EFFECT_CHOICE("features.remediateInfectedFile", ON_OFF, "disabled",
			 "Ends processes that loaded an infected file."),
	NO_EFFECT_CHOICE("features.enableAntivirusEngineCache", ON_OFF, "disabled",
			 "Cache of scanned events."),
	NO_EFFECT_CHOICE("features.ebpfSupplementaryEventProvider", ON_OFF, "enabled",
			 "Events by eBPF. Vakt chooses what the kernel offers."),
	NO_EFFECT_CHOICE("features.offlineDefinitionUpdateVerifySig", ON_OFF, "disabled",
			 "Signatures of definitions from a mirror."),
	SUPPLEMENTARY("enableFilePermissionEvents", "Changes of permissions."),
	SUPPLEMENTARY("enableFileOwnershipEvents", "Changes of owners."),
	SUPPLEMENTARY("enableRawSocketEvent", "Raw sockets."),
	SUPPLEMENTARY("enableBootLoaderCalls", "Boot loader."),
	SUPPLEMENTARY("enableProcessCalls", "ptrace."),
	SUPPLEMENTARY("enablePseudofsCalls", "Pseudo file systems."),
	SUPPLEMENTARY("enableEbpfModuleLoadEvents", "Kernel modules by eBPF."),
	SUPPLEMENTARY("enableOtherFsOpenEvents", "Opens in procfs by eBPF."),
	SUPPLEMENTARY("enableEbpfSourceEnrichment", "Enrichment in eBPF."),
	SUPPLEMENTARY("enableAntivirusEngineCache", "Cache of scanned events."),
	SUPPLEMENTARY("sendLowfiEvents", "Suspicious antivirus events as telemetry."),

	NO_EFFECT_CHOICE("networkProtection.enforcementLevel", "disabled|audit|block", "disabled",
			 "Network protection."),
	NO_EFFECT_BOOL("networkProtection.disableIcmpInspection", true, "ICMP is not looked at."),

	NO_EFFECT_CHOICE("edr.earlyPreview", ON_OFF, "disabled", "Preview features."),

	{ .path = "exclusionSettings.exclusions", .type = CONFIG_EXCLUSIONS,
	  .programs = CONFIG_SENSOR, .unset = "[]",
	  .doc = "What is not told, where `scopes` has `global`: rows of files by path (`isDirectory`: all "
		 "below it) or extension; rows of files, connections and names of a process by path or "
		 "name (with `inherit`: of what it starts too), of a user, of a container. `*` stands for "
		 "any characters of one folder, at the end for all that follows. Starts, ends and what a "
		 "process does to others or to the system are always told, and so is each change of this "
		 "list." },
	NO_EFFECT_CHOICE("exclusionSettings.mergePolicy", "merge|admin_only", "merge",
			 "Whether local exclusions count."),

	NO_EFFECT_CHOICE("tamperProtection.enforcementLevel", "disabled|audit|block", "disabled",
			 "Tamper protection."),
};

const size_t config_key_count = sizeof(config_keys) / sizeof(config_keys[0]);
