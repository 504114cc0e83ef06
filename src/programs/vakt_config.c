/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vakt_config.c - `vakt config`: shows settings and changes Vakt's own file
 *
 * A change is checked before it is written; whatever else the file holds stays as it is. The
 * managed profile is never written.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "vakt.h"

#define PATH_BYTES 256

static json_t *value_of(const struct config_set *config, size_t key, const char **ret_file)
{
	return json_loads(config_set_json(config, key, ret_file), JSON_DECODE_ANY, NULL);
}

static json_t *describe(const struct config_set *config, size_t i)
{
	const struct config_key *key = &config_keys[i];
	const char *file;
	json_t *value = value_of(config, i, &file);

	return json_pack("{s:s,s:o,s:o,s:s,s:b,s:b,s:s}", "key", key->path, "value", value, "default",
			 json_loads(key->unset, JSON_DECODE_ANY, NULL), "source",
			 *file ? file : "default", "effect", key->programs != 0, "restart",
			 key->restart, "description", key->doc);
}

int vakt_config_list(const struct vakt_arguments *a, struct err *err)
{
	_cleanup_(config_set_freep) struct config_set *config = NULL;
	json_t *list = json_array();
	int r = vakt_open_config(a, &config, err);

	for (size_t i = 0; r == 0 && i < config_key_count; i++) {
		const char *file, *json = config_set_json(config, i, &file);

		if (!config_keys[i].programs && !*file)
			continue;
		if (a->json)
			json_array_append_new(list, describe(config, i));
		else
			printf("%-36s %s (%s%s)\n", config_keys[i].path, json, *file ? file : "default",
			       config_keys[i].programs ? "" : ", no effect yet");
	}
	if (r == 0 && a->json) {
		json_dumpf(list, stdout, JSON_INDENT(2));
		putchar('\n');
	}
	json_decref(list);
	return r;
}

int vakt_config_get(const struct vakt_arguments *a, struct err *err)
{
	_cleanup_(config_set_freep) struct config_set *config = NULL;
	int key = config_key_find(a->words[0], err), r;
	json_t *value;

	if (key < 0)
		return key;
	r = vakt_open_config(a, &config, err);
	if (r < 0)
		return r;
	value = a->json ? describe(config, (size_t)key) : value_of(config, (size_t)key, NULL);
	if (json_is_string(value))
		puts(json_string_value(value));
	else {
		json_dumpf(value, stdout, JSON_ENCODE_ANY | (a->json ? JSON_INDENT(2) : JSON_COMPACT));
		putchar('\n');
	}
	json_decref(value);
	return VAKT_DONE;
}

/* Numbers, booleans and lists are JSON; everything else is taken as it was typed. */
static json_t *parse_value(const struct config_key *key, const char *word)
{
	json_t *value;

	if (key->type == CONFIG_CHOICE || key->type == CONFIG_TEXT || key->type == CONFIG_URL)
		return json_string(word);
	value = json_loads(word, JSON_DECODE_ANY, NULL);
	return value ? value : json_string(word);
}

/* Sets (or with value NULL removes) path in the tree; sections that become empty go with it. */
static void change(json_t *object, char *path, json_t *value)
{
	char *dot = strchr(path, '.');
	json_t *section;

	if (!dot) {
		if (value)
			json_object_set(object, path, value);
		else
			json_object_del(object, path);
		return;
	}
	*dot = '\0';
	section = json_object_get(object, path);
	if (!section) {
		if (!value)
			return;
		section = json_object();
		json_object_set_new(object, path, section);
	}
	change(section, dot + 1, value);
	if (!value && json_object_size(section) == 0)
		json_object_del(object, path);
}

/* The first refusing fault of the text, without its place where the text is not a file yet. */
static int check_text(const char *text, const char *name, bool place, struct err *err)
{
	struct config_reading reading;
	int r = config_read(text, strlen(text), name, CONFIG_OWN, &reading);

	for (size_t i = 0; r == 0 && i < reading.fault_count; i++) {
		const char *fault = reading.faults[i].text, *behind = strstr(fault, ": ");

		r = err_setf(err, -EINVAL, "%s", place || !behind ? fault : behind + 2);
	}
	config_reading_done(&reading);
	return r;
}

/* What Vakt's file says now; *ret_mode: its permissions. */
static int load(const char *path, json_t **ret_root, mode_t *ret_mode, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	const char *start;
	struct stat st;
	int r;

	*ret_mode = 0644;
	if (stat(path, &st) < 0 && errno == ENOENT) {
		*ret_root = json_object();
		return *ret_root ? 0 : -ENOMEM;
	}
	*ret_mode = st.st_mode & 0777;
	r = file_read(path, CONFIG_FILE_MAX, &text, NULL, err);
	if (r == 0)
		r = check_text(text, path, true, err);
	if (r < 0)
		return err_prefix(err, r, "mend the file first: ");
	start = strncmp(text, "\xef\xbb\xbf", 3) == 0 ? text + 3 : text;
	*ret_root = json_loads(start, 0, NULL);
	return *ret_root ? 0 : err_setf(err, -EINVAL, "%s is not understood", path);
}

/* Two changes at a time would lose one: the folder is locked while the file is changed. */
static int lock_folder(const char *path, struct err *err)
{
	char dir[4096];
	int fd, r;

	snprintf(dir, sizeof(dir), "%.*s", (int)(strrchr(path, '/') - path), path);
	r = dir_make(dir, 0755, err);
	if (r < 0)
		return r;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || flock(fd, LOCK_EX) < 0) {
		r = err_setf(err, -errno, "%s: %m", dir);
		closep(&fd);
		return r;
	}
	return fd;
}

static int write_change(const char *file, const struct config_key *key, json_t *value,
			struct err *err)
{
	_cleanup_close_ int lock = lock_folder(file, err);
	_cleanup_free_ char *text = NULL, *line = NULL;
	char path[PATH_BYTES];
	json_t *root = NULL;
	mode_t mode;
	int r = lock < 0 ? lock : load(file, &root, &mode, err);

	if (r < 0)
		return r;
	snprintf(path, sizeof(path), "%s", key->path);
	change(root, path, value);
	text = json_dumps(root, JSON_INDENT(2));
	json_decref(root);
	if (!text || asprintf(&line, "%s\n", text) < 0)
		return err_setf(err, -ENOMEM, "out of memory");
	r = check_text(line, "value", false, err);
	return r < 0 ? r : file_write_atomic(file, line, strlen(line), mode, err);
}

/* value NULL: removes the key. Takes the reference. */
static int set_key(const struct vakt_arguments *a, const char *path, json_t *value, struct err *err)
{
	_cleanup_(config_set_freep) struct config_set *config = NULL;
	int i = config_key_find(path, err), r = i < 0 ? i : vakt_open_config(a, &config, err);
	const struct config_key *key = i < 0 ? NULL : &config_keys[i];
	char text[PATH_BYTES + 128];

	if (r == 0)
		r = write_change(config_set_path(config, CONFIG_OWN), key, value, err);
	json_decref(value);
	if (r < 0)
		return r;
	snprintf(text, sizeof(text), "%s is %s.%s%s", key->path, value ? "set" : "no longer set",
		 key->restart ? " It takes effect when vakt-sensor is started again." : "",
		 key->programs ? "" : " It has no effect yet.");
	vakt_tell(a, value ? "set" : "unset", text);
	return VAKT_DONE;
}

int vakt_config_set(const struct vakt_arguments *a, struct err *err)
{
	int i = config_key_find(a->words[0], err);

	return i < 0 ? i : set_key(a, a->words[0], parse_value(&config_keys[i], a->words[1]), err);
}

int vakt_config_unset(const struct vakt_arguments *a, struct err *err)
{
	return set_key(a, a->words[0], NULL, err);
}

static int set_text(const struct vakt_arguments *a, const char *path, const char *option,
		    struct err *err)
{
	if (!a->value)
		return err_setf(err, -EINVAL, "--%s is needed", option);
	return set_key(a, path, json_string(a->value), err);
}

int vakt_proxy_set(const struct vakt_arguments *a, struct err *err)
{
	return set_text(a, "cloudService.proxy", "value URL", err);
}

int vakt_proxy_clear(const struct vakt_arguments *a, struct err *err)
{
	return set_key(a, "cloudService.proxy", NULL, err);
}

int vakt_log_level_set(const struct vakt_arguments *a, struct err *err)
{
	return set_text(a, "vakt.logLevel", "level LEVEL", err);
}

int vakt_group_set(const struct vakt_arguments *a, struct err *err)
{
	return set_text(a, "edr.groupIds", "group-id GROUP", err);
}

int vakt_tag_set(const struct vakt_arguments *a, struct err *err)
{
	if (!a->name || !a->value)
		return err_setf(err, -EINVAL, "--name GROUP and --value TAG are needed");
	return set_key(a, "edr.tags",
		       json_pack("[{s:s,s:s}]", "key", a->name, "value", a->value), err);
}

int vakt_tag_remove(const struct vakt_arguments *a, struct err *err)
{
	return set_key(a, "edr.tags", NULL, err);
}
