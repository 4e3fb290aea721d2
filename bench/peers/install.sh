#!/usr/bin/env bash
# Prepares a peer in a directory of its own: install.sh express|tomcat DIRECTORY. The last line says why, if it cannot.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
peer=$1 directory=$2

fail() { printf '%s\n' "$*"; exit 1; }

# Installs Debian packages without letting their servers start.
install_packages() {
    [ "$(id -u)" -eq 0 ] || fail "missing packages ($*), and installing them needs root: apt-get install $*"
    local policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        trap 'rm -f /usr/sbin/policy-rc.d' EXIT
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
    fi
    apt_install() { DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=120 "$@"; }
    apt_install "$@" </dev/null || { apt-get update -q </dev/null && apt_install "$@" </dev/null; } || fail "apt-get could not install $*"
}

case "$peer" in
    express)
        command -v npm >/dev/null 2>&1 || install_packages nodejs npm
        mkdir -p "$directory"
        cp "$here/express/app.js" "$here/express/package.json" "$directory"
        if [ ! -d "$directory/node_modules/connect-redis" ]; then
            (cd "$directory" && npm install --omit=dev --no-audit --no-fund --loglevel=error) || fail "npm install failed for express, express-session, connect-redis and redis"
        fi
        ;;
    tomcat)
        home=${CATALINA_HOME:-/usr/share/tomcat10}
        [ -e "$home/bin/bootstrap.jar" ] || install_packages tomcat10-common # without the service that the package tomcat10 would enable
        [ -e "$home/bin/bootstrap.jar" ] || fail "no Tomcat 10 in $home; set CATALINA_HOME"
        command -v javac >/dev/null 2>&1 || install_packages default-jdk-headless
        rm -rf "$directory"
        mkdir -p "$directory"
        cp -r "$here/tomcat/server.xml" "$here/tomcat/WEB-INF" "$directory"
        javac -cp "$home/lib/servlet-api.jar:$home/lib/tomcat10-servlet-api.jar:$home/lib/*" -d "$directory" "$here/tomcat/BenchmarkServlet.java" || fail "javac failed"
        ;;
    *) fail "there is no peer '$peer'" ;;
esac
