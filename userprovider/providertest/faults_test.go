package providertest

import (
	"errors"
	"slices"
)

// The names of the checks.
const (
	inFirst        = "a first login makes an active user without roles"
	inCreated      = "only a first login creates a user"
	inUpdate       = "every login updates the fields"
	inAbsent       = "fields that a login lacks keep their values"
	inWho          = "issuer and subject identify the user"
	inEmail        = "an e-mail does not identify the user"
	inNoSubject    = "a login without issuer or subject is refused"
	inRoles        = "roles are granted, revoked and kept"
	inSubject      = "a user is found by issuer and subject"
	inUnknownID    = "an unknown ID is not found"
	inInactive     = "an inactive user stays inactive"
	inDeleted      = "a deleted user is not found"
	inStay         = "a value that was returned does not change"
	inSimultaneous = "simultaneous first logins make one user"
	inBusy         = "simultaneous logins of different users stay apart"
	inCancelled    = "a cancelled request stores a login completely or not at all"
	inText         = "hostile text is stored or refused"
	inTypes        = "values of other types are stored or refused"
	inUnknownField = "an unknown field is stored or refused"
	inCallers      = "the login of the caller is not changed"
)

var errBroken = errors.New("the database does not answer")

// faults are providers that are each wrong in one way.
var faults = slices.Concat(identityFaults, lifecycleFaults, fieldFaults, concurrencyFaults)
