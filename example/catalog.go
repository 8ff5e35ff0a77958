package main

import (
	"fmt"
	"slices"
)

// A route is a page in the lists of the other pages.
type route struct {
	Path, Name string
	About      string // who has access
	Reason     string // why the user has access
	Need       string // what a refused user lacks
	json       bool   // the guard answers in JSON
	stepUp     bool   // the guard asks for another login
	allows     func(*viewer) bool
}

var catalog = []route{
	{
		Path:   "/",
		Name:   "Home",
		About:  "All visitors. LoadUser reads the user if there is one.",
		allows: func(*viewer) bool { return true },
	},
	{
		Path:   "/account",
		Name:   "Account",
		About:  "Every user who is logged in.",
		Reason: "You are logged in.",
		allows: isUser,
	},
	{
		Path:   "/reports",
		Name:   "Reports",
		About:  "Every user who is logged in. The reports come from an API that needs a token.",
		Reason: "You are logged in. The API decides by your access token.",
		allows: isUser,
	},
	{
		Path:   "/live",
		Name:   "Live",
		About:  "Every user who is logged in. A script calls the API through this application.",
		Reason: "You are logged in. The script of this page has no access token.",
		allows: isUser,
	},
	{
		Path:   "/staff",
		Name:   "Staff",
		About:  "Users with the staff role, which comes from a group at Auth0.",
		Reason: "You have the staff role: at your last login you were in the staff group at Auth0.",
		Need:   "This page needs the staff role.",
		allows: func(v *viewer) bool { return v != nil && v.staff },
	},
	{
		Path:   "/superuser",
		Name:   "Superuser",
		About:  "Users with the superuser role, which comes from another group.",
		Reason: "You have the superuser role: at your last login you were in its group at Auth0.",
		Need:   "This page needs the superuser role.",
		allows: func(v *viewer) bool { return v != nil && v.Superuser },
	},
	{
		Path:   "/keys",
		Name:   "Keys",
		About:  "Users who have used a second factor in the last ten minutes.",
		Reason: "You have used a second factor in the last ten minutes.",
		stepUp: true,
		allows: func(v *viewer) bool { return v != nil && v.secondFactor },
	},
	{
		Path:   "/api/me",
		Name:   "/api/me",
		About:  "Programs of a user who is logged in. Others receive a 401 in JSON.",
		json:   true,
		allows: isUser,
	},
}

func isUser(v *viewer) bool { return v != nil }

// routeOf returns the route of a path. A path that is not in the catalog is its own name.
func routeOf(path string) route {
	i := slices.IndexFunc(catalog, func(r route) bool { return r.Path == path })
	if i < 0 {
		return route{Path: path, Name: path}
	}
	return catalog[i]
}

// Source returns the line of routes.go that adds the route. It is nil if there is none.
func (r route) Source() *sourceLine {
	return sourceOf("routes.go", fmt.Sprintf(".Get(%q,", r.Path))
}

// A verdict is the answer of a route's guard to a viewer.
type verdict struct {
	Class string // of the style sheet: allowed, refused or waiting
	Label string
}

func (r route) verdict(v *viewer) verdict {
	switch {
	case r.allows(v):
		return verdict{"allowed", "200"}
	case v != nil && !r.stepUp:
		return verdict{"refused", "403"}
	case r.json:
		return verdict{"waiting", "401 JSON"}
	default:
		return verdict{"waiting", "302 → login"}
	}
}
