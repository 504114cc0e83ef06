-- state-schema-4.sql - hunting queries that people keep, and those that they ran

CREATE TABLE hunting_query (
	tenant_id TEXT NOT NULL,
	id TEXT NOT NULL,
	owner_id TEXT NOT NULL,                -- user.id
	name TEXT NOT NULL,
	description TEXT NOT NULL,
	query TEXT NOT NULL,
	shared INTEGER NOT NULL,               -- 1: the whole tenant sees it
	created_by TEXT NOT NULL,
	created_ns INTEGER NOT NULL,
	updated_by TEXT NOT NULL,
	updated_ns INTEGER NOT NULL,
	PRIMARY KEY (tenant_id, id)
) STRICT;
CREATE INDEX hunting_query_owner ON hunting_query (tenant_id, owner_id);
CREATE INDEX hunting_query_shared ON hunting_query (tenant_id, shared);

CREATE TABLE hunting_history (
	tenant_id TEXT NOT NULL,
	principal_id TEXT NOT NULL,
	sequence INTEGER NOT NULL,             -- of the principal, from 1
	query TEXT NOT NULL,
	started_ns INTEGER NOT NULL,
	took_ns INTEGER NOT NULL,
	row_count INTEGER,                     -- null where it came to none
	outcome TEXT NOT NULL,                 -- Success, Limited, Refused, Cancelled, Failed
	PRIMARY KEY (tenant_id, principal_id, sequence)
) STRICT, WITHOUT ROWID;
