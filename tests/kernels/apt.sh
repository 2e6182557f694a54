# SPDX-License-Identifier: GPL-2.0-only
#
# apt.sh: for bash, to be sourced: the archive that this machine's own apt uses, through an apt
# state of its own.  The system's is neither used nor changed, and no root is needed.
#
#   cannot WORD…                  it is not to be had, and why; exit status 2
#   apt_begin DIR ARCH RELEASE    fetches the lists; apt and options are set
#   apt_end                       they are some 50 MB
#
# What is fetched is kept in $cache:
cache=${BROOD_KERNELS:-${XDG_CACHE_HOME:-$HOME/.cache}/brood-kernels}

cannot() {
	echo "$*" >&2
	exit 2
}

apt_begin() {
	local keyring=/usr/share/keyrings/debian-archive-keyring.gpg mirror

	command -v apt-get >/dev/null || cannot "no apt on this machine"
	[ -r $keyring ] || cannot "no $keyring (package debian-archive-keyring)"
	# The first mirror of Debian proper (not its security archive) that apt knows.
	mirror=$(apt-get indextargets --format '$(LABEL) $(ORIGIN) $(SITE)' 'Created-By: Packages' |
		awk '$1 == "Debian" && $2 == "Debian" { print $3; exit }')
	[ "$mirror" ] || cannot "apt knows no Debian mirror (or apt-get update has never run)"

	apt=$1
	mkdir -p "$apt/lists/partial" "$apt/archives/partial" "$apt/etc"
	: >"$apt/status"
	echo "deb [arch=$2 signed-by=$keyring] $mirror $3 main" >"$apt/etc/sources.list"
	options=(
		-o Dir::State="$apt" -o Dir::State::status="$apt/status"
		-o Dir::Cache="$apt" -o Dir::Etc::SourceList="$apt/etc/sources.list"
		-o Dir::Etc::SourceParts=/dev/null -o Dir::Etc::Preferences=/dev/null
		-o Dir::Etc::PreferencesParts=/dev/null
		-o APT::Architecture="$2" -o APT::Architectures="$2"
		-o Acquire::Languages=none -o APT::Sandbox::User=
		-o Acquire::Retries=3 -o Acquire::http::Timeout=60
		-o APT::Update::Error-Mode=any
	)
	apt-get "${options[@]}" -qq update >&2 || cannot "the mirror has no release $3, or cannot be reached"
}

apt_end() {
	rm -rf "$apt/lists" "$apt"/*.bin
}
