#!/bin/sh
# Starts Prometheus with prometheus.yml at the interval of $SCRAPE_INTERVAL: Prometheus itself fills variables into labels
# alone.
#
# usage: start.sh [arguments of prometheus ...]
# Settings, for tests: CONFIG (the folder of prometheus.yml), RUN (a folder to write to), PROMETHEUS (the program).
set -eu

config=${CONFIG:-/etc/prometheus}
file=${RUN:-/tmp}/prometheus.yml

sed -e "s|scrape_interval: .*|scrape_interval: ${SCRAPE_INTERVAL:-15s}|" \
    -e "s|evaluation_interval: .*|evaluation_interval: ${SCRAPE_INTERVAL:-15s}|" \
    -e "s|- rules/|- $config/rules/|" "$config/prometheus.yml" >"$file"
exec "${PROMETHEUS:-/bin/prometheus}" --config.file="$file" "$@"
