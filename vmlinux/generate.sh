#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Make vmlinux.h: just the kernel types and fields that the probes use.
#
# The probes are compiled once against everything the running kernel has; bpftool then
# tells which types and fields that object refers to (gen min_core_btf), and those are
# written as C.  Offsets do not matter: CO-RE finds them anew on the kernel that the
# probes are loaded into.  So one header serves all versions and architectures.
#
# usage: generate.sh OUTPUT [BTF]     BTF: /sys/kernel/btf/vmlinux unless told
set -eu

out=$1
btf=${2:-/sys/kernel/btf/vmlinux}
here=$(dirname "$0")
bpftool=${BPFTOOL:-bpftool}
clang=${CLANG:-clang}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

$bpftool btf dump file "$btf" format c >"$tmp/vmlinux.h"
$clang -g -O2 -target bpf -mcpu=v3 -I"$tmp" -I"$here/../include" -DVMLINUX_FULL \
	-c "$here/../bpf/brood.bpf.c" -o "$tmp/brood.bpf.o"
$bpftool gen min_core_btf "$btf" "$tmp/min.btf" "$tmp/brood.bpf.o"

{
	cat <<-EOT
	/* Made by vmlinux/generate.sh (make vmlinux) on Linux $(uname -r) $(uname -m); do not edit. */
	EOT
	# Without the holes where fields were left out, and what <linux/types.h> has; with
	# the one pointer that bpftool loses, as it drops `const`.
	$bpftool btf dump file "$tmp/min.btf" format c |
		sed -E -e '/^\t+(long|int|short|char): [0-9]+;$/d' \
			-e 's/^\tvoid \*cred;/\tconst struct cred *cred;/' \
			-e 's/^struct css_set;/&\n\nstruct cred;/' \
			-e '/^typedef .* __(u64|u32|u16|u8|s64|s32|kernel_[a-z0-9_]+);$/d' |
		cat -s
} >"$tmp/out.h"
mv "$tmp/out.h" "$out"
