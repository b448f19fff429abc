#!/bin/sh
# Starts Grafana. At the first start it makes the password of the user admin and keeps it in the data volume, readable by
# Grafana alone; it never overwrites one.
#
# Settings, for tests: DATA (the data folder), GRAFANA (the program).
set -eu

data=${DATA:-/var/lib/grafana}
password=$data/admin-password

say() {
    echo "level=$1 component=start.sh msg=\"$2\"" >&2
}

if [ -s "$password" ]; then
    say info "the password of admin is in $password"
elif [ -e "$data/grafana.db" ]; then
    # Grafana reads a password only when it makes its database.
    say warn "the password of admin is the one that was set; if it is lost: grafana cli admin reset-admin-password"
else
    umask 077
    head -c 24 /dev/urandom | base64 | tr '+/' '-_' >"$password.new"
    mv "$password.new" "$password"
    umask 022
    say info "made a password for admin; read it with: docker compose exec grafana cat /var/lib/grafana/admin-password"
fi
if [ -s "$password" ]; then
    export GF_SECURITY_ADMIN_PASSWORD__FILE="$password"
fi
exec "${GRAFANA:-/run.sh}" "$@"
