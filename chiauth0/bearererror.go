package chiauth0

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

var (
	errNoBearer          = errors.New("chiauth0: the request has no access token")
	errMalformedBearer   = errors.New("chiauth0: malformed request for an API")
	errInsufficientScope = errors.New("chiauth0: the access token lacks a permission")
	errBearerRefused     = errors.New("chiauth0: the access token is refused")
)

// maxBearer bounds the size of an access token.
const maxBearer = 16 << 10

// queryToken is the parameter of a token in the URL (RFC 6750, section 2.3). It is refused: URLs
// are kept in logs and in histories.
const queryToken = "access_token"

// hasBearer reports whether a request tries to authenticate with an access token.
func hasBearer(r *http.Request) bool {
	for _, value := range r.Header.Values("Authorization") {
		scheme, _, _ := strings.Cut(value, " ")
		if strings.EqualFold(scheme, "Bearer") {
			return true
		}
	}
	return r.URL.Query().Has(queryToken)
}

// bearerToken returns the access token of a request.
func bearerToken(r *http.Request) (string, error) {
	if r.URL.Query().Has(queryToken) {
		return "", fmt.Errorf("%w: the access token is in the query: send it in the Authorization "+
			"header", errMalformedBearer)
	}
	headers := r.Header.Values("Authorization")
	if len(headers) > 1 {
		return "", fmt.Errorf("%w: several Authorization headers", errMalformedBearer)
	}
	if len(headers) == 0 {
		return "", errNoBearer
	}
	return parseBearer(headers[0])
}

// parseBearer reads the value of an Authorization header (RFC 6750, section 2.1; RFC 9110, section
// 11.4). The scheme is compared without regard to case.
func parseBearer(header string) (string, error) {
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", errNoBearer // another scheme
	}
	token = strings.Trim(token, " ")
	if token == "" {
		return "", fmt.Errorf("%w: the access token is empty", errMalformedBearer)
	}
	if len(token) > maxBearer {
		return "", fmt.Errorf("%w: the access token has more than %d bytes",
			errMalformedBearer, maxBearer)
	}
	text := strings.TrimRight(token, "=")
	if text == "" || strings.ContainsFunc(text, notInToken) {
		return "", fmt.Errorf("%w: the access token has a character that is not allowed",
			errMalformedBearer)
	}
	return token, nil
}

// notInToken reports whether a character cannot be part of a b64token (RFC 6750, section 2.1).
func notInToken(c rune) bool {
	isLetter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
	isDigit := '0' <= c && c <= '9'
	return !isLetter && !isDigit && !strings.ContainsRune("-._~+/", c)
}

// refuseBearer answers a request whose token is not accepted (RFC 6750, section 3).
func (a *auth) refuseBearer(
	w http.ResponseWriter, r *http.Request, bearer Bearer, permissions []string, err error,
) {
	if errors.Is(err, ErrUnavailable) {
		a.fail(w, r, unavailable(err))
		return
	}
	var e *Error
	challenge := fmt.Sprintf("Bearer realm=%q", a.Audience)
	switch {
	case errors.Is(err, errNoBearer): // no error code, as section 3.1 says
		e = newError(CodeNotSignedIn, err)
		e.Message = "This address needs an access token."
	case errors.Is(err, errMalformedBearer):
		e = newError(CodeInvalidRequest, err)
		e.Message = "Send one access token, in the Authorization header."
		challenge += `, error="invalid_request"`
	case errors.Is(err, errInsufficientScope):
		e = newError(CodeInsufficientScope, err)
		challenge += fmt.Sprintf(`, error="insufficient_scope", scope=%q`,
			strings.Join(permissions, " "))
	default:
		e = newError(CodeInvalidToken, err)
		e.Status, e.Message = http.StatusUnauthorized, "The access token is not valid."
		challenge += `, error="invalid_token", error_description="The access token is not valid"`
	}
	e.Err = &refusal{error: e.Err, subject: bearer.Subject}
	w.Header().Set("WWW-Authenticate", challenge)
	a.fail(w, r, e)
}
