/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/incident/evidence.h"

#include <stdio.h>

#include "base/clock.h"
#include "cloud/detect/subject.h"

/* Properties of the reference's alert evidence, in its order. */
enum property {
	SHA1,
	SHA256,
	FILE_NAME,
	FILE_PATH,
	PROCESS_ID,
	PROCESS_COMMAND_LINE,
	PROCESS_CREATION_TIME,
	PARENT_PROCESS_ID,
	PARENT_PROCESS_CREATION_TIME,
	PARENT_PROCESS_FILE_NAME,
	PARENT_PROCESS_FILE_PATH,
	IP_ADDRESS,
	URL,
	REGISTRY_KEY,
	REGISTRY_HIVE,
	REGISTRY_VALUE_TYPE,
	REGISTRY_VALUE,
	ACCOUNT_NAME,
	DOMAIN_NAME,
	USER_SID,
	AAD_USER_ID,
	USER_PRINCIPAL_NAME,
	DETECTION_STATUS,
	PROPERTY_COUNT,
};

static const char *const property_names[PROPERTY_COUNT] = {
	[SHA1] = "sha1",
	[SHA256] = "sha256",
	[FILE_NAME] = "fileName",
	[FILE_PATH] = "filePath",
	[PROCESS_ID] = "processId",
	[PROCESS_COMMAND_LINE] = "processCommandLine",
	[PROCESS_CREATION_TIME] = "processCreationTime",
	[PARENT_PROCESS_ID] = "parentProcessId",
	[PARENT_PROCESS_CREATION_TIME] = "parentProcessCreationTime",
	[PARENT_PROCESS_FILE_NAME] = "parentProcessFileName",
	[PARENT_PROCESS_FILE_PATH] = "parentProcessFilePath",
	[IP_ADDRESS] = "ipAddress",
	[URL] = "url",
	[REGISTRY_KEY] = "registryKey",
	[REGISTRY_HIVE] = "registryHive",
	[REGISTRY_VALUE_TYPE] = "registryValueType",
	[REGISTRY_VALUE] = "registryValue",
	[ACCOUNT_NAME] = "accountName",
	[DOMAIN_NAME] = "domainName",
	[USER_SID] = "userSid",
	[AAD_USER_ID] = "aadUserId",
	[USER_PRINCIPAL_NAME] = "userPrincipalName",
	[DETECTION_STATUS] = "detectionStatus",
};

struct value {
	enum { ABSENT, TEXT, NUMBER, TIME } kind;
	const char *s;
	size_t len;
	int64_t i;
};

const char *evidence_type_name(enum evidence_type type)
{
	static const char *const names[] = { "Process", "File", "Ip", "User" };

	return names[type];
}

/* Cut between characters. */
static int append_text(struct buf *out, const char *s, size_t len)
{
	if (len > EVIDENCE_TEXT_MAX) {
		len = EVIDENCE_TEXT_MAX;
		while (len && ((unsigned char)s[len] & 0xc0) == 0x80)
			len--;
	}
	return buf_append_json(out, s, len);
}

static void append_time(struct buf *out, int64_t time_ns)
{
	char stamp[CLOCK_RFC3339_SIZE];

	clock_format_rfc3339(time_ns, 7, stamp);
	buf_printf(out, "\"%s\"", stamp);
}

static void append_value(struct buf *out, const struct value *v)
{
	switch (v->kind) {
	case ABSENT:
		buf_append_str(out, "null");
		break;
	case TEXT:
		append_text(out, v->s, v->len);
		break;
	case NUMBER:
		buf_printf(out, "%lld", (long long)v->i);
		break;
	case TIME:
		append_time(out, v->i);
		break;
	}
}

static bool has(const struct event *e, uint8_t column)
{
	return column != SUBJECT_NONE && event_has(e, column);
}

static void set_text(struct value *v, const struct event *e, uint8_t column)
{
	v->s = subject_text(e, column, &v->len);
	v->kind = v->len ? TEXT : ABSENT;
}

static void set_number(struct value *v, const struct event *e, uint8_t column, bool is_time)
{
	if (!has(e, column))
		return;
	v->kind = is_time ? TIME : NUMBER;
	v->i = subject_number(e, column);
}

/* The folder, without the name: as the reference has it. */
static void set_folder(struct value *v, const struct event *e, uint8_t column)
{
	set_text(v, e, column);
	while (v->len && v->s[v->len - 1] != '/')
		v->len--;
	if (v->len > 1)
		v->len--;
	if (!v->len)
		v->kind = ABSENT;
}

static void write_entity(struct evidence *ev, struct value values[PROPERTY_COUNT],
			 int64_t created_ns)
{
	values[DETECTION_STATUS] = (struct value){ .kind = TEXT, .s = "Detected", .len = 8 };
	buf_printf(&ev->entity, "{\"entityType\":\"%s\",\"evidenceCreationTime\":",
		   evidence_type_name(ev->type));
	append_time(&ev->entity, created_ns);
	for (int i = 0; i < PROPERTY_COUNT; i++) {
		buf_printf(&ev->entity, ",\"%s\":", property_names[i]);
		append_value(&ev->entity, &values[i]);
	}
	buf_append_byte(&ev->entity, '}');
}

static void begin(struct evidence *ev, enum evidence_type type, const struct event *e,
		  uint8_t key_column)
{
	size_t len;
	const char *key = subject_text(e, key_column, &len);

	ev->type = type;
	buf_init(&ev->key, 1 << 16);
	buf_init(&ev->entity, 1 << 20);
	buf_printf(&ev->key, "%s/", evidence_type_name(type));
	buf_append(&ev->key, key, MIN(len, (size_t)4096));
}

static void set_account(struct value v[PROPERTY_COUNT], const struct event *e,
			const struct subject_columns *c)
{
	set_text(&v[ACCOUNT_NAME], e, c->account_name);
	set_text(&v[DOMAIN_NAME], e, c->account_domain);
	set_text(&v[USER_SID], e, c->account_sid);
}

static void process_entity(struct evidence *ev, const struct event *e,
			   const struct subject_columns *c, int64_t created_ns)
{
	struct value v[PROPERTY_COUNT] = { 0 };

	begin(ev, EVIDENCE_PROCESS, e, c->unique_id);
	set_text(&v[SHA1], e, c->sha1);
	set_text(&v[SHA256], e, c->sha256);
	set_text(&v[FILE_NAME], e, c->file_name);
	set_folder(&v[FILE_PATH], e, c->folder_path);
	set_number(&v[PROCESS_ID], e, c->process_id, false);
	set_text(&v[PROCESS_COMMAND_LINE], e, c->command_line);
	set_number(&v[PROCESS_CREATION_TIME], e, c->creation_time, true);
	set_number(&v[PARENT_PROCESS_ID], e, c->parent_id, false);
	set_number(&v[PARENT_PROCESS_CREATION_TIME], e, c->parent_creation_time, true);
	set_text(&v[PARENT_PROCESS_FILE_NAME], e, c->parent_file_name);
	set_folder(&v[PARENT_PROCESS_FILE_PATH], e, c->parent_folder_path);
	set_account(v, e, c);
	write_entity(ev, v, created_ns);
}

static void file_entity(struct evidence *ev, const struct event *e, const struct subject_columns *c,
			int64_t created_ns)
{
	struct value v[PROPERTY_COUNT] = { 0 };

	begin(ev, EVIDENCE_FILE, e, c->target_path);
	set_text(&v[SHA1], e, c->target_sha1);
	set_text(&v[SHA256], e, c->target_sha256);
	set_text(&v[FILE_NAME], e, c->target_name);
	set_folder(&v[FILE_PATH], e, c->target_path);
	write_entity(ev, v, created_ns);
}

static void ip_entity(struct evidence *ev, const struct event *e, const struct subject_columns *c,
		      int64_t created_ns)
{
	struct value v[PROPERTY_COUNT] = { 0 };

	begin(ev, EVIDENCE_IP, e, c->remote_ip);
	set_text(&v[IP_ADDRESS], e, c->remote_ip);
	write_entity(ev, v, created_ns);
}

static void user_entity(struct evidence *ev, const struct event *e, const struct subject_columns *c,
			int64_t created_ns)
{
	struct value v[PROPERTY_COUNT] = { 0 };

	begin(ev, EVIDENCE_USER, e, c->account_name);
	set_account(v, e, c);
	write_entity(ev, v, created_ns);
}

unsigned int evidence_of_event(const struct event *e, int64_t created_ns,
			       struct evidence ret_list[EVIDENCE_PER_EVENT_MAX])
{
	const struct subject_columns *c = subject_columns(e->table);
	unsigned int n = 0;

	if (!c)
		return 0;
	/* A line of a log may be of nobody that is known. */
	if (has(e, c->process_id) || has(e, c->file_name))
		process_entity(&ret_list[n++], e, c, created_ns);
	if (has(e, c->target_path))
		file_entity(&ret_list[n++], e, c, created_ns);
	if (has(e, c->remote_ip))
		ip_entity(&ret_list[n++], e, c, created_ns);
	if (has(e, c->account_name))
		user_entity(&ret_list[n++], e, c, created_ns);
	return n;
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

/* The first that the column's name ends with; the last of a type holds for any. */
static enum property property_of(enum evidence_type type, const char *column)
{
	static const struct {
		enum evidence_type type;
		const char *end;
		enum property property;
	} ends[] = {
		{ EVIDENCE_PROCESS, "CommandLine", PROCESS_COMMAND_LINE },
		{ EVIDENCE_PROCESS, "SHA1", SHA1 },
		{ EVIDENCE_PROCESS, "SHA256", SHA256 },
		{ EVIDENCE_PROCESS, "FolderPath", FILE_PATH },
		{ EVIDENCE_PROCESS, "", FILE_NAME },
		{ EVIDENCE_FILE, "SHA1", SHA1 },
		{ EVIDENCE_FILE, "SHA256", SHA256 },
		{ EVIDENCE_FILE, "FolderPath", FILE_PATH },
		{ EVIDENCE_FILE, "", FILE_NAME },
		{ EVIDENCE_IP, "Url", URL },
		{ EVIDENCE_IP, "", IP_ADDRESS },
		{ EVIDENCE_USER, "Sid", USER_SID },
		{ EVIDENCE_USER, "Upn", USER_PRINCIPAL_NAME },
		{ EVIDENCE_USER, "Domain", DOMAIN_NAME },
		{ EVIDENCE_USER, "ObjectId", AAD_USER_ID },
		{ EVIDENCE_USER, "", ACCOUNT_NAME },
	};
	size_t i = 0;

	while (ends[i].type != type || !ends_with(column, ends[i].end))
		i++;
	return ends[i].property;
}

void evidence_of_column(enum evidence_type type, const char *column, const char *value,
			int64_t created_ns, struct evidence *ret_evidence)
{
	struct value v[PROPERTY_COUNT] = { 0 };
	size_t len = strlen(value);

	ret_evidence->type = type;
	buf_init(&ret_evidence->key, 1 << 16);
	buf_init(&ret_evidence->entity, 1 << 20);
	buf_printf(&ret_evidence->key, "%s/%.*s", evidence_type_name(type),
		   (int)MIN(len, (size_t)4096), value);
	v[property_of(type, column)] = (struct value){ .kind = TEXT, .s = value, .len = len };
	write_entity(ret_evidence, v, created_ns);
}

void evidence_done(struct evidence *list, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		buf_done(&list[i].key);
		buf_done(&list[i].entity);
	}
}

static void append_column(struct buf *out, const char *name, const struct event *e, uint8_t column)
{
	size_t len;
	const char *s = subject_text(e, column, &len);

	buf_append_str(out, name);
	if (len)
		append_text(out, s, len);
	else
		buf_append_str(out, "null");
}

static void append_remote(struct buf *out, const struct event *e, const struct subject_columns *c)
{
	char remote[64];
	size_t len;
	const char *ip = subject_text(e, c->remote_ip, &len);

	if (!len) {
		buf_append_str(out, "null");
		return;
	}
	snprintf(remote, sizeof(remote), memchr(ip, ':', len) ? "[%.*s]:%u" : "%.*s:%u",
		 (int)MIN(len, (size_t)45), ip, (unsigned int)subject_number(e, c->remote_port));
	buf_append_json(out, remote, strlen(remote));
}

int evidence_step_of_event(const struct event *e, struct buf *out)
{
	const struct subject_columns *c = subject_columns(e->table);

	buf_append_str(out, "{\"time\":");
	append_time(out, subject_number(e, c->time));
	buf_printf(out, ",\"table\":\"%s\",\"reportId\":\"%lld\"", e->table->name,
		   (long long)subject_number(e, c->report_id));
	append_column(out, ",\"actionType\":", e, c->action);
	append_column(out, ",\"matched\":true,\"file\":", e, c->target_path);
	buf_append_str(out, ",\"remote\":");
	append_remote(out, e, c);
	append_column(out, ",\"process\":{\"uniqueId\":", e, c->unique_id);
	buf_printf(out, ",\"processId\":%lld", (long long)subject_number(e, c->process_id));
	append_column(out, ",\"fileName\":", e, c->file_name);
	append_column(out, ",\"filePath\":", e, c->folder_path);
	append_column(out, ",\"commandLine\":", e, c->command_line);
	append_column(out, ",\"accountName\":", e, c->account_name);
	return buf_append_str(out, "}}");
}

int evidence_step_of_ancestor(const struct ancestor *p, struct buf *out)
{
	const struct {
		const char *name, *value;
	} texts[] = { { "fileName", p->file_name },
		      { "filePath", p->folder_path },
		      { "commandLine", p->command_line },
		      { "accountName", p->account_name } };

	buf_append_str(out, "{\"time\":");
	append_time(out, p->started_ns);
	buf_printf(out,
		   ",\"table\":null,\"reportId\":null,\"actionType\":\"ProcessCreated\","
		   "\"matched\":false,\"file\":null,\"remote\":null,"
		   "\"process\":{\"uniqueId\":\"%s\",\"processId\":%lld",
		   p->id, (long long)p->process_id);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		buf_printf(out, ",\"%s\":", texts[i].name);
		append_text(out, texts[i].value, strlen(texts[i].value));
	}
	return buf_append_str(out, "}}");
}
