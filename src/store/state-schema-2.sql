-- state-schema-2.sql - version 2: the events behind an alert

-- The first events that matched, by their identity: one that is detected again changes nothing, and
-- the telemetry store is asked for these rows when an alert is looked at.
CREATE TABLE alert_event (
	tenant_id TEXT NOT NULL,
	device_id TEXT NOT NULL,
	rule_id TEXT NOT NULL,
	report_id INTEGER NOT NULL,            -- ReportId of the event's row
	alert_id TEXT NOT NULL,
	table_name TEXT NOT NULL,              -- DeviceProcessEvents, ...
	time_ns INTEGER NOT NULL,              -- Timestamp of the event's row
	PRIMARY KEY (tenant_id, device_id, rule_id, report_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX alert_event_alert ON alert_event (tenant_id, alert_id, time_ns);
CREATE INDEX alert_rule ON alert (tenant_id, device_id, rule_id, created_ns);
