/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/kernel/ring.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"

struct ring {
	ring_fn fn;
	void *arg;
	int epoll_fd;
	size_t page, bytes;
	unsigned long *given_up;	 /* the consumer's place: the kernel may write before it */
	const unsigned long *written;	 /* the producer's place */
	const uint8_t *data;		 /* mapped twice in a row, so that no record is cut */
	unsigned long read;		 /* our place */
	bool in_callback, give_up_current;
};

static int map_pages(struct ring *r, int map_fd, struct err *err)
{
	void *p = mmap(NULL, r->page, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);

	if (p == MAP_FAILED)
		return err_setf(err, -errno, "ring: mmap: %m");
	r->given_up = p;
	p = mmap(NULL, r->page + 2 * r->bytes, PROT_READ, MAP_SHARED, map_fd, (off_t)r->page);
	if (p == MAP_FAILED)
		return err_setf(err, -errno, "ring: mmap: %m");
	r->written = p;
	r->data = (const uint8_t *)p + r->page;
	return 0;
}

/* Edge-triggered: what is held back keeps the map readable and would wake us for ever. */
static int watch(struct ring *r, int map_fd, struct err *err)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLET };

	r->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (r->epoll_fd < 0 || epoll_ctl(r->epoll_fd, EPOLL_CTL_ADD, map_fd, &e) < 0)
		return err_setf(err, -errno, "ring: epoll: %m");
	return 0;
}

int ring_open(int map_fd, ring_fn fn, void *arg, struct ring **ret_ring, struct err *err)
{
	struct ring *r = calloc(1, sizeof(*r));
	struct bpf_map_info info = { 0 };
	uint32_t len = sizeof(info);
	int res = 0;

	if (!r)
		return err_setf(err, -ENOMEM, "out of memory");
	*r = (struct ring){ .fn = fn, .arg = arg, .epoll_fd = -1,
			    .page = (size_t)sysconf(_SC_PAGESIZE) };
	if (bpf_obj_get_info_by_fd(map_fd, &info, &len) < 0)
		res = err_setf(err, -errno, "ring: %m");
	r->bytes = info.max_entries;
	if (res == 0)
		res = map_pages(r, map_fd, err);
	if (res == 0)
		res = watch(r, map_fd, err);
	if (res < 0) {
		ring_close(r);
		return res;
	}
	r->read = __atomic_load_n(r->given_up, __ATOMIC_ACQUIRE);
	*ret_ring = r;
	return 0;
}

void ring_close(struct ring *r)
{
	if (!r)
		return;
	if (r->given_up)
		munmap(r->given_up, r->page);
	if (r->written)
		munmap((void *)r->written, r->page + 2 * r->bytes);
	closep(&r->epoll_fd);
	free(r);
}

int ring_fd(const struct ring *r)
{
	return r->epoll_fd;
}

/* The record at our place; 0: there is none yet. */
static uint32_t next_header(const struct ring *r)
{
	unsigned long written = __atomic_load_n(r->written, __ATOMIC_ACQUIRE);
	const uint32_t *header = (const uint32_t *)(r->data + (r->read & (r->bytes - 1)));
	uint32_t value;

	if (r->read >= written)
		return 0;
	value = __atomic_load_n(header, __ATOMIC_ACQUIRE);
	return value & BPF_RINGBUF_BUSY_BIT ? 0 : value;
}

int ring_read(struct ring *r)
{
	struct epoll_event ignored;
	uint32_t header;
	int count = 0;

	/* Before reading: a wake-up that comes later is not forgotten. */
	(void)epoll_wait(r->epoll_fd, &ignored, 1, 0);
	while ((header = next_header(r))) {
		uint32_t len = header & ~BPF_RINGBUF_DISCARD_BIT;
		const uint8_t *record = r->data + (r->read & (r->bytes - 1)) + BPF_RINGBUF_HDR_SZ;

		if (!(header & BPF_RINGBUF_DISCARD_BIT)) {
			r->in_callback = true;
			r->fn(r->arg, record, len);
			r->in_callback = false;
			count++;
		}
		r->read += (len + BPF_RINGBUF_HDR_SZ + 7) & ~7ul;
		if (r->give_up_current)
			ring_commit(r, false);
	}
	return count;
}

void ring_commit(struct ring *r, bool current)
{
	__atomic_store_n(r->given_up, r->read, __ATOMIC_RELEASE);
	r->give_up_current = current && r->in_callback;
}

size_t ring_held(const struct ring *r)
{
	return r->read - *r->given_up;
}
