package chiauth0_test

import (
	"fmt"
	"os"

	"github.com/chiauth0/auth/chiauth0"
)

// Every fault is reported at once.
func ExampleConfig_Validate() {
	cfg := &chiauth0.Config{
		Domain: "http://tenant.eu.auth0.com", ClientID: "id", ClientSecret: "secret",
		BaseURL: "https://app.example", CallbackURI: "https://www.app.example/callback",
	}
	fmt.Println(cfg.Validate())
	// Output:
	// chiauth0: Domain (AUTH0_DOMAIN) "http://tenant.eu.auth0.com": plain http is for loopback hosts only, use https
	// chiauth0: CallbackURI (AUTH0_CALLBACK_URI) "https://www.app.example/callback" is on another origin than BaseURL (APP_BASE_URL) "https://app.example"
}

// environment sets these variables and no others of ours. What it returns puts back what was there.
func environment(variables map[string]string) (restore func()) {
	before := map[string]string{}
	set := func(values map[string]string) {
		for _, name := range variableNames {
			if err := os.Setenv(name, values[name]); err != nil {
				panic(err)
			}
		}
	}
	for _, name := range variableNames {
		before[name] = os.Getenv(name)
	}
	set(variables)
	return func() { set(before) }
}

func ExampleConfigFromEnv() {
	defer environment(map[string]string{
		"AUTH0_DOMAIN":             "tenant.eu.auth0.com",
		"AUTH0_CLIENT_ID":          "id",
		"AUTH0_CLIENT_SECRET":      "secret",
		"AUTH0_USER_FIELD_MAPPING": "first_name=given_name,last_name=family_name",
		"AUTH0_STAFF_GROUP":        "staff",
		"AUTH0_GROUPS_FIELD":       "https://app.example/groups",
	})()

	cfg, err := chiauth0.ConfigFromEnv()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(cfg.Domain, cfg.Mapping.Fields["first_name"], cfg.Mapping.StaffGroup)
	// Output: tenant.eu.auth0.com given_name staff
}
