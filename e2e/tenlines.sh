#!/usr/bin/env bash
# Builds the program of the README in a module of its own against this checkout. The program must
# compile and pass go vet. Its go.mod after go mod tidy must require only what a login needs: no
# Redis client, no SQL driver and no test module.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# Every user of the library downloads and audits these modules.
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

# The first Go block of the README is a complete program.
sed -n '/^```go$/,/^```$/{/^```$/q;/^```go$/!p}' "$root/README.md" >main.go
if ! grep -qx 'package main' main.go; then
  echo 'the first Go block of README.md is not a complete program' >&2
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
  printf 'go.mod requires modules that a login does not need:\n%s\n' "$unneeded" >&2
  exit 1
fi

# The packages of this module could still link more than a login needs.
linked=$(go list -deps .)
forbidden='testing|database/sql|github.com/chiauth0/auth/.*(test|redisstore|sqlusers)'
unneeded=$(grep -xE "$forbidden" <<<"$linked" || true)
if [ -n "$unneeded" ]; then
  printf 'the program links packages that a login does not need:\n%s\n' "$unneeded" >&2
  exit 1
fi
printf 'go.mod requires %s\n' "$(paste -sd ' ' <<<"$required")"
