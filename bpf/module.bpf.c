// SPDX-License-Identifier: GPL-2.0
/*
 * module.bpf.c - code that the kernel is given: modules and BPF programs
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lib/act_record.bpf.h"
#include "lib/syscall.bpf.h"

/* Still within the system call, before the module's own code runs. */
SEC("tp_btf/module_load")
int BPF_PROG(on_module_load, struct module *mod)
{
	struct scratch *s = act_begin(RECORD_MODULE_LOAD);
	struct pt_regs *regs = arguments();
	struct file *file = NULL;

	if (!s)
		return 0;
	if (SYSCALL_NUMBER(regs) == SYSCALL_FINIT_MODULE) /* the module's file is open */
		file = file_of_fd(bpf_get_current_task_btf(), PT_REGS_PARM1_SYSCALL(regs));
	if (file) {
		s->act.values[0] = BPF_CORE_READ(file, f_inode, i_ino);
		act_path(s, BPF_CORE_READ(file, f_path.dentry), BPF_CORE_READ(file, f_path.mnt));
	}
	act_text(s, mod->name, false, false);
	act_send(s);
	return 0;
}

#define BPF_COMMAND_LOAD 5

static __always_inline void program_loaded(struct pt_regs *regs, long ret)
{
	const struct bpf_prog *program;
	const struct file *file;
	struct scratch *s;

	if (PT_REGS_PARM1_SYSCALL(regs) != BPF_COMMAND_LOAD || ret < 0)
		return;
	file = file_of_fd(bpf_get_current_task_btf(), ret);
	program = BPF_CORE_READ(file, private_data);
	s = file ? act_begin(RECORD_BPF_LOAD) : NULL;
	if (!s)
		return;
	s->act.call = BPF_CORE_READ(program, type);
	s->act.values[0] = BPF_CORE_READ(program, aux, id);
	act_text(s, BPF_CORE_READ(program, aux, name), false, false);
	act_send(s);
}

ON_SYSCALL(bpf, program_loaded(regs, ret))
