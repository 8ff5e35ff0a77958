// Package sessionstores makes scs session managers fit for a login, with any store: memstore's, redisstore's,
// cookiestore's, or another of the scs family.
//
//	sessions := sessionstores.New(memstore.New())
//	r.Use(sessionstores.Middleware(sessions))
//
// What a handler does with the session is scs's business and stays as it is: Put, Get, Destroy, RenewToken. What this package
// does is load and save it, in a way that no race between requests, no outage of the store and no order of middleware can
// turn against the person it belongs to. [Middleware] lists the differences.
//
// Three things go beyond scs: a record beside the session for what is large and seldom read ([SetRecord]), names by which all
// of a user's sessions can be ended ([SetNames], [EndAll]), and contracts for stores that want to keep every promise
// ([Backend], [Namer], [BrowserStore]); package storetest checks the first two.
package sessionstores
