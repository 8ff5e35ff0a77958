// Package sqlusers keeps users in a table of the application's own, through database/sql and nothing else: the application
// brings the driver, the table and the type, and [New] makes a [userprovider.UserProvider] of them.
package sqlusers
