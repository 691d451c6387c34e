#!/bin/sh
# The guide's checklist as a loop of curl and jq with a sleep of one second: what most pipelines begin with.
# Variables: API_URL API_KEY TEAM_ID CONNECTION SOURCE SOURCE_URL LIMIT (seconds for each step).
set -eu

ask() {
    curl --silent --show-error --fail --header "Authorization: Bearer $API_KEY" --header "x-team-id: $TEAM_ID" "$API_URL$1"
}

wait_for() { # path, jq condition
    end=$(($(date +%s) + LIMIT))
    until ask "$1" | jq --exit-status "$2" >/dev/null; do
        [ "$(date +%s)" -lt "$end" ] || { echo "gave up on $1"; exit 1; }
        sleep 1
    done
}

curl --silent --show-error --fail --output /dev/null --request POST --header "Content-Type: application/json" \
    --data '{"type": "deploy.test"}' "$SOURCE_URL"
wait_for "/requests?from=now-15m&source_id=$SOURCE&include=data&limit=20" '.models[0].status == "accepted"'
wait_for "/events?connection_id=$CONNECTION&limit=20" '.models[0].status == "SUCCESSFUL"'
event=$(ask "/events?connection_id=$CONNECTION&limit=20" | jq --raw-output '.models[0].id')
wait_for "/attempts?event_id=$event&limit=20" '.models[0].status == "SUCCESSFUL"'
wait_for "/connections/$CONNECTION/latest-input" '.latest_input != null'
wait_for "/metrics/events?from=now-15m&granularity=1m&measures=count,failed_count&connection_id=$CONNECTION" \
    '([.series[].count] | add) >= 1 and ([.series[].failed_count] | add) == 0'
