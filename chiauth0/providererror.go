package chiauth0

import (
	"net/http"
)

// A ProviderError is an error answer of Auth0: in the callback's query (RFC 6749, section 4.1.2.1;
// OpenID Connect Core, section 3.1.2.6) or of the token endpoint (RFC 6749, section 5.2).
type ProviderError struct {
	// Code is error, such as "access_denied" or "login_required". It is cut at 200 bytes.
	Code string

	// Description is error_description, without control characters, cut at 1000 bytes. It can
	// hold text of a stranger. Escape it.
	Description string

	tokenEndpoint bool
	status        int // of the token endpoint's answer
}

func newProviderError(code, description string) *ProviderError {
	return &ProviderError{Code: cut(code), Description: clean(description, maxDescription)}
}

// code is the [Code] of an Auth0 error.
func (e *ProviderError) code() Code {
	if e.tokenEndpoint {
		return e.tokenCode()
	}
	switch e.Code {
	case "access_denied", "unauthorized": // Auth0 sends unauthorized for blocked users
		return CodeAccessDenied
	case "login_required", "consent_required", "interaction_required", "account_selection_required":
		return Code(e.Code)
	case "unauthorized_client":
		return CodeClientRejected
	case "server_error":
		return CodeProviderError
	case "temporarily_unavailable":
		return CodeUnavailable
	}
	return CodeLoginFailed
}

// tokenCode is the [Code] of an error of the token endpoint. Most are about the client: wrong
// credentials, a wrong authentication method, a grant that is switched off. Auth0 answers a wrong
// secret with 401 and access_denied.
func (e *ProviderError) tokenCode() Code {
	if e.status == http.StatusUnauthorized {
		return CodeClientRejected
	}
	switch e.Code {
	case "invalid_grant": // of this one login
		return CodeLoginFailed
	case "access_denied": // by an Action
		return CodeAccessDenied
	default:
		return CodeClientRejected
	}
}

// showsDescription reports whether Auth0's description is written for the visitor. Elsewhere it is
// written for developers.
func (e *ProviderError) showsDescription() bool {
	if e.tokenEndpoint || e.Description == "" {
		return false
	}
	switch e.code() {
	case CodeAccessDenied, CodeLoginRequired, CodeConsentRequired, CodeInteractionRequired,
		CodeAccountSelectionRequired:
		return true
	default:
		return false
	}
}
