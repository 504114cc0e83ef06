-- state-schema-5.sql - custom detections: rules that tenants write themselves

CREATE TABLE custom_rule (
	id INTEGER PRIMARY KEY AUTOINCREMENT,  -- never given again
	tenant_id TEXT NOT NULL REFERENCES tenant(id),
	detector_id TEXT NOT NULL UNIQUE,      -- rule_id of its alerts
	name TEXT NOT NULL,
	query TEXT NOT NULL,
	period_s INTEGER NOT NULL,             -- 60: continuous, over what came in since
	title TEXT NOT NULL,                   -- of its alerts; {{Column}} is filled in
	description TEXT NOT NULL,
	recommended TEXT,
	severity TEXT NOT NULL,
	category TEXT NOT NULL,
	techniques TEXT NOT NULL,              -- JSON list
	entities TEXT NOT NULL,                -- JSON list of {"kind", "column"}
	suppress_s INTEGER NOT NULL,           -- results of the same entities join an alert for as long
	enabled INTEGER NOT NULL,
	owner TEXT NOT NULL,
	created_by TEXT NOT NULL,
	created_ns INTEGER NOT NULL,
	changed_by TEXT NOT NULL,
	changed_ns INTEGER NOT NULL,
	query_changed_ns INTEGER NOT NULL,
	version INTEGER NOT NULL DEFAULT 1,    -- a run of an older one writes nothing
	next_run_ns INTEGER NOT NULL,
	covered_ns INTEGER NOT NULL DEFAULT 0, -- what came in before it has been looked at; 0: nothing
	last_run_ns INTEGER,                   -- and how it ended
	last_status TEXT,
	last_error_code TEXT,
	last_error TEXT,
	last_results INTEGER NOT NULL DEFAULT 0,
	last_alerts INTEGER NOT NULL DEFAULT 0,
	last_left INTEGER NOT NULL DEFAULT 0,  -- new results beyond the most alerts of a run
	failures INTEGER NOT NULL DEFAULT 0,   -- one after the other
	failing_since_ns INTEGER,
	failure_alert_id TEXT                  -- its owner has been told
) STRICT;
CREATE INDEX custom_rule_tenant ON custom_rule (tenant_id, name);

-- Results that are in an alert: one that is found again changes nothing.
CREATE TABLE custom_seen (
	tenant_id TEXT NOT NULL,
	rule_id INTEGER NOT NULL,
	result TEXT NOT NULL,                  -- hash of device, row and entities
	alert_id TEXT NOT NULL,
	seen_ns INTEGER NOT NULL,
	PRIMARY KEY (tenant_id, rule_id, result)
) STRICT, WITHOUT ROWID;
CREATE INDEX custom_seen_time ON custom_seen (seen_ns);

-- The newest runs of each rule that found something or failed.
CREATE TABLE custom_run (
	tenant_id TEXT NOT NULL,
	rule_id INTEGER NOT NULL,
	started_ns INTEGER NOT NULL,
	duration_ms INTEGER NOT NULL,
	from_ns INTEGER NOT NULL,              -- looked at what happened, or came in, from then on
	status TEXT NOT NULL,                  -- completed, partiallyFailed, failed
	error_code TEXT,
	error TEXT,
	results INTEGER NOT NULL,
	alerts INTEGER NOT NULL,
	joined INTEGER NOT NULL,
	left_over INTEGER NOT NULL,
	PRIMARY KEY (tenant_id, rule_id, started_ns)
) STRICT, WITHOUT ROWID;

CREATE INDEX alert_detector ON alert (tenant_id, rule_id, created_ns);
