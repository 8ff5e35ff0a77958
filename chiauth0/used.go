package chiauth0

import "sync"

// maxUsed bounds the memory for used callbacks to some hundred kilobytes.
const maxUsed = 4096

// usedStates holds the IDs of the callbacks that this process has begun to redeem, so that a
// doubled request does not redeem the code a second time. Auth0 takes that for a stolen code and
// revokes the tokens of the first (RFC 6749, section 4.1.2). It is safe for concurrent use.
type usedStates struct {
	mu    sync.Mutex
	known map[string]struct{}
	order []string
	next  int
}

// use marks an ID. It reports false if the ID is marked already.
func (u *usedStates) use(id string) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if _, ok := u.known[id]; ok {
		return false
	}
	if u.known == nil {
		u.known = make(map[string]struct{})
	}
	if len(u.order) < maxUsed {
		u.order = append(u.order, id)
	} else {
		delete(u.known, u.order[u.next])
		u.order[u.next] = id
		u.next = (u.next + 1) % maxUsed
	}
	u.known[id] = struct{}{}
	return true
}

// has reports whether an ID is marked.
func (u *usedStates) has(id string) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	_, ok := u.known[id]
	return ok
}
