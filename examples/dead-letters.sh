#!/usr/bin/env bash
# A night at the dead-letter desk: two records of one order are refused, the invoice is held; both are put right, and it is released.
#
#   examples/dead-letters.sh                                  # with `milepost dev up` on this machine
#   KAFKA_BOOTSTRAP=kafka:9092 examples/dead-letters.sh       # on a cluster; topics get a prefix of their own
#
# docs/dead-letters.md tells the same story.
set -euo pipefail

folder=$(mktemp -d)
export MILEPOST_PREFIX=${MILEPOST_PREFIX:-walk$$.} MILEPOST_DATA=$folder/data MILEPOST_PARTNERS_DIR=$folder/partners MILEPOST_METRICS_PORT=0
export MILEPOST_PARTITIONS=2
mkdir -p "$MILEPOST_PARTNERS_DIR/ACME"
worker=

stop_worker() {
    if [ -n "$worker" ]; then
        kill -TERM "$worker" 2>/dev/null || true
        wait "$worker" || true
        worker=
    fi
}
start_worker() {
    milepost worker >>"$folder/worker.log" 2>&1 &
    worker=$!
}
trap 'stop_worker; rm -rf "$folder"' EXIT

say() { printf '\n== %s\n' "$*"; }

# Run a command until its output holds a text, for at most two minutes.
until_it_says() {
    local text=$1 tries=0 out
    shift
    until out=$("$@" 2>&1) && grep -qF -- "$text" <<<"$out"; do
        tries=$((tries + 1))
        if [ "$tries" -ge 60 ] || ! kill -0 "$worker"; then
            printf 'no "%s" from: %s\n%s\n' "$text" "$*" "$out" >&2
            tail -n 5 "$folder/worker.log" >&2
            exit 1
        fi
    done
    grep -F -- "$text" <<<"$out" | tail -n 1
}

if [ -z "${KAFKA_BOOTSTRAP:-}" ]; then milepost dev up; fi
milepost topics create >/dev/null
start_worker

say 'An order, the terms it is billed by, and the plan of its shipment'
now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
milepost produce - <<EOF
{"topic": "billing.terms", "key": "NET", "value": {"terms_id": "NET", "versions": [{"version": 1, "trigger": "on_delivery", "currency": "EUR", "time_zone": "Europe/Berlin", "valid_from": "2020-01-01T00:00:00Z", "partial_allowed": true}]}}
{"topic": "erp.raw", "key": "4711", "value": {"type": "order.released", "system": "SAP", "company": "1000", "order": "4711", "at": "$now", "revision": 1, "customer": "C9", "currency": "EUR", "terms": "NET", "lines": [{"line": "10", "sku": "A", "quantity": "5", "uom": "EA", "unit_price": "10.10"}]}}
{"topic": "tms.raw", "key": "S-1", "value": {"type": "shipment.planned", "system": "TMS", "shipment": "S-1", "at": "$now", "carrier": "BLPX", "references": [{"kind": "tracking", "value": "BLP1"}], "orders": [{"company": "1000", "order": "4711", "lines": [{"line": "10", "quantity": "5", "uom": "EA"}]}]}}
EOF

say 'The warehouse writes a quantity as a word, and the carrier uses a code of its own'
milepost produce - <<EOF
{"topic": "wms.raw", "key": "4711", "value": {"type": "goods.issued", "system": "WMS", "company": "1000", "order": "4711", "at": "$now", "delivery": "D-1", "lines": [{"line": "10", "quantity": "fünf", "uom": "EA"}]}}
{"topic": "carrier.raw", "key": "BLP1", "value": {"carrier": "BLPX", "tracking": "BLP1", "code": "ZUGESTELLT", "at": "$now"}, "headers": {"partner": "ACME"}}
EOF

say 'The alert says that dead letters are open. What went wrong?'
until_it_says '2 letters in 2 groups' milepost dlq stats
milepost dlq stats

say 'Why is the invoice held?'
until_it_says 'DEAD_LETTER' milepost watch --topic invoice.holds --order 1000:4711 --from-start --until-idle 1

say 'The scan: what does it say, and what is to be done?'
scan=$(milepost dlq list --code UNMAPPED_CODE --json | sed -n 's/^{"id":"\([^"]*\)".*/\1/p')
milepost dlq show "$scan"

say 'The carrier means "delivered". Its code gets a row in the map of this partner, and the worker reads it at its next start'
cat >"$MILEPOST_PARTNERS_DIR/ACME/milepost.carrier.v1.csv" <<'EOF'
code,type,milestone,classifier,reason_class,effect,provenance,example
ZUGESTELLT,,DELIVERED,ACT,,,agreed with ACME,handed over
EOF
stop_worker
start_worker
milepost dlq show "$scan" | grep 'read      DELIVERED'

say 'What would a replay do? And now in earnest'
milepost dlq replay --code UNMAPPED_CODE --partner ACME
milepost dlq replay --code UNMAPPED_CODE --partner ACME --execute --by desk --reason 'the map of ACME has the code now'
until_it_says 'DELIVERED' milepost watch --topic shipment.milestones --order 1000:4711 --from-start --until-idle 1

say 'Delivered, and still not invoiced: the goods issue holds the order. The warehouse confirms five pieces'
goods=$(milepost dlq list --order 1000:4711 --json | sed -n 's/^{"id":"\([^"]*\)".*/\1/p')
milepost dlq edit "$goods" --set lines.0.quantity=5
milepost dlq edit "$goods" --set lines.0.quantity=5 --execute --yes --by desk --reason 'five pieces, confirmed by the warehouse'

say 'The hold is lifted, and finance may post'
until_it_says 'RELEASE 50.5' milepost watch --topic invoice.releases --order 1000:4711 --from-start --until-idle 1

say 'Nothing is open, and the audit says who did what'
milepost dlq stats
milepost dlq audit
milepost dlq audit "$goods"
