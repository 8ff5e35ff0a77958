#!/usr/bin/env bash
# Measures requests per second of one page for a signed-in user, over HTTP: sessions in memory, in
# cookies and in Redis, compared with bare chi and with stock scs in memory and on goredisstore.
#
# The server runs on one core, wrk and Redis on another. Each kind is measured twice, in turn, for
# $SECONDS_EACH seconds (default 5), and the better result counts. Compare results of one run only.
# The requests per second of the server's CPU time depend less on other load on the machine.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
for program in go wrk redis-server redis-cli taskset; do
  if ! command -v "$program" >/dev/null; then
    printf 'missing on this machine: %s\n' "$program" >&2
    exit 1
  fi
done

work=$(mktemp -d)
server=
redis=
finish() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  [ -z "$redis" ] || kill "$redis" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT

go build -o "$work/bench" ./e2e/bench
port=$((20000 + RANDOM % 10000))
taskset -c 1 redis-server --port $port --bind 127.0.0.1 --dir "$work" \
  --save '' --appendonly no >/dev/null &
redis=$!
until redis-cli -p $port ping >/dev/null 2>&1; do sleep 0.1; done

# ticks prints the CPU time of the server in hundredths of a second.
ticks() {
  awk '{ print $14 + $15 }' "/proc/$server/stat"
}

# measure KIND sets rate to the requests per second, cpu to the requests per second of CPU time, and
# bytes to the length of the Cookie header.
measure() {
  : >"$work/out"
  REDIS_ADDR=127.0.0.1:$port GOMAXPROCS=1 \
    taskset -c 0 "$work/bench" "$1" >"$work/out" 2>"$work/log" &
  server=$!
  until [ "$(wc -l <"$work/out")" -ge 2 ]; do
    kill -0 "$server" 2>/dev/null || { cat "$work/log" >&2; exit 1; }
    sleep 0.1
  done
  { read -r url; read -r cookies; } <"$work/out"
  bytes=${#cookies}
  local before
  before=$(ticks)
  taskset -c 1 wrk -t1 -c16 -d"${SECONDS_EACH:-5}s" -H "Cookie: $cookies" "$url" >"$work/wrk"
  cpu=$(awk -v ticks=$(($(ticks) - before)) \
    '/requests in/ { printf "%d", $1 * 100 / ticks }' "$work/wrk")
  kill "$server"
  wait "$server" 2>/dev/null || true
  server=
  if grep -q 'Non-2xx' "$work/wrk"; then
    printf '%s: some answers were not the page:\n' "$1" >&2
    cat "$work/wrk" >&2
    exit 1
  fi
  rate=$(awk '/^Requests\/sec/ { printf "%d", $2 }' "$work/wrk")
}

declare -A best best_cpu sent
for _ in 1 2; do
  for kind in chi memory cookie redis scs scs-redis; do
    measure "$kind"
    sent[$kind]=$bytes
    if [ "$rate" -gt "${best[$kind]:-0}" ]; then best[$kind]=$rate; fi
    if [ "$cpu" -gt "${best_cpu[$kind]:-0}" ]; then best_cpu[$kind]=$cpu; fi
  done
done

printf '%-10s %11s %6s %14s %6s %5s %s\n' \
  session requests/s '× chi' 'per CPU second' '× chi' goal 'bytes of cookies'
row() {
  awk -v name="$1" -v goal="$2" -v bytes="${sent[$1]}" \
    -v rate="${best[$1]}" -v cpu="${best_cpu[$1]}" \
    -v chi="${best[chi]}" -v chi_cpu="${best_cpu[chi]}" 'BEGIN {
      printf "%-10s %11d %6.2f %14d %6.2f %5s %d\n",
        name, rate, rate / chi, cpu, cpu / chi_cpu, goal, bytes
    }'
}
row chi ''
row memory 0.85
row cookie 0.60
row redis 0.45
row scs ''
row scs-redis ''
