#!/bin/sh
# Starts Alertmanager with alertmanager.yml as it is, or, where there is no Slack URL, with nobody to tell.
#
# usage: start.sh [arguments of alertmanager ...]
# Settings, for tests: CONFIG (the folder of alertmanager.yml), RUN (a folder to write to), SLACK_URL (the file).
set -eu

config=${CONFIG:-/etc/alertmanager}
run=${RUN:-/tmp}
slack_url=${SLACK_URL:-/run/secrets/slack_url}
program=${ALERTMANAGER:-/bin/alertmanager}

say() {
    echo "level=$1 component=start.sh msg=\"$2\"" >&2
}

file=$config/alertmanager.yml
if [ -s "$slack_url" ] && [ -r "$slack_url" ]; then
    say info "alerts go to Slack"
else
    if [ -s "$slack_url" ]; then
        say warn "$slack_url cannot be read by user $(id -u): make it readable (chmod 644); alerts are sent to nobody"
    else
        say warn "no Slack URL is given: alerts are shown here and in Grafana, and sent to nobody (docs/alerting.md)"
    fi
    file=$run/alertmanager.yml
    sed -e 's/receiver: slack[a-z-]*/receiver: nowhere/' -e "s|- templates/|- $config/templates/|" \
        "$config/alertmanager.yml" >"$file"
fi
exec "$program" --config.file="$file" "$@"
