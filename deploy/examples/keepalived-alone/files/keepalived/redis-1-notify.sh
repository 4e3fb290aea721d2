# keepalived runs it with master, backup, fault or stop, and the check of each second with again.
# docs/how-to/keepalived-alone.md. exec: when keepalived has started it says which one is the last.
umask 077
mkdir -p /var/lib/cluster-session/redis-1-notify
exec /usr/local/bin/cluster-session failover notify "$1" \
    --config /etc/cluster-session/agents/redis-1.json >>/var/lib/cluster-session/redis-1-notify/log 2>&1
