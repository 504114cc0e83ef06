/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-kernel-uring.c - one operation by io_uring, without its library
 */
#include <errno.h>
#include <linux/io_uring.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sensor/kernel/test-kernel.h"

int uring_do(const struct io_uring_sqe *operation)
{
	struct io_uring_params p = { 0 };
	int fd = (int)syscall(SYS_io_uring_setup, 1, &p), result;
	struct io_uring_sqe *sqe;
	uint8_t *sq, *cq;
	uint32_t tail, head;

	if (fd < 0)
		return -errno;
	sq = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd,
		  IORING_OFF_SQ_RING);
	cq = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd,
		  IORING_OFF_CQ_RING);
	sqe = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd,
		   IORING_OFF_SQES);
	if (sq == MAP_FAILED || cq == MAP_FAILED || sqe == MAP_FAILED)
		return -errno;
	*sqe = *operation;
	tail = *(uint32_t *)(sq + p.sq_off.tail);
	*(uint32_t *)(sq + p.sq_off.array) = 0;
	__atomic_store_n((uint32_t *)(sq + p.sq_off.tail), tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1)
		return -errno;
	head = *(uint32_t *)(cq + p.cq_off.head);
	if (head == __atomic_load_n((uint32_t *)(cq + p.cq_off.tail), __ATOMIC_ACQUIRE))
		return -EIO;
	result = ((struct io_uring_cqe *)(cq + p.cq_off.cqes))[0].res;
	munmap(sq, 4096);
	munmap(cq, 4096);
	munmap(sqe, 4096);
	close(fd);
	return result;
}
