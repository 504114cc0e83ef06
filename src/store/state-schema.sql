-- state-schema.sql - version 1 of the control plane's state
--
-- Times are nanoseconds since 1970 (UTC). Every row of a tenant begins with its id. Embedded into
-- the program at build time; later versions are further numbered files, never edits of this one.

CREATE TABLE tenant (
	id TEXT PRIMARY KEY,
	name TEXT NOT NULL,
	geography TEXT NOT NULL,
	created_ns INTEGER NOT NULL
) STRICT;

CREATE TABLE subscription (
	tenant_id TEXT NOT NULL REFERENCES tenant(id),
	id TEXT NOT NULL,
	name TEXT NOT NULL,
	created_ns INTEGER NOT NULL,
	PRIMARY KEY (tenant_id, id)
) STRICT;

CREATE TABLE setting (
	tenant_id TEXT NOT NULL,
	name TEXT NOT NULL,
	value TEXT NOT NULL,
	PRIMARY KEY (tenant_id, name)
) STRICT;

-- Devices and how they identify themselves.
CREATE TABLE device (
	tenant_id TEXT NOT NULL REFERENCES tenant(id),
	id TEXT NOT NULL,                      -- 40 hex digits, as the reference's machine ids
	subscription_id TEXT NOT NULL,
	computer_dns_name TEXT NOT NULL,
	os_platform TEXT NOT NULL DEFAULT 'Linux',
	os_distribution TEXT NOT NULL DEFAULT '',
	os_version TEXT NOT NULL DEFAULT '',
	os_build TEXT NOT NULL DEFAULT '',     -- kernel release
	os_architecture TEXT NOT NULL DEFAULT '',
	os_processor TEXT NOT NULL DEFAULT '',
	agent_version TEXT NOT NULL DEFAULT '',
	machine_uid TEXT NOT NULL DEFAULT '',  -- hash of machine-id and hardware: notices a clone
	last_ip_address TEXT NOT NULL DEFAULT '',
	last_external_ip_address TEXT NOT NULL DEFAULT '',
	ip_addresses TEXT NOT NULL DEFAULT '[]',
	onboarding_status TEXT NOT NULL DEFAULT 'Onboarded',
	device_value TEXT NOT NULL DEFAULT 'Normal',
	machine_tags TEXT NOT NULL DEFAULT '[]',
	health TEXT NOT NULL DEFAULT '{}',     -- last health report as JSON
	clock_offset_ns INTEGER NOT NULL DEFAULT 0,
	clone_suspected INTEGER NOT NULL DEFAULT 0,
	first_seen_ns INTEGER NOT NULL,
	last_seen_ns INTEGER NOT NULL,
	offboarded_ns INTEGER,
	PRIMARY KEY (tenant_id, id)
) STRICT;
CREATE INDEX device_name ON device (tenant_id, computer_dns_name);

CREATE TABLE device_certificate (
	fingerprint TEXT PRIMARY KEY,          -- SHA-256 of the DER, hex
	tenant_id TEXT NOT NULL,
	device_id TEXT NOT NULL,
	serial TEXT NOT NULL,
	not_before_ns INTEGER NOT NULL,
	not_after_ns INTEGER NOT NULL,
	revoked_ns INTEGER
) STRICT;
CREATE INDEX device_certificate_device ON device_certificate (tenant_id, device_id);

CREATE TABLE enrolment_token (
	tenant_id TEXT NOT NULL,
	id TEXT NOT NULL,
	subscription_id TEXT NOT NULL,
	secret_sha256 TEXT NOT NULL UNIQUE,
	description TEXT NOT NULL DEFAULT '',
	created_by TEXT NOT NULL,
	created_ns INTEGER NOT NULL,
	expires_ns INTEGER NOT NULL,
	uses_max INTEGER NOT NULL,
	uses INTEGER NOT NULL DEFAULT 0,
	revoked_ns INTEGER,
	PRIMARY KEY (tenant_id, id)
) STRICT;

-- Highest batch of a stream that the store has: a resend beyond the deduplication window is known.
CREATE TABLE ingest_mark (
	tenant_id TEXT NOT NULL,
	device_id TEXT NOT NULL,
	stream TEXT NOT NULL,
	number INTEGER NOT NULL,
	updated_ns INTEGER NOT NULL,
	PRIMARY KEY (tenant_id, device_id, stream)
) STRICT;

-- People and programs.
CREATE TABLE user (
	tenant_id TEXT NOT NULL,
	id TEXT NOT NULL,
	name TEXT NOT NULL COLLATE NOCASE,
	password_hash TEXT NOT NULL,           -- argon2id, PHC string
	must_change_password INTEGER NOT NULL DEFAULT 0,
	language TEXT NOT NULL DEFAULT '',
	failed_logins INTEGER NOT NULL DEFAULT 0,
	locked_until_ns INTEGER NOT NULL DEFAULT 0,
	created_ns INTEGER NOT NULL,
	disabled_ns INTEGER,
	PRIMARY KEY (tenant_id, id),
	UNIQUE (tenant_id, name)
) STRICT;

CREATE TABLE session (
	token_sha256 TEXT PRIMARY KEY,
	tenant_id TEXT NOT NULL,
	user_id TEXT NOT NULL,
	csrf_token TEXT NOT NULL,
	created_ns INTEGER NOT NULL,
	last_used_ns INTEGER NOT NULL,
	expires_ns INTEGER NOT NULL
) STRICT;

CREATE TABLE api_client (
	tenant_id TEXT NOT NULL,
	id TEXT NOT NULL,                      -- client_id, a UUID
	name TEXT NOT NULL,
	secret_hash TEXT NOT NULL,             -- argon2id
	permissions TEXT NOT NULL,             -- JSON list, "Alert.Read.All"
	created_by TEXT NOT NULL,
	created_ns INTEGER NOT NULL,
	expires_ns INTEGER,
	revoked_ns INTEGER,
	PRIMARY KEY (tenant_id, id)
) STRICT;

CREATE TABLE role_assignment (
	tenant_id TEXT NOT NULL,
	principal_id TEXT NOT NULL,
	role TEXT NOT NULL,                    -- Owner, Reader, SecurityAdmin
	scope TEXT NOT NULL DEFAULT '/',
	PRIMARY KEY (tenant_id, principal_id, role, scope)
) STRICT;

CREATE TABLE audit (
	sequence INTEGER PRIMARY KEY AUTOINCREMENT,
	tenant_id TEXT NOT NULL,
	time_ns INTEGER NOT NULL,
	actor TEXT NOT NULL,
	address TEXT NOT NULL,
	operation TEXT NOT NULL,
	target TEXT NOT NULL,
	outcome TEXT NOT NULL,                 -- Success, Denied, Failed
	details TEXT NOT NULL DEFAULT '{}'
) STRICT;
CREATE INDEX audit_time ON audit (tenant_id, time_ns);

-- What was detected.
CREATE TABLE incident (
	tenant_id TEXT NOT NULL,
	id INTEGER NOT NULL,                   -- counts up within the tenant
	title TEXT NOT NULL,
	severity TEXT NOT NULL,
	status TEXT NOT NULL DEFAULT 'Active', -- Active, InProgress, Resolved
	assigned_to TEXT,
	device_id TEXT NOT NULL,
	root_unique_id TEXT NOT NULL,          -- process at the top of the shared tree
	created_ns INTEGER NOT NULL,
	updated_ns INTEGER NOT NULL,
	PRIMARY KEY (tenant_id, id)
) STRICT;
CREATE INDEX incident_root ON incident (tenant_id, device_id, root_unique_id);

CREATE TABLE alert (
	tenant_id TEXT NOT NULL,
	id TEXT NOT NULL,                      -- da + hash of tenant, device, rule, first event
	incident_id INTEGER NOT NULL,
	device_id TEXT NOT NULL,
	rule_id TEXT NOT NULL,
	title TEXT NOT NULL,
	description TEXT NOT NULL,
	severity TEXT NOT NULL,                -- Informational, Low, Medium, High
	category TEXT NOT NULL,                -- the reference's enum, "Discovery"
	techniques TEXT NOT NULL,              -- JSON list of ATT&CK ids
	status TEXT NOT NULL DEFAULT 'New',    -- New, InProgress, Resolved
	classification TEXT,
	determination TEXT,
	assigned_to TEXT,
	detection_source TEXT NOT NULL,
	group_key TEXT NOT NULL,               -- further matches of rule and process join this alert
	event_count INTEGER NOT NULL DEFAULT 1,
	process_unique_id TEXT NOT NULL,       -- the process the story is about
	account_name TEXT NOT NULL DEFAULT '',
	account_domain TEXT NOT NULL DEFAULT '',
	story TEXT NOT NULL DEFAULT '{}',      -- JSON: the steps that led here
	first_event_ns INTEGER NOT NULL,
	last_event_ns INTEGER NOT NULL,
	created_ns INTEGER NOT NULL,
	updated_ns INTEGER NOT NULL,
	resolved_ns INTEGER,
	PRIMARY KEY (tenant_id, id)
) STRICT;
CREATE INDEX alert_created ON alert (tenant_id, created_ns);
CREATE INDEX alert_device ON alert (tenant_id, device_id, created_ns);
CREATE INDEX alert_incident ON alert (tenant_id, incident_id);
CREATE INDEX alert_group ON alert (tenant_id, group_key, last_event_ns);

CREATE TABLE alert_evidence (
	tenant_id TEXT NOT NULL,
	alert_id TEXT NOT NULL,
	entity_key TEXT NOT NULL,              -- the same entity is listed once
	entity_type TEXT NOT NULL,             -- Process, File, Ip, User
	created_ns INTEGER NOT NULL,
	entity TEXT NOT NULL,                  -- JSON object with the reference's property names
	PRIMARY KEY (tenant_id, alert_id, entity_key)
) STRICT;

CREATE TABLE alert_comment (
	tenant_id TEXT NOT NULL,
	alert_id TEXT NOT NULL,
	sequence INTEGER NOT NULL,
	comment TEXT NOT NULL,
	created_by TEXT NOT NULL,
	created_ns INTEGER NOT NULL,
	PRIMARY KEY (tenant_id, alert_id, sequence)
) STRICT;
