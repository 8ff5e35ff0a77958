package chiauth0test

import "time"

// SetLogoutTimeout replaces the five seconds that a client has to answer a logout token.
func (t *Tenant) SetLogoutTimeout(timeout time.Duration) { t.logouts.timeout = timeout }
