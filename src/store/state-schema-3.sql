-- state-schema-3.sql - what people decide about incidents

ALTER TABLE incident ADD COLUMN classification TEXT;
ALTER TABLE incident ADD COLUMN determination TEXT;
ALTER TABLE incident ADD COLUMN tags TEXT NOT NULL DEFAULT '[]'; -- JSON list

CREATE TABLE incident_comment (
	tenant_id TEXT NOT NULL,
	incident_id INTEGER NOT NULL,
	sequence INTEGER NOT NULL,
	comment TEXT NOT NULL,
	created_by TEXT NOT NULL,
	created_ns INTEGER NOT NULL,
	PRIMARY KEY (tenant_id, incident_id, sequence)
) STRICT;
