# Run by keepalived every second: whether the agent of redis-2 writes, and its Redis answers.
set -eu
written=$(stat -c %Y /run/cluster-session/redis-2/lease)
# The agent writes every second.
test $(($(date +%s) - written)) -le 2
# Any answer will do, NOAUTH as well: whether it is the master is the agent's to say.
timeout 0.5 redis-cli -h 10.0.0.12 -p 6379 ping >/dev/null
