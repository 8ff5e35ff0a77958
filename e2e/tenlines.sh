#!/usr/bin/env bash
# The application that the README shows, in a module of its own that is built against this checkout. It compiles, go vet has
# nothing to say, and after go mod tidy its go.mod names what a login needs and nothing else: no Redis client, SQL driver,
# browser or test module reaches a user of ours.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# Another name here is another thing that every user downloads, audits and updates.
needed='github.com/alexedwards/scs/v2
github.com/chiauth0/auth
github.com/coreos/go-oidc/v3
github.com/go-chi/chi/v5
github.com/go-jose/go-jose/v4
golang.org/x/crypto
golang.org/x/oauth2
golang.org/x/sync
golang.org/x/sys'

module=$(mktemp -d)
trap 'rm -rf "$module"' EXIT
cd "$module"

# The first Go block of the README is a whole program.
sed -n '/^```go$/,/^```$/{/^```$/q;/^```go$/!p}' "$root/README.md" >main.go
if ! grep -qx 'package main' main.go; then
  echo 'the first Go block of README.md is not a whole program' >&2
  exit 1
fi

export GOFLAGS=-mod=mod GOWORK=off
go mod init app.example 2>/dev/null
go mod edit -require=github.com/chiauth0/auth@v0.0.0 -replace="github.com/chiauth0/auth=$root"
go mod tidy
go vet ./...
go build -o app .

required=$(sed -n '/^require/,/^)/p' go.mod | grep -oE '[a-z]+(\.[a-z]+)+/[^ ]+')
unneeded=$(grep -vxF "$needed" <<<"$required" || true)
if [ -n "$unneeded" ]; then
  printf 'after go mod tidy, go.mod names what a login does not need:\n%s\n' "$unneeded" >&2
  exit 1
fi

# What the module does not name, it could still get from this one.
linked=$(go list -deps .)
unneeded=$(grep -xE 'testing|database/sql|github.com/chiauth0/auth/.*(test|redisstore|sqlusers)' <<<"$linked" || true)
if [ -n "$unneeded" ]; then
  printf 'the program links what a login does not need:\n%s\n' "$unneeded" >&2
  exit 1
fi
printf 'go.mod names %s\n' "$(paste -sd ' ' <<<"$required")"
