/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/kernel/decode.h"

#include <errno.h>
#include <string.h>

#include "kinds.h"
#include "record.h"

_Static_assert(KERNEL_KIND_COUNT == RECORD_KINDS, "kinds differ");
_Static_assert(KERNEL_PROCESS_FORK == RECORD_PROCESS_FORK, "kinds differ");
_Static_assert(KERNEL_PROCESS_EXEC == RECORD_PROCESS_EXEC, "kinds differ");
_Static_assert(KERNEL_PROCESS_EXIT == RECORD_PROCESS_EXIT, "kinds differ");
_Static_assert(KERNEL_FILE_CREATE == RECORD_FILE_CREATE, "kinds differ");
_Static_assert(KERNEL_FILE_WRITE == RECORD_FILE_WRITE, "kinds differ");
_Static_assert(KERNEL_FILE_RENAME == RECORD_FILE_RENAME, "kinds differ");
_Static_assert(KERNEL_NET_ACCEPT == RECORD_NET_ACCEPT, "kinds differ");
_Static_assert(KERNEL_FILE_DELETE == RECORD_FILE_DELETE, "kinds differ");
_Static_assert(KERNEL_FILE_MODE == RECORD_FILE_MODE, "kinds differ");
_Static_assert(KERNEL_FILE_OWNER == RECORD_FILE_OWNER, "kinds differ");
_Static_assert(KERNEL_FILE_ATTRIBUTE == RECORD_FILE_ATTRIBUTE, "kinds differ");
_Static_assert(KERNEL_NET_CONNECT == RECORD_NET_CONNECT, "kinds differ");
_Static_assert(KERNEL_NET_LISTEN == RECORD_NET_LISTEN, "kinds differ");
_Static_assert(KERNEL_PROCESS_TRACE == RECORD_PROCESS_TRACE, "kinds differ");
_Static_assert(KERNEL_PROCESS_READ == RECORD_PROCESS_READ, "kinds differ");
_Static_assert(KERNEL_PROCESS_WRITE == RECORD_PROCESS_WRITE, "kinds differ");
_Static_assert(KERNEL_MODULE_LOAD == RECORD_MODULE_LOAD, "kinds differ");
_Static_assert(KERNEL_BPF_LOAD == RECORD_BPF_LOAD, "kinds differ");
_Static_assert(KERNEL_MOUNT == RECORD_MOUNT, "kinds differ");
_Static_assert(KERNEL_UNMOUNT == RECORD_UNMOUNT, "kinds differ");
_Static_assert(KERNEL_NAMESPACE == RECORD_NAMESPACE, "kinds differ");
_Static_assert(KERNEL_MEMORY_FILE == RECORD_MEMORY_FILE, "kinds differ");
_Static_assert(KERNEL_SIGNAL == RECORD_SIGNAL, "kinds differ");
_Static_assert(KERNEL_PRIVILEGE == RECORD_PRIVILEGE, "kinds differ");
_Static_assert(KERNEL_DNS == RECORD_DNS, "kinds differ");
_Static_assert(KERNEL_NET_CLOSE == RECORD_NET_CLOSE, "kinds differ");
_Static_assert(KERNEL_NET_BIND == RECORD_NET_BIND, "kinds differ");

static void decode_task(const struct record_task *t, struct kernel_task *ret)
{
	*ret = (struct kernel_task){
		.pid = t->pid,
		.tid = t->tid,
		.ppid = t->ppid,
		.uid = t->uid,
		.gid = t->gid,
		.euid = t->euid,
		.egid = t->egid,
		.loginuid = t->loginuid,
		.session = t->session,
		.start_boottime_ns = (int64_t)t->start_boottime_ns,
		.parent_start_boottime_ns = (int64_t)t->parent_start_boottime_ns,
		.cgroup_id = t->cgroup_id,
		.mnt_ns = t->mnt_ns,
		.pid_ns = t->pid_ns,
		.net_ns = t->net_ns,
		.cap_effective = t->cap_effective,
	};
	memcpy(ret->comm, t->comm, sizeof(ret->comm));
	ret->comm[sizeof(ret->comm) - 1] = '\0';
}

static int decode_exec(const struct record_exec *r, size_t len, struct kernel_event *e)
{
	const char *tail = (const char *)(r + 1);
	uint64_t need;

	if (len < sizeof(*r))
		return -EBADMSG;
	need = (uint64_t)r->path_len + r->cwd_len + r->argv_len;
	if (need > len - sizeof(*r))
		return -EBADMSG;
	e->exec.path = (struct kernel_str){ tail, r->path_len };
	e->exec.cwd = (struct kernel_str){ tail + r->path_len, r->cwd_len };
	e->exec.argv = (struct kernel_str){ tail + r->path_len + r->cwd_len, r->argv_len };
	e->exec.inode = r->inode;
	e->exec.device = r->device;
	e->exec.size = r->size;
	e->exec.ctime_ns = r->ctime_ns;
	e->exec.mtime_ns = r->mtime_ns;
	e->exec.mode = r->mode;
	e->exec.owner = r->owner;
	e->exec.argv_truncated = r->argv_truncated;
	e->exec.gained_privilege = r->gained_privilege;
	e->exec.from_memory = r->from_memory;
	return 0;
}

static int decode_file(const struct record_file *r, size_t len, struct kernel_event *e)
{
	const char *tail = (const char *)(r + 1);

	if (len < sizeof(*r))
		return -EBADMSG;
	if ((uint64_t)r->path_len + r->old_path_len > len - sizeof(*r))
		return -EBADMSG;
	e->file.path = (struct kernel_str){ tail, r->path_len };
	if (e->kind == KERNEL_FILE_ATTRIBUTE)
		e->file.attribute = (struct kernel_str){ tail + r->path_len, r->old_path_len };
	else
		e->file.old_path = (struct kernel_str){ tail + r->path_len, r->old_path_len };
	e->file.inode = r->inode;
	e->file.device = r->device;
	e->file.size = r->size;
	e->file.ctime_ns = r->ctime_ns;
	e->file.mtime_ns = r->mtime_ns;
	e->file.mode = r->mode;
	e->file.owner = r->owner;
	e->file.group = r->group;
	e->file.change = r->change;
	e->file.other_root = r->other_root;
	return 0;
}

static int decode_net(const struct record_net *r, size_t len, struct kernel_event *e)
{
	if (len < sizeof(*r))
		return -EBADMSG;
	e->net.family = r->family;
	e->net.protocol = r->protocol;
	e->net.local_port = r->local_port;
	e->net.remote_port = r->remote_port;
	memcpy(e->net.local_address, r->local_address, sizeof(r->local_address));
	memcpy(e->net.remote_address, r->remote_address, sizeof(r->remote_address));
	e->net.socket_cookie = r->socket_cookie;
	e->net.error = r->error;
	return 0;
}

static int decode_close(const struct record_net_close *r, size_t len, struct kernel_event *e)
{
	if (len < sizeof(*r))
		return -EBADMSG;
	e->net.accepted = r->net.accepted;
	e->net.bytes_sent = r->bytes_sent;
	e->net.bytes_received = r->bytes_received;
	e->net.begun_boottime_ns = (int64_t)r->begun_boottime_ns;
	return decode_net(&r->net, len, e);
}

static int decode_act(const struct record_act *r, size_t len, struct kernel_event *e)
{
	const char *tail = (const char *)(r + 1);

	if (len < sizeof(*r))
		return -EBADMSG;
	if ((uint64_t)r->path_len + r->text_len > len - sizeof(*r))
		return -EBADMSG;
	e->act.target_pid = r->target_pid;
	e->act.target_uid = r->target_uid;
	e->act.target_start_boottime_ns = (int64_t)r->target_start_boottime_ns;
	e->act.call = r->call;
	memcpy(e->act.values, r->values, sizeof(r->values));
	e->act.path = (struct kernel_str){ tail, r->path_len };
	e->act.text = (struct kernel_str){ tail + r->path_len, r->text_len };
	return 0;
}

static int decode_dns(const struct record_dns *r, size_t len, struct kernel_event *e)
{
	if (len < sizeof(*r) || r->message_len > len - sizeof(*r))
		return -EBADMSG;
	e->dns.family = r->family;
	e->dns.protocol = r->protocol;
	e->dns.incoming = r->incoming;
	e->dns.cut = r->cut;
	e->dns.local_port = r->local_port;
	e->dns.remote_port = r->remote_port;
	memcpy(e->dns.local_address, r->local_address, sizeof(r->local_address));
	memcpy(e->dns.remote_address, r->remote_address, sizeof(r->remote_address));
	e->dns.message = (struct kernel_str){ (const char *)(r + 1), r->message_len };
	return 0;
}

static int decode_body(const struct record_header *h, size_t len, struct kernel_event *e)
{
	const struct record_fork *fork = (const void *)h;
	const struct record_exit *exit = (const void *)h;

	switch (e->kind) {
	case KERNEL_PROCESS_FORK:
		if (len < sizeof(*fork))
			return -EBADMSG;
		e->fork.child_pid = fork->child_pid;
		e->fork.child_tid = fork->child_tid;
		e->fork.child_start_boottime_ns = (int64_t)fork->child_start_boottime_ns;
		e->fork.clone_flags = fork->clone_flags;
		return 0;
	case KERNEL_PROCESS_EXIT:
		if (len < sizeof(*exit))
			return -EBADMSG;
		e->exit.exit_code = exit->exit_code;
		return 0;
	case KERNEL_PROCESS_EXEC:
		return decode_exec((const void *)h, len, e);
	case KERNEL_FILE_CREATE:
	case KERNEL_FILE_WRITE:
	case KERNEL_FILE_RENAME:
	case KERNEL_FILE_DELETE:
	case KERNEL_FILE_MODE:
	case KERNEL_FILE_OWNER:
	case KERNEL_FILE_ATTRIBUTE:
		return decode_file((const void *)h, len, e);
	case KERNEL_NET_CONNECT:
	case KERNEL_NET_ACCEPT:
	case KERNEL_NET_LISTEN:
	case KERNEL_NET_BIND:
		return decode_net((const void *)h, len, e);
	case KERNEL_NET_CLOSE:
		return decode_close((const void *)h, len, e);
	case KERNEL_DNS:
		return decode_dns((const void *)h, len, e);
	default: /* decode_record() has seen that it is a kind */
		return decode_act((const void *)h, len, e);
	}
}

int decode_record(const void *data, size_t len, struct kernel_event *ret_event)
{
	const struct record_header *h = data;
	struct kernel_event e;
	int r;

	if (len < sizeof(*h) || h->kind >= KERNEL_KIND_COUNT || h->cpu > UINT16_MAX)
		return -EBADMSG;
	memset(&e, 0, sizeof(e));
	e.kind = (enum kernel_kind)h->kind;
	e.cpu = (uint16_t)h->cpu;
	e.sequence = h->sequence;
	e.boottime_ns = (int64_t)h->boottime_ns;
	decode_task(&h->task, &e.task);
	r = decode_body(h, len, &e);
	if (r < 0)
		return r;
	*ret_event = e;
	return 0;
}
