#!/usr/bin/env bash
# Builds the Go code of the README in a module of its own against this checkout. The program and
# the fragments that add to it must compile and pass go vet. The program's go.mod after go mod tidy
# must require only what a login needs: no Redis client, no SQL driver and no test module.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# Every user of the library downloads and audits these modules.
needed='github.com/alexedwards/scs/v2
github.com/chiauth0/auth
github.com/coreos/go-oidc/v3
github.com/go-chi/chi/v5
github.com/go-jose/go-jose/v4
golang.org/x/crypto
golang.org/x/net
golang.org/x/oauth2
golang.org/x/sync
golang.org/x/sys
golang.org/x/text'

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

# The other Go blocks are statements that use the cfg and the router r of the program. Each one
# becomes the body of a function in a package of its own.
blocks=$(awk -v folder="$module" '
  /^```go$/ { block++; inside = 1; next }
  /^```$/ { if (inside && block > 1) { print "}" >file; close(file) }; inside = 0 }
  inside && block > 1 {
    if (!(block in begun)) {
      begun[block] = 1
      package = folder "/block" block
      system("mkdir -p " package)
      file = package "/block.go"
      print "package block\n\nimport (" >file
      print "\t\"fmt\"\n\t\"io\"\n\t\"net/http\"\n" >file
      print "\t\"github.com/go-chi/chi/v5\"\n" >file
      print "\t\"github.com/chiauth0/auth/chiauth0\"\n)\n" >file
      print "var (\n\t_ = fmt.Fprintln\n\t_ = io.Copy\n\t_ = http.Get\n)\n" >file
      print "func block(cfg *chiauth0.Config, r chi.Router) {" >file
    }
    print >file
  }
  END { print block - 1 }
' "$root/README.md")
if [ "$blocks" -gt 0 ]; then
  go vet ./block*
fi

required=$(sed -n '/^require/,/^)/p' go.mod | grep -oE '[a-z]+(\.[a-z]+)+/[^ ]+')
unneeded=$(grep -vxF "$needed" <<<"$required" || true)
if [ -n "$unneeded" ]; then
  printf '%d other Go blocks compile\n' "$blocks"
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
printf '%d other Go blocks compile\n' "$blocks"
printf 'go.mod requires %s\n' "$(paste -sd ' ' <<<"$required")"
