-- state-schema-6.sql - alerts whose rows in the event store are due (AlertInfo, AlertEvidence)

-- Grows with each change and is worked off from its beginning; triggers, so that nobody forgets.
CREATE TABLE alert_due (
	sequence INTEGER PRIMARY KEY AUTOINCREMENT,
	tenant_id TEXT NOT NULL,
	alert_id TEXT NOT NULL
) STRICT;

CREATE TRIGGER alert_is_due AFTER INSERT ON alert BEGIN
	INSERT INTO alert_due (tenant_id, alert_id) VALUES (new.tenant_id, new.id);
END;
CREATE TRIGGER alert_evidence_is_due AFTER INSERT ON alert_evidence BEGIN
	INSERT INTO alert_due (tenant_id, alert_id) VALUES (new.tenant_id, new.alert_id);
END;

INSERT INTO alert_due (tenant_id, alert_id) SELECT tenant_id, id FROM alert ORDER BY created_ns;
