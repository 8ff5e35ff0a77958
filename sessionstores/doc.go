// Package sessionstores serves scs session managers in a way that is safe for a login, with any scs
// store.
package sessionstores
