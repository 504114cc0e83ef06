/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/logs/line_kind.h"

#include <stdbool.h>
#include <string.h>

#include "base/macro.h"

static const struct {
	const char *word, *action;
} kinds[LOG_KIND_COUNT] = {
	[LOG_AUTH] = { "auth", "AuthLogLine" },
	[LOG_SYSLOG] = { "syslog", "SystemLogLine" },
	[LOG_CRON] = { "cron", "CronLogLine" },
	[LOG_AUDITD] = { "auditd", "AuditRecord" },
	[LOG_VSFTPD] = { "vsftpd", "FtpLogLine" },
	[LOG_CLAMAV] = { "clamav", "AntivirusLogLine" },
	[LOG_GUACAMOLE] = { "guacamole", "GuacamoleLogLine" },
	[LOG_WEB] = { "webserver", "WebAccessLogLine" },
};

/* Programs whose lines have a kind of their own, whatever file they stand in. */
static const struct {
	const char *program, *action;
} programs[] = {
	{ "sshd", "SshLogLine" },	  { "sshd-session", "SshLogLine" },
	{ "sshd-auth", "SshLogLine" },	  { "sudo", "SudoLogLine" },
	{ "cron", "CronLogLine" },	  { "CRON", "CronLogLine" },
	{ "crond", "CronLogLine" },	  { "CROND", "CronLogLine" },
	{ "crontab", "CronLogLine" },	  { "anacron", "CronLogLine" },
	{ "atd", "CronLogLine" },	  { "vsftpd", "FtpLogLine" },
	{ "clamd", "AntivirusLogLine" },  { "clamscan", "AntivirusLogLine" },
	{ "clamav", "AntivirusLogLine" }, { "freshclam", "AntivirusLogLine" },
	{ "guacd", "GuacamoleLogLine" },  { "guacamole", "GuacamoleLogLine" },
	{ "su", "AuthLogLine" },	  { "login", "AuthLogLine" },
	{ "useradd", "AuthLogLine" },	  { "usermod", "AuthLogLine" },
	{ "userdel", "AuthLogLine" },	  { "groupadd", "AuthLogLine" },
	{ "groupmod", "AuthLogLine" },	  { "groupdel", "AuthLogLine" },
	{ "gpasswd", "AuthLogLine" },	  { "passwd", "AuthLogLine" },
	{ "chpasswd", "AuthLogLine" },	  { "chage", "AuthLogLine" },
	{ "pkexec", "AuthLogLine" },	  { "polkitd", "AuthLogLine" },
	{ "systemd-logind", "AuthLogLine" },
};

enum log_kind log_kind_find(const char *word)
{
	unsigned int k = 0;

	while (k < LOG_KIND_COUNT && strcmp(kinds[k].word, word) != 0)
		k++;
	return (enum log_kind)k;
}

const char *log_kind_word(enum log_kind kind)
{
	return kinds[kind].word;
}

const char *log_line_action(enum log_kind kind, struct log_text identifier)
{
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++)
		if (strlen(programs[i].program) == identifier.len &&
		    !memcmp(programs[i].program, identifier.s, identifier.len))
			return programs[i].action;
	return kinds[kind].action;
}

/* ---- the head of a line ---- */

/* Behind "Mmm dd hh:mm:ss " or a word that begins with four digits; 0: neither. */
static size_t skip_time(const char *s, size_t len)
{
	static const char shape[] = "Aaa dd dd:dd:dd ";
	size_t i = 0;

	if (len > 5 && s[0] >= '0' && s[0] <= '9' && s[4] == '-') {
		const char *blank = memchr(s, ' ', len);

		return blank ? (size_t)(blank - s) + 1 : 0;
	}
	if (len < sizeof(shape) - 1)
		return 0;
	for (; shape[i]; i++) {
		char c = s[i], want = shape[i];
		bool good = want == 'A'	  ? c >= 'A' && c <= 'Z'
			    : want == 'a' ? c >= 'a' && c <= 'z'
			    : want == 'd' ? (c >= '0' && c <= '9') || (c == ' ' && i == 4)
					  : c == want;

		if (!good)
			return 0;
	}
	return i;
}

static int64_t read_pid(const char *s, size_t len)
{
	int64_t pid = 0;

	for (size_t i = 0; i < len; i++) {
		if (s[i] < '0' || s[i] > '9' || pid > INT32_MAX / 10)
			return 0;
		pid = pid * 10 + (s[i] - '0');
	}
	return pid;
}

void log_line_split(const char *s, size_t len, struct log_line *line)
{
	size_t at = skip_time(s, len), end;
	const char *host = at ? memchr(s + at, ' ', len - at) : NULL;
	const char *bracket;

	line->message = (struct log_text){ s, len };
	if (!host)
		return;
	at = (size_t)(host + 1 - s);
	for (end = at; end < len && s[end] != ':' && s[end] != ' ';)
		end++;
	if (end == at || end == len || s[end] != ':')
		return;
	line->identifier = (struct log_text){ s + at, end - at };
	bracket = memchr(s + at, '[', end - at);
	if (bracket && s[end - 1] == ']') {
		line->identifier.len = (size_t)(bracket - (s + at));
		line->pid = read_pid(bracket + 1, (size_t)(s + end - 1 - (bracket + 1)));
	}
	end++;
	end += end < len && s[end] == ' ';
	line->message = (struct log_text){ s + end, len - end };
}
