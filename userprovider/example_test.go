package userprovider_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"strings"

	"github.com/chiauth0/auth/userprovider"
)

// A login becomes a user. chiauth0 does this on every callback; an application does it in tests of
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
	user, err := users.SyncUser(ctx, login)
	if err != nil {
		log.Fatal(err)
	}
	found, err := users.FindUser(ctx, user.ID)
	if err != nil {
		log.Fatal(err)
	}
	account := found.Value.(userprovider.MemoryUser)
	fmt.Println(account.Field("first_name"), account.Email, account.Active, account.Staff)
	// Output: Ada ada@app.example true true
}

// Every login writes; an administrator's page reads and decides.
func ExampleMemory_SetActive() {
	ctx := context.Background()
	users := userprovider.NewMemory()
	login := userprovider.Login{
		Identity: userprovider.Identity{Issuer: "https://tenant.eu.auth0.com/",
			Subject: "auth0|65a1"},
		Fields: map[string]any{"email": "ada@app.example"},
	}
	if _, err := users.SyncUser(ctx, login); err != nil {
		log.Fatal(err)
	}

	for _, account := range users.Accounts() {
		if err := users.SetActive(account.ID, false); err != nil {
			log.Fatal(err)
		}
	}
	user, err := users.SyncUser(ctx, login)
	fmt.Println(user.Active, err)
	// Output: false <nil>
}

func ExampleMapping_Validate() {
	mapping := userprovider.Mapping{Fields: map[string]string{"first_name": "given_name",
		"is_staff": "nickname"}}
	fmt.Println(mapping.Validate())
	// Output:
	// userprovider: Mapping.Fields (AUTH0_USER_FIELD_MAPPING): no claim may write the field
	// "is_staff", so it cannot be mapped to "nickname"; set Mapping.StaffGroup (AUTH0_STAFF_GROUP)
	// or Mapping.SuperuserGroup (AUTH0_SUPERUSER_GROUP), or map the claim to a field of another
	// name
}

func ExampleMapping_Warnings() {
	mapping := userprovider.Mapping{StaffGroup: "editors", GroupsField: "roles"}
	for _, warning := range mapping.Warnings(true) {
		fmt.Println(warning)
	}
	// Output:
	// roles depend on the claim "roles", but Auth0 silently drops custom claims of this name:
	// nobody will get a role; set the claim under a URL in an Auth0 Action, such as
	// https://app.example/groups, and name it in Mapping.GroupsField (AUTH0_GROUPS_FIELD)
}

// Extract computes claims before they are mapped.
func ExampleMapping_Apply() {
	mapping := userprovider.Mapping{
		Fields: map[string]string{"display_name": "display_name",
			"seats": "https://app.example/seats"},
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
