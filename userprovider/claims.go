package userprovider

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"time"
)

// readIdentity reads the identity of the user from the verified claims, except the groups, the
// permissions and the session claims.
func readIdentity(claims map[string]any) Identity {
	text := func(name string) string {
		s, _ := claims[name].(string)
		return s
	}
	// Some connections send the string "true", and others put other values there.
	verified, _ := claims["email_verified"].(bool)
	return Identity{
		Issuer:        text("iss"),
		Subject:       text("sub"),
		Name:          text("name"),
		Nickname:      text("nickname"),
		Email:         text("email"),
		EmailVerified: verified,
		Picture:       text("picture"),
		OrgID:         text("org_id"),
		OrgName:       text("org_name"),
		SessionID:     text("sid"),
		AuthTime:      readTime(claims["auth_time"]),
		ACR:           text("acr"),
		AMR:           readStrings(claims["amr"]),
	}
}

// readStrings returns the strings of a list. Other entries are left out.
func readStrings(claim any) []string {
	list, _ := claim.([]any)
	var values []string
	for _, entry := range list {
		if value, ok := entry.(string); ok && value != "" {
			values = append(values, value)
		}
	}
	return values
}

// readTime reads a NumericDate (RFC 7519, section 2), with or without a fraction. It returns the
// zero time for anything that is not a time between 1970 and 9999, the years that every encoding of
// time.Time can hold.
func readTime(claim any) time.Time {
	var seconds float64
	switch claim := claim.(type) {
	case json.Number:
		var err error
		if seconds, err = strconv.ParseFloat(claim.String(), 64); err != nil {
			return time.Time{}
		}
	case float64:
		seconds = claim
	}
	const year10000 = 253402300800
	if !(seconds > 0 && seconds < year10000) { // written so that NaN fails as well
		return time.Time{}
	}
	whole, fraction := math.Modf(seconds)
	return time.Unix(int64(whole), int64(fraction*1e9)).UTC()
}

// encodeClaim returns a claim as JSON.
func encodeClaim(claim any) (json.RawMessage, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(claim); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// decodeClaim is the reverse of encodeClaim. Numbers become json.Number.
func decodeClaim(encoded json.RawMessage) (claim any, err error) {
	decoder := json.NewDecoder(bytes.NewReader(encoded))
	decoder.UseNumber()
	err = decoder.Decode(&claim)
	return claim, err
}

func cloneMap(m map[string]any) map[string]any {
	if m == nil {
		return nil
	}
	clone := make(map[string]any, len(m))
	for key, value := range m {
		clone[key] = cloneValue(value)
	}
	return clone
}

// cloneValue copies the types that JSON decodes to, and []string, at every depth. A value of any
// other type is shared, on the assumption that it is immutable.
func cloneValue(value any) any {
	switch value := value.(type) {
	case map[string]any:
		return cloneMap(value)
	case []any:
		clone := make([]any, len(value))
		for i := range value {
			clone[i] = cloneValue(value[i])
		}
		return clone
	case []string:
		return append([]string{}, value...)
	default:
		return value
	}
}
