package userprovider_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/chiauth0/auth/userprovider"
)

func benchmarkLogin() (userprovider.Mapping, map[string]any, map[string]any) {
	mapping := userprovider.Mapping{
		Fields: map[string]string{
			"first_name": "given_name",
			"last_name":  "family_name",
		},
		AccessTokenFields: map[string]string{"plan": "https://app.example/plan"},
		GroupsField:       "https://app.example/groups",
		StaffGroup:        "editors",
		SuperuserGroup:    "admins",
	}
	claims := ada(map[string]any{
		"auth_time":                  json.Number("1700000000"),
		"https://app.example/groups": []any{"readers", "editors"},
	})
	return mapping, claims, map[string]any{"https://app.example/plan": "gold"}
}

func BenchmarkMappingApply(b *testing.B) {
	mapping, claims, accessTokenClaims := benchmarkLogin()
	b.ReportAllocs()
	for b.Loop() {
		mapping.Apply(claims, accessTokenClaims)
	}
}

func BenchmarkMemorySyncUserUnchanged(b *testing.B) {
	mapping, claims, accessTokenClaims := benchmarkLogin()
	users := userprovider.NewMemory()
	login, _ := mapping.Apply(claims, accessTokenClaims)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := users.SyncUser(b.Context(), login); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkMemoryFindUser is what every request of a signed-in user costs, among a hundred thousand
// users.
func BenchmarkMemoryFindUser(b *testing.B) {
	mapping, claims, accessTokenClaims := benchmarkLogin()
	users := userprovider.NewMemory()
	login, _ := mapping.Apply(claims, accessTokenClaims)
	ids := make([]string, 100_000)
	for i := range ids {
		login.Identity.Subject = fmt.Sprint("auth0|", i)
		user, err := users.SyncUser(b.Context(), login)
		if err != nil {
			b.Fatal(err)
		}
		ids[i] = user.ID
	}
	find := func(i int) {
		if _, err := users.FindUser(b.Context(), ids[i%len(ids)]); err != nil {
			b.Error(err)
		}
	}
	b.Run("alone", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			find(i)
		}
	})
	b.Run("parallel", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for i := 0; pb.Next(); i++ {
				find(i)
			}
		})
	})
}
