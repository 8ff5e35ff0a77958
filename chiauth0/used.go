package chiauth0

import "sync"

// maxUsed bounds the memory of used callbacks: some hundred kilobytes.
const maxUsed = 4096

// usedStates remembers which callbacks this process has begun to redeem, so that a doubled request does not redeem the
// code a second time: Auth0 would take that for a stolen code and revoke what the first one got (RFC 6749, section 4.1.2).
type usedStates struct {
	mu    sync.Mutex
	known map[string]struct{}
	order []string
	next  int
}

// use marks a state. It reports false for one that is marked already.
func (u *usedStates) use(state string) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if _, ok := u.known[state]; ok {
		return false
	}
	if u.known == nil {
		u.known = make(map[string]struct{})
	}
	if len(u.order) < maxUsed {
		u.order = append(u.order, state)
	} else {
		delete(u.known, u.order[u.next])
		u.order[u.next] = state
		u.next = (u.next + 1) % maxUsed
	}
	u.known[state] = struct{}{}
	return true
}
