#!/usr/bin/env bash
# A job with two phases that reports by curl alone; it needs bash and curl.
#
#     STREAMGAUGE_URL=http://localhost:9308 examples/report_by_curl.sh [JOB [RUN]]
#
# STREAMGAUGE_TOKEN   a token with the scope "write", where the exporter wants one
# FAIL=yes            fail in the second phase, to see what that looks like
#
# Reporting never fails the job: what cannot be told within some seconds is lost, and said on standard error.
set -euo pipefail

url=${STREAMGAUGE_URL:-http://localhost:9308}
token=${STREAMGAUGE_TOKEN:-}
job=${1:-nightly-export}
run=${2:-$(date -u +%Y-%m-%dT%H:%M:%SZ)}

# A name as a part of a path: everything but letters, digits and a few signs is percent-encoded.
encoded() {
  local LC_ALL=C text=$1 part='' hex i
  for ((i = 0; i < ${#text}; i++)); do
    case ${text:i:1} in
      [a-zA-Z0-9_~-]) part+=${text:i:1} ;;
      *) printf -v hex '%02X' "'${text:i:1}"; part+=%${hex: -2} ;;
    esac
  done
  printf '%s' "$part"
}

# A text as JSON; control characters become blanks.
quoted() {
  local text=$1
  text=${text//\\/\\\\}
  text=${text//\"/\\\"}
  printf '"%s"' "${text//[[:cntrl:]]/ }"
}

# Tell something: the path below the run, and the body. The key makes a report that curl sends again the same one, and
# the time is that of now, however long it takes to arrive. The token comes by a pipe: it is in no list of processes.
post() {
  local path=$1 fields=${2:-} now=${EPOCHREALTIME:-$(date +%s)}
  local body="{\"time\": ${now/,/.}${fields:+, $fields}}"
  curl --silent --show-error --fail-with-body --output /dev/null \
    --max-time 10 --retry 3 --retry-delay 1 --retry-connrefused \
    --header 'Content-Type: application/json' \
    --header "Idempotency-Key: $$-$now-$RANDOM$RANDOM" \
    --header @<([[ -z $token ]] || printf 'Authorization: Bearer %s\n' "$token") \
    --data "$body" "$url/api/v1/jobs/$(encoded "$job")/runs$path" \
    || echo "not reported: $path" >&2
}

report() {
  post "/$(encoded "$run")$1" "${2:-}"
}

# However the job ends, it is told: phases that still run end with it.
finish() {
  local code=$1
  if ((code == 0)); then
    report /complete '"exit_code": 0'
  else
    report /fail "\"exit_code\": $code, \"message\": $(quoted "ended with exit code $code")"
  fi
}
trap 'finish $?' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

post '' "\"run\": $(quoted "$run"), \"title\": \"Nightly export\", \"environment\": \"demo\", \"labels\": {\"host\": $(quoted "${HOSTNAME:-}")}"
report /phases '"phase": "P01", "title": "Upload", "status": "pending", "position": 2'

report /phases '"phase": "P00", "title": "Read the pages", "items": 5, "position": 1'
for page in 1 2 3 4 5; do
  sleep "${PAUSE:-0.2}" # the work
  report /phases/P00/progress "\"done\": $page"
  if ((page == 4)); then
    report /phases/P00/warnings "\"message\": \"page $page has no title\""
  fi
done
report /phases/P00/complete

report /phases '"phase": "P01"'
report /phases/P01/sub-phases '"sub_phase": "check sums"'
sleep "${PAUSE:-0.2}"
if [[ ${FAIL:-} == yes ]]; then
  report '/phases/P01/sub-phases/check%20sums/fail' '"error": {"type": "CheckSum", "message": "pages.tar: the sum is wrong"}'
  exit 3
fi
report '/phases/P01/sub-phases/check%20sums/complete'
report /phases/P01/artifacts '"name": "pages.tar", "uri": "s3://exports/pages.tar", "size_bytes": 104857600'
report /phases/P01/metrics '"name": "pages", "value": 5'
report /phases/P01/complete
