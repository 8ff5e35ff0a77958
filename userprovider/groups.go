package userprovider

import (
	"fmt"
	"maps"
	"slices"
)

// A groupList is what a token says about the groups of the user.
type groupList struct {
	names    []string
	fault    string // the end of a sentence that begins with the claim; empty if all is well
	withheld bool   // the groups exist, and the token does not list them
}

// readGroups reads the groups of the user from the claims, after Extract.
func (m Mapping) readGroups(claims map[string]any) groupList {
	claim := lookUp(claims, m.groupsField())
	if claim == nil && isWithheld(claims, topLevelName(m.groupsField())) {
		return groupList{
			withheld: true,
			fault: "is withheld: the user is in more groups than the token can list (the claims " +
				"_claim_names and hasgroups of Entra ID). The roles keep their values. Let the " +
				"application assign the groups it needs, or send app roles in place of groups",
		}
	}
	return parseGroups(claim)
}

// isWithheld reports whether the token refers to another source for the claim (OpenID Connect Core,
// section 5.6.2) or whether Entra ID left out the groups because there are too many.
func isWithheld(claims map[string]any, name string) bool {
	sources, _ := claims["_claim_names"].(map[string]any)
	if sources[name] != nil {
		return true
	}
	return name == "groups" && isTrue(claims["hasgroups"])
}

// isTrue accepts a string, too: Entra ID documents hasgroups as a Boolean and has sent both.
func isTrue(claim any) bool { return claim == true || claim == "true" }

// parseGroups accepts a list of strings, one string, and an object. One string is one group: if it
// were split at commas or spaces, a user who can name a group could name a second one.
func parseGroups(claim any) groupList {
	switch claim := claim.(type) {
	case nil:
		return groupList{fault: "is missing or null: the user is in no group"}
	case string:
		return groupList{names: appendGroup(nil, claim)}
	case []string: // from an Extract; JSON has only []any
		var list groupList
		for _, name := range claim {
			list.names = appendGroup(list.names, name)
		}
		return list
	case []any:
		return groupsOfList(claim)
	case map[string]any:
		return groupsOfObject(claim)
	default:
		return groupList{
			fault: fmt.Sprintf("is %T, not a list of strings: the user is in no group", claim),
		}
	}
}

func groupsOfList(claim []any) groupList {
	var list groupList
	for _, entry := range claim {
		name, ok := entry.(string)
		if !ok {
			list.fault = fmt.Sprintf("has an entry that is %T, not a string: it is left out", entry)
			continue
		}
		list.names = appendGroup(list.names, name)
	}
	return list
}

// groupsOfObject takes the keys of an object. ZITADEL sends roles in this form, with an object of
// organizations for each role: {"editor": {"2345": "corp.example"}}. A key whose value is neither
// an object nor a list is left out, so that {"editor": false} grants nothing.
func groupsOfObject(claim map[string]any) groupList {
	var list groupList
	for _, name := range slices.Sorted(maps.Keys(claim)) {
		switch claim[name].(type) {
		case map[string]any, []any:
			list.names = appendGroup(list.names, name)
		default:
			list.fault = "is an object with a key whose value is neither an object nor a list, " +
				"so not a list of groups: the key is left out"
		}
	}
	return list
}

func appendGroup(groups []string, name string) []string {
	if name == "" {
		return groups
	}
	return append(groups, name)
}
