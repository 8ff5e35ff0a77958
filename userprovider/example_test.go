package userprovider_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"strings"

	"github.com/chiauth0/auth/userprovider"
)

// chiauth0 turns every login into a user in this way. An application does the same in the tests of
// its own provider.
func ExampleNewMemory() {
	mapping := userprovider.Mapping{
		Fields:      map[string]string{"first_name": "given_name"},
		GroupsField: "https://app.example/groups",
		StaffGroup:  "editors",
	}
	login, warnings := mapping.Apply(map[string]any{
		"iss":                        "https://tenant.eu.auth0.com/",
		"sub":                        "auth0|65a1",
		"email":                      "ada@app.example",
		"given_name":                 "Ada",
		"https://app.example/groups": []any{"editors"},
	}, nil)
	for _, warning := range warnings {
		log.Print(warning)
	}

	ctx := context.Background()
	users := userprovider.NewMemory()
	created, err := users.SyncUser(ctx, login)
	if err != nil {
		log.Fatal(err)
	}
	found, err := users.FindUser(ctx, created.ID)
	if err != nil {
		log.Fatal(err)
	}
	user := found.Value.(userprovider.MemoryUser)
	fmt.Println(user.Field("first_name"), user.Email, user.Active, user.Staff, created.Created)
	// Output: Ada ada@app.example true true true
}

// An administrator makes a user inactive. The next login returns the user with Active false, and
// chiauth0 refuses it.
func ExampleMemory_SetActive() {
	ctx := context.Background()
	users := userprovider.NewMemory()
	login := userprovider.Login{
		Identity: userprovider.Identity{
			Issuer:  "https://tenant.eu.auth0.com/",
			Subject: "auth0|65a1",
		},
		Fields: map[string]any{"email": "ada@app.example"},
	}
	if _, err := users.SyncUser(ctx, login); err != nil {
		log.Fatal(err)
	}

	for _, user := range users.Accounts() {
		if err := users.SetActive(user.ID, false); err != nil {
			log.Fatal(err)
		}
	}
	user, err := users.SyncUser(ctx, login)
	fmt.Println(user.Active, err)
	// Output: false <nil>
}

func ExampleMapping_Validate() {
	mapping := userprovider.Mapping{Fields: map[string]string{
		"first_name": "given_name",
		"is_staff":   "nickname",
		"role":       "nickname",
	}}
	for fault := range strings.SplitSeq(mapping.Validate().Error(), "\n") {
		_, fault, _ = strings.Cut(fault, "): ")
		fault, _, _ = strings.Cut(fault, ";")
		fmt.Println(fault)
	}
	// Output:
	// no claim may write the field "is_staff", so it cannot be mapped to "nickname"
	// the claim "nickname" must not write the field "role"
}

// A name that begins with "/" is a JSON Pointer. Keycloak sends roles in an object.
func ExampleMapping_pointers() {
	mapping := userprovider.Mapping{
		Fields:        map[string]string{"plan": "/https:~1~1app.example~1metadata/plan"},
		GroupsField:   "/realm_access/roles",
		StaffGroup:    "editors",
		SessionClaims: []string{"department"},
	}
	login, _ := mapping.Apply(map[string]any{
		"https://app.example/metadata": map[string]any{"plan": "gold"},
		"realm_access":                 map[string]any{"roles": []any{"editors"}},
		"department":                   "Engines",
	}, nil)
	fmt.Println(login.Fields["plan"], *login.Staff, login.Identity.Claim("department"))
	// Output: gold true Engines
}

// Extract computes claims before they are mapped.
func ExampleMapping_Apply() {
	mapping := userprovider.Mapping{
		Fields: map[string]string{
			"display_name": "display_name",
			"seats":        "https://app.example/seats",
		},
		Extract: func(claims map[string]any) map[string]any {
			given, _ := claims["given_name"].(string)
			family, _ := claims["family_name"].(string)
			claims["display_name"] = strings.TrimSpace(given + " " + family)
			return claims
		},
	}
	login, _ := mapping.Apply(map[string]any{
		"iss":                       "https://tenant.eu.auth0.com/",
		"sub":                       "auth0|65a1",
		"given_name":                "Ada",
		"family_name":               "Lovelace",
		"https://app.example/seats": json.Number("3"),
	}, nil)
	fmt.Println(login.Identity.Subject, login.Fields)
	// Output: auth0|65a1 map[display_name:Ada Lovelace seats:3]
}
