package main

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
)

// A route is a page as the others show it.
type route struct {
	Path, Name string
	About      string // who may enter
	Reason     string // said to somebody who was let in
	allows     func(*viewer) bool
}

var catalog = []route{
	{
		Path: "/", Name: "Home", About: "Everybody. The page asks who is there, and nobody is a good answer.",
		allows: func(*viewer) bool { return true },
	},
	{
		Path: "/account", Name: "Account", About: "Everybody who is signed in.",
		Reason: "You are signed in, and the guard of this page asks for no more.",
		allows: func(v *viewer) bool { return v != nil },
	},
	{
		Path: "/staff", Name: "Staff", About: "Users with the staff role, which comes from a group at Auth0.",
		Reason: "You are staff: at your last login Auth0 named you in the staff group. Superusers decide here who may stay.",
		allows: func(v *viewer) bool { return v != nil && v.staff },
	},
	{
		Path: "/superuser", Name: "Superuser", About: "Users with the superuser role, which comes from another group.",
		Reason: "You are a superuser: at your last login Auth0 named you in the superuser group.",
		allows: func(v *viewer) bool { return v != nil && v.Superuser },
	},
	{
		Path: "/api/me", Name: "/api/me", About: "Programs of a signed-in user, in JSON. Others get a 401, not a login page.",
		allows: func(v *viewer) bool { return v != nil },
	},
}

// routeOf finds the route of a path; one that no page lists has the path as its name.
func routeOf(path string) route {
	if i := slices.IndexFunc(catalog, func(r route) bool { return r.Path == path }); i >= 0 {
		return catalog[i]
	}
	return route{Path: path, Name: path}
}

//go:embed routes.go
var routesSource string

// Source is the line of routes.go that routes here: the code that runs rather than a copy that may lag behind.
func (r route) Source() string {
	for line := range strings.Lines(routesSource) {
		if strings.Contains(line, fmt.Sprintf(".Get(%q,", r.Path)) {
			return strings.TrimSpace(line)
		}
	}
	return ""
}

// A verdict is what the guard of a route says to a viewer, and the class by which the stylesheet colours it.
type verdict string

const (
	allowed verdict = "allowed"
	refused verdict = "refused"
	waiting verdict = "waiting"
)

func (r route) verdict(v *viewer) verdict {
	switch {
	case r.allows(v):
		return allowed
	case v == nil:
		return waiting
	default:
		return refused
	}
}

// Label is the verdict in words.
func (v verdict) Label() string {
	switch v {
	case allowed:
		return "Open to you"
	case refused:
		return "Not for you"
	default:
		return "Log in first"
	}
}
