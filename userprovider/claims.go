package userprovider

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"
)

// readIdentity takes from the verified claims who the user is, all but the groups.
func readIdentity(claims map[string]any) Identity {
	text := func(name string) string {
		s, _ := claims[name].(string)
		return s
	}
	// Some connections send email_verified as the string "true", and what else they put there is anybody's guess.
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
	}
}

// readGroups takes a list of strings, or one string, which is one group: splitting it at commas or spaces would let
// somebody who may name a group name two. Anything that is no group's name grants nothing; fault says what was wrong.
func readGroups(claim any) (groups []string, fault string) {
	switch claim := claim.(type) {
	case nil:
		return nil, "is missing or null: the user is in no group"
	case string:
		return appendGroup(nil, claim), ""
	case []string: // from an Extract; JSON has only []any
		for _, name := range claim {
			groups = appendGroup(groups, name)
		}
		return groups, ""
	case []any:
		for _, entry := range claim {
			name, ok := entry.(string)
			if !ok {
				fault = fmt.Sprintf("has an entry that is %T, not a string: it is left out", entry)
				continue
			}
			groups = appendGroup(groups, name)
		}
		return groups, fault
	default:
		return nil, fmt.Sprintf("is %T, not a list of strings: the user is in no group", claim)
	}
}

func appendGroup(groups []string, name string) []string {
	if name == "" {
		return groups
	}
	return append(groups, name)
}

// readTime reads a NumericDate (RFC 7519, section 2), whole or fractional. What is no time between 1970 and 9999, the
// years that every encoding of time.Time can hold, is the zero time.
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

// cloneValue copies what JSON decodes to, and []string, all the way down. Any other value is taken to be immutable.
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
