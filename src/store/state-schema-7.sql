-- state-schema-7.sql - tuning: which rules a tenant has switched off or lowered, and what it expects

CREATE TABLE rule_setting (
	tenant_id TEXT NOT NULL,
	rule_id TEXT NOT NULL,
	enabled INTEGER NOT NULL,
	severity TEXT,                         -- of its alerts at most; null: the rule's own
	changed_by TEXT NOT NULL,
	changed_ns INTEGER NOT NULL,
	PRIMARY KEY (tenant_id, rule_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE rule_exception (
	tenant_id TEXT NOT NULL,
	id TEXT NOT NULL,
	rule_id TEXT,                          -- null: any rule
	rule_title TEXT,                       -- when it was made
	conditions TEXT NOT NULL,              -- JSON list of {"field", "operator", "value"}; all hold
	reason TEXT NOT NULL,
	created_by TEXT NOT NULL,
	created_ns INTEGER NOT NULL,
	expires_ns INTEGER NOT NULL,
	matches INTEGER NOT NULL DEFAULT 0,    -- events that made no alert because of it
	last_match_ns INTEGER,
	PRIMARY KEY (tenant_id, id)
) STRICT;

-- Matches of a rule that made no alert, whether it was off or an exception held.
CREATE TABLE rule_silenced (
	tenant_id TEXT NOT NULL,
	rule_id TEXT NOT NULL,
	matches INTEGER NOT NULL,
	last_match_ns INTEGER NOT NULL,
	PRIMARY KEY (tenant_id, rule_id)
) STRICT, WITHOUT ROWID;
