module github.com/chiauth0/auth/e2e/zitadel

go 1.26

require (
	github.com/chiauth0/auth v0.0.0
	github.com/zitadel/oidc/v3 v3.51.17
)

replace github.com/chiauth0/auth => ../..
