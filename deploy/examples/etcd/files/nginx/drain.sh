#!/bin/sh
# Takes a node out of nginx before it is stopped, and puts it back:
#
#   sh drain.sh web-1         no new requests; those under way end as usual
#   sh drain.sh web-1 back
#
# Then stop the node: it stores what only it has, and its sessions are read by the others.
set -eu
case "${1-}" in
    web-1) address='10\.0\.0\.21:5001' ;;
    web-2) address='10\.0\.0\.22:5002' ;;
    *) echo "usage: sh drain.sh NODE [back]; nodes: web-1 web-2" >&2; exit 2 ;;
esac
case "${2-}" in
    '') mark=' down' ;;
    back) mark='' ;;
    *) echo "drain.sh: '$2' is neither nothing nor back" >&2; exit 2 ;;
esac

# Only in the upstream of all nodes, whose lines have max_fails: a node that drains may still be asked
# for what another one could not serve.
for file in /etc/cluster-session/nginx/application*.conf; do
    sed -i "s/^\( *server $address max_fails=[^;]*fail_timeout=[0-9a-z]*\)[^;]*;/\1$mark;/" "$file"
done
nginx -t -q -c /etc/cluster-session/nginx/nginx.conf
kill -HUP "$(cat /var/lib/cluster-session/nginx/nginx.pid)"
