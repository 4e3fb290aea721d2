# keepalived runs it every second: whether redis-2 answers.
set -eu
# What keepalived has said last is the work of one process. If that was killed, another one goes on.
for notice in /var/lib/cluster-session/redis-2-notify/notice_*; do
    if test -e "$notice" && flock -n /var/lib/cluster-session/redis-2-notify/lock true; then
        setsid /bin/sh /etc/cluster-session/keepalived/redis-2-notify.sh again &
    fi
done
# Any answer will do, NOAUTH as well: also a Redis that is closed can be opened.
timeout 0.5 redis-cli -h 10.0.0.12 -p 6379 ping >/dev/null
