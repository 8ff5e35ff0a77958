#!/usr/bin/env bash
# Everything that must hold before a change lands: format, vet, lint, the tests under the race detector (with real Redis and
# PostgreSQL servers, which they start themselves), the ten-line application, and a real Chromium against the real example.
# Run it from anywhere; it takes no arguments.
#
# On Debian it installs what is missing, as root or through sudo; elsewhere it says what is missing. $CHROME names a browser
# of your choice. No step is ever left out: what cannot run is a failure.
set -euo pipefail
exec </dev/null # nobody is there to answer a question
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
PATH=$PATH:/usr/sbin # where Debian has nginx
tools=$root/e2e/.bin

main() {
  trap finish EXIT
  step 'what this needs' prerequisites
  step 'Go tools' install_go_tools
  step 'npm packages' install_npm_packages
  step 'browser' install_browser

  step 'gofumpt' check_format
  step 'go vet' go vet ./...
  step 'golangci-lint' "$tools/golangci-lint" run ./...
  step 'govulncheck' check_vulnerabilities
  step 'go test -race' env CHIAUTH0_E2E=1 go test -race -timeout 10m ./...
  step 'ten-line application' e2e/tenlines.sh
  step 'browser tests' browser_tests
}

# step prints the name of a step and how long it took. The first that fails ends the run.
step() {
  current=$1
  printf '\n==> %s\n' "$current"
  local began=$SECONDS
  "${@:2}"
  passed+=("$current $((SECONDS - began))s")
  printf -- '--- %s, %ds\n' "$current" "$((SECONDS - began))"
  current=
}

passed=()
current=
finish() {
  local status=$?
  printf '\n'
  if [ "$status" -eq 0 ]; then
    printf 'PASS: %d steps in %ds (%s)\n' "${#passed[@]}" "$SECONDS" "$(printf '%s, ' "${passed[@]}" | sed 's/, $//')"
  else
    printf 'FAIL: %s, exit status %d, after %ds\n' "${current:-e2e/test.sh}" "$status" "$SECONDS"
  fi
}

# prerequisites: the tests start the servers themselves. Those that Debian's packages start as well are left alone.
prerequisites() {
  command -v go >/dev/null || missing 'Go, in the version that go.mod names: https://go.dev/dl/'
  need gcc gcc libc6-dev # the race detector links with it
  need node nodejs
  need npm npm
  need redis-server redis-server # and redis-cli
  ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || need initdb postgresql # Debian keeps it off the path
  need nginx nginx-light
  modern_node
  printf 'go %s, node %s, npm %s\n' "$(go env GOVERSION)" "$(node --version)" "$(npm --version)"
}

# need COMMAND PACKAGE…: has the packages installed if there is no such command.
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

# modern_node: Playwright wants Node 20, and Debian 12 has 18. npm has newer ones, which stay in this folder.
modern_node() {
  [ "$(node -p 'process.versions.node.split(".")[0]')" -ge 20 ] && return
  local arch=x64
  [ "$(uname -m)" = aarch64 ] && arch=arm64
  npm install --no-save --no-audit --no-fund --prefix "$tools/node" "node-linux-$arch@22.23.3"
  PATH=$tools/node/node_modules/node-linux-$arch/bin:$PATH
}

install_go_tools() {
  GOFLAGS='' GOBIN=$tools go -C e2e/tools install tool
}

install_npm_packages() {
  npm ci --prefix e2e --no-audit --no-fund
}

# install_browser: the order is playwright.config.mjs's, which looks for one itself.
install_browser() {
  if [ -n "${CHROME:-}" ]; then
    "$CHROME" --version
    return
  fi
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
    printf 'not formatted; run gofumpt -w on:\n%s\n' "$unformatted" >&2
    return 1
  fi
}

# check_vulnerabilities: the database is on another host, which not every machine can reach; the step's name says so then.
check_vulnerabilities() {
  local status=0
  "$tools/govulncheck" ./... || status=$?
  case $status in
    0) ;;
    3) return 3 ;; # it found some
    *) current='govulncheck NOT RUN (no answer from vuln.go.dev)' ;;
  esac
}

browser_tests() {
  (cd e2e && npx playwright test)
}

main
