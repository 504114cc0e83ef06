/* SPDX-License-Identifier: GPL-2.0 */
/*
 * hook.bpf.h - one body for the two ways to a function of the security framework
 *
 * Tier A takes the hook as BPF LSM, tier B as fentry where BPF is not in the kernel's list of
 * security modules. Both only watch: they never refuse.
 */
#pragma once

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define ON_SECURITY(hook, call, args...)        \
	SEC("lsm/" #hook)                       \
	int BPF_PROG(lsm_##hook, args)          \
	{                                       \
		call;                           \
		return 0;                       \
	}                                       \
	SEC("fentry/security_" #hook)           \
	int BPF_PROG(fentry_##hook, args)       \
	{                                       \
		call;                           \
		return 0;                       \
	}
