#!/usr/bin/env bash
# Makes sure that the named servers are installed, from Debian's packages, without starting any of them.
#
#   eng/install-servers.sh redis-server redis-sentinel nginx haproxy memcached
#
# Names are Debian package names. With everything in place it calls no package manager and returns at once.
# Tests and demo start servers of their own, on free ports with temporary directories; a Redis on port 6379 that the
# package had started by itself would be in nobody's control.
set -euo pipefail

# An ordinary user's PATH lacks the directories in which Debian puts nginx and haproxy.
PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"

fail() { printf 'install-servers: %s\n' "$*" >&2; exit 1; }

missing=()
for package in "$@"; do
    archive=
    case "$package" in
        nginx | nginx-light | nginx-core | nginx-full) program=nginx ;;
        redis-server | redis-sentinel | haproxy | keepalived | memcached) program=$package ;;
        etcd-server) program=etcd ;;
        # No program: Debian's package is Java archives, and a start script that reads a configuration of its own.
        zookeeper) program=java archive=/usr/share/java/zookeeper.jar ;;
        *) fail "unknown server '$package' (known: redis-server, redis-sentinel, nginx, haproxy, keepalived, memcached, etcd-server, zookeeper)" ;;
    esac
    { command -v "$program" >/dev/null 2>&1 && [ -e "${archive:-/}" ]; } || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

command -v apt-get >/dev/null 2>&1 ||
    fail "missing: ${missing[*]}; no apt-get here to install them with. Install them by hand so that they are on the PATH."
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null 2>&1 ||
        fail "missing: ${missing[*]}; installing needs root and there is no sudo. As root: apt-get install ${missing[*]}"
    exec sudo -- "${BASH_SOURCE[0]}" "${missing[@]}"
fi

# Two installations at once would remove each other's policy file; the second one waits, then finds everything there.
if [ -z "${INSTALL_SERVERS_LOCKED:-}" ] && command -v flock >/dev/null 2>&1; then
    INSTALL_SERVERS_LOCKED=1 exec flock /run/lock/install-servers.lock "${BASH_SOURCE[0]}" "$@"
fi

# Debian starts a server as soon as its package is unpacked, unless this file answers 101 ("not allowed").
# One that is already there is the administrator's and stays as it is.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 130' INT TERM
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi

log=$(mktemp)
install() {
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
        -o DPkg::Lock::Timeout=120 -o Dpkg::Use-Pty=0 "${missing[@]}" >"$log" 2>&1 </dev/null
}

echo "Installing from Debian's packages: ${missing[*]}"
# The package lists are fetched only if the first try fails: a fresh container has none, and old ones name removed files.
if ! install; then
    apt-get update -q -o DPkg::Lock::Timeout=120 >"$log" 2>&1 </dev/null && install ||
        { tail -n 20 "$log" >&2; rm -f "$log"; fail "apt-get could not install ${missing[*]} (see above)"; }
fi
rm -f "$log"
