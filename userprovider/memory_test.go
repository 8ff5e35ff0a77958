package userprovider_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chiauth0/auth/userprovider"
)

// loginOf is a login of one of several subjects at one issuer.
func loginOf(subject string, fields map[string]any) userprovider.Login {
	return userprovider.Login{
		Identity: userprovider.Identity{Issuer: "https://tenant.example/", Subject: subject},
		Fields:   fields,
	}
}

func mustSync(t *testing.T, users *userprovider.Memory,
	login userprovider.Login) userprovider.MemoryUser {
	t.Helper()
	user, err := users.SyncUser(t.Context(), login)
	if err != nil {
		t.Fatal(err)
	}
	return user.Value.(userprovider.MemoryUser)
}

func TestMemoryZeroValue(t *testing.T) {
	var users userprovider.Memory
	if accounts := users.Accounts(); len(accounts) != 0 {
		t.Errorf("Accounts of the zero value is %v", accounts)
	}
	if _, err := users.FindUser(t.Context(), ""); !errors.Is(err, userprovider.ErrNotFound) {
		t.Errorf("FindUser of the zero value: %v", err)
	}
	for _, err := range []error{users.SetActive("x", true), users.Delete("x")} {
		if !errors.Is(err, userprovider.ErrNotFound) {
			t.Errorf("an unknown ID: %v", err)
		}
	}
	if err := users.CheckFields([]string{"email", "anything"}); err != nil {
		t.Errorf("CheckFields of the zero value: %v", err)
	}
	mustSync(t, &users, loginOf("ada", nil))
}

func TestMemoryTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		users := userprovider.NewMemory()
		first := mustSync(t, users, loginOf("ada", map[string]any{"plan": "gold"}))
		if first.Created.IsZero() || !first.Updated.Equal(first.Created) {
			t.Errorf("a new account was created at %v and updated at "+
				"%v", first.Created, first.Updated)
		}
		time.Sleep(time.Hour)
		mustSync(t, users, loginOf("ada", map[string]any{"plan": "silver"}))
		time.Sleep(time.Hour)
		last := mustSync(t, users, loginOf("ada", map[string]any{"plan": "silver"}))
		if !last.Created.Equal(first.Created) || last.Updated.Sub(first.Created) != time.Hour {
			t.Errorf("created at %v and updated at %v, want %v and an hour "+
				"later", last.Created, last.Updated, first.Created)
		}
	})
}

// A handler may do to its account what it likes.
func TestMemoryAccountsAreCopies(t *testing.T) {
	users := userprovider.NewMemory()
	users.Defaults = map[string]any{"list": []any{"default"}, "tags": nil, "object": nil}
	claims := map[string]any{
		"list": []any{"a", map[string]any{"b": "c"}}, "tags": []string{"x"},
		"object": map[string]any{"k": []any{"v"}},
	}
	account := mustSync(t, users, loginOf("ada", claims))
	before := fmt.Sprint(account.Fields())
	spoil := func(fields map[string]any) {
		fields["list"].([]any)[0] = "changed"
		fields["list"].([]any)[1].(map[string]any)["b"] = "changed"
		fields["tags"].([]string)[0] = "changed"
		fields["object"].(map[string]any)["k"].([]any)[0] = "changed"
		fields["new"] = "changed"
	}
	check := func(what string) {
		t.Helper()
		user, err := users.FindUser(t.Context(), account.ID)
		if err != nil {
			t.Fatal(err)
		}
		if after := fmt.Sprint(user.Value.(userprovider.MemoryUser).Fields()); after != before {
			t.Errorf("%s changed the store to %s, it was %s", what, after, before)
		}
	}

	spoil(claims)
	check("changing the login")
	spoil(account.Fields())
	check("changing Fields")
	account.Field("list").([]any)[0] = "changed"
	account.Field("object").(map[string]any)["k"] = "changed"
	check("changing Field")
	account.Staff, account.Active = true, false
	for _, listed := range users.Accounts() {
		spoil(listed.Fields())
		if listed.Staff || !listed.Active {
			t.Error("changing an account changed the store")
		}
	}
	check("changing Accounts")

	other := mustSync(t, users, loginOf("grace", nil))
	other.Field("list").([]any)[0] = "changed"
	if users.Defaults["list"].([]any)[0] != "default" {
		t.Error("changing a field changed Memory.Defaults")
	}
	users.Defaults["list"].([]any)[0] = "changed"
	if other.Field("list").([]any)[0] != "default" {
		t.Error("changing Memory.Defaults changed a stored field")
	}
}

func TestMemoryKeepsAnOlderAccount(t *testing.T) {
	users := userprovider.NewMemory()
	before := mustSync(t, users, loginOf("ada", map[string]any{"plan": "gold"}))
	mustSync(t, users, loginOf("ada", map[string]any{"plan": "silver"}))
	if err := users.SetActive(before.ID, false); err != nil {
		t.Fatal(err)
	}
	if before.Field("plan") != "gold" || !before.Active {
		t.Errorf("an account that was read before a login became %+v", before)
	}
}

func TestMemoryDefaults(t *testing.T) {
	users := &userprovider.Memory{Defaults: map[string]any{
		"first_name": "", "age": json.Number("0"), "newsletter": true, "anything": nil,
	}}
	t.Run("are a new user's fields", func(t *testing.T) {
		account := mustSync(t, users,
			loginOf("ada", map[string]any{"first_name": "Ada", "email": "ada@app.example"}))
		want := map[string]any{
			"first_name": "Ada", "age": json.Number("0"), "newsletter": true, "anything": nil,
			"email": "ada@app.example",
		}
		if got := account.Fields(); !reflect.DeepEqual(got, want) {
			t.Errorf("the fields are %v, want %v", got, want)
		}
	})
	t.Run("do not come back", func(t *testing.T) {
		mustSync(t, users, loginOf("ada", map[string]any{"newsletter": false}))
		if got := mustSync(t, users, loginOf("ada", nil)).Field("newsletter"); got != false {
			t.Errorf("the field is %v, want what the last login wrote", got)
		}
	})
	t.Run("a field that users lack is an error at start", func(t *testing.T) {
		err := users.CheckFields([]string{"age", "email", "plan", "zip"})
		if err == nil || !strings.Contains(err.Error(), `"plan"`) ||
			!strings.Contains(err.Error(), `"zip"`) {
			t.Errorf("CheckFields: %v, want one that names plan and zip", err)
		}
		if err != nil && strings.Contains(err.Error(), `no field "age"`) {
			t.Errorf("CheckFields: %v", err)
		}
		if err := users.CheckFields([]string{"age", "email", "first_name", "newsletter",
			"anything"}); err != nil {
			t.Errorf("CheckFields: %v", err)
		}
	})
	for _, test := range []struct {
		name, field string
		value       any
	}{
		{"a field that users lack is an error at login", "plan", "gold"},
		{"a field that cannot hold the claim is an error at login", "first_name", json.Number("1")},
		{"a number is no text", "age", "36"},
		{"text is no Boolean", "newsletter", "true"},
		{"an e-mail is text", "email", []any{"ada@app.example"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			login := loginOf("ada", map[string]any{"anything": "changed", test.field: test.value})
			login.Staff = new(true)
			before := users.Accounts()
			user, err := users.SyncUser(t.Context(), login)
			if err == nil || !strings.Contains(err.Error(), `"`+test.field+`"`) ||
				user != (userprovider.User{}) {
				t.Errorf("SyncUser returned %+v, %v", user, err)
			}
			if after := users.Accounts(); !reflect.DeepEqual(after, before) {
				t.Errorf("the refused login changed %v to %v", before, after)
			}
			login.Identity.Subject = "somebody new"
			if _, err := users.SyncUser(t.Context(), login); err == nil ||
				len(users.Accounts()) != len(before) {
				t.Errorf("the refused login made a user, %v", err)
			}
		})
	}
}

func TestMemoryUnique(t *testing.T) {
	users := &userprovider.Memory{Unique: []string{"email", "username"}}
	email := func(email string) map[string]any { return map[string]any{"email": email} }
	mustSync(t, users, loginOf("ada", email("ada@app.example")))
	mustSync(t, users, loginOf("ada", email("ada@app.example")))
	mustSync(t, users, loginOf("grace", email("grace@app.example")))

	for _, subject := range []string{"mallory", "grace"} {
		login := loginOf(subject, email("ada@app.example"))
		login.Superuser = new(true)
		_, err := users.SyncUser(t.Context(), login)
		if !errors.Is(err, userprovider.ErrConflict) || !strings.Contains(err.Error(), `"email"`) {
			t.Errorf("the same e-mail for %s: %v, want ErrConflict that names it", subject, err)
		}
	}
	accounts := users.Accounts()
	if len(accounts) != 2 || accounts[1].Email != "grace@app.example" || accounts[1].Superuser {
		t.Errorf("a conflict stored something: %+v", accounts)
	}

	mustSync(t, users, loginOf("ada", email("countess@app.example")))
	mustSync(t, users, loginOf("mallory", email("ada@app.example"))) // free again
}

func TestMemoryActiveAndDelete(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		users := userprovider.NewMemory()
		account := mustSync(t, users, loginOf("ada", nil))
		find := func() userprovider.User {
			t.Helper()
			user, err := users.FindUser(t.Context(), account.ID)
			if err != nil {
				t.Fatal(err)
			}
			return user
		}

		time.Sleep(time.Second)
		for _, active := range []bool{true, false, false, true} {
			before := find()
			if err := users.SetActive(account.ID, active); err != nil {
				t.Fatal(err)
			}
			after := find()
			if after.Active != active || after.Value.(userprovider.MemoryUser).Active != active {
				t.Errorf("after SetActive(%t) the user is %+v", active, after)
			}
			saved := after.Value.(userprovider.MemoryUser).Updated != before.Value.(userprovider.MemoryUser).Updated
			if changed := before.Active != active; saved != changed {
				t.Errorf("SetActive from %t to %t: saved is %t", before.Active, active, saved)
			}
			time.Sleep(time.Second)
		}

		if err := users.Delete(account.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := users.FindUser(t.Context(), account.ID); !errors.Is(err,
			userprovider.ErrNotFound) {
			t.Errorf("FindUser of a deleted user: %v", err)
		}
		if err := users.Delete(account.ID); !errors.Is(err, userprovider.ErrNotFound) {
			t.Errorf("deleting twice: %v", err)
		}
		again := mustSync(t, users, loginOf("ada", nil))
		if again.ID == account.ID || again.ID == "" {
			t.Errorf("a deleted user who logs in again has the ID %q, the old one was "+
				"%q", again.ID, account.ID)
		}
		if _, err := users.FindUser(t.Context(), account.ID); !errors.Is(err,
			userprovider.ErrNotFound) {
			t.Errorf("the old ID finds the new user: %v", err)
		}
	})
}

func TestMemoryAccountsInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		users := userprovider.NewMemory()
		const people = 20
		for i := range people {
			mustSync(t, users, loginOf(fmt.Sprint(i), nil))
			time.Sleep(time.Second)
		}
		for i, account := range users.Accounts() {
			if account.Subject != fmt.Sprint(i) {
				t.Errorf("account %d is %q", i, account.Subject)
			}
		}
	})
}

func TestMemoryOneUserForSimultaneousLogins(t *testing.T) {
	users := userprovider.NewMemory()
	ids := make([]string, 50)
	var all sync.WaitGroup
	for i := range ids {
		all.Go(func() {
			user, err := users.SyncUser(t.Context(),
				loginOf("ada", map[string]any{"tab": fmt.Sprint(i)}))
			if err != nil {
				t.Error(err)
			}
			if ids[i] = user.ID; user.Value.(userprovider.MemoryUser).Field("tab") != fmt.Sprint(i) {
				t.Errorf("the login of tab %d returned another's: %+v", i, user)
			}
		})
	}
	all.Wait()
	for _, id := range ids {
		if id != ids[0] {
			t.Fatalf("simultaneous first logins made the users %q", ids)
		}
	}
	if accounts := users.Accounts(); len(accounts) != 1 {
		t.Errorf("simultaneous first logins made %d accounts", len(accounts))
	}
}

// TestMemoryRaces does everything at once, for the race detector.
func TestMemoryRaces(t *testing.T) {
	users := &userprovider.Memory{Unique: []string{"email"}}
	id := mustSync(t, users, loginOf("ada", nil)).ID
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for round := range 100 {
				switch fields := map[string]any{"list": []any{fmt.Sprint(round)}}; i % 4 {
				case 0:
					if _, err := users.SyncUser(t.Context(), loginOf("ada", fields)); err != nil {
						t.Error(err)
					}
				case 1:
					user, err := users.FindUser(t.Context(), id)
					if err != nil {
						t.Error(err)
						return
					}
					if list, ok := user.Value.(userprovider.MemoryUser).Field("list").([]any); ok {
						list[0] = "changed"
					}
				case 2:
					if err := users.SetActive(id, round%2 == 0); err != nil {
						t.Error(err)
					}
				case 3:
					other, err := users.SyncUser(t.Context(), loginOf(fmt.Sprint("other ",
						i), fields))
					if err := errors.Join(err, users.Delete(other.ID)); err != nil {
						t.Error(err)
					}
					users.Accounts()
				}
			}
		})
	}
	all.Wait()
	if accounts := users.Accounts(); len(accounts) != 1 || accounts[0].ID != id {
		t.Errorf("the accounts are %+v", accounts)
	}
}

func TestMemoryCancelled(t *testing.T) {
	users := userprovider.NewMemory()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := users.SyncUser(ctx, loginOf("ada", nil)); !errors.Is(err, context.Canceled) {
		t.Errorf("SyncUser of a cancelled request: %v", err)
	}
	if accounts := users.Accounts(); len(accounts) != 0 {
		t.Errorf("a cancelled login made %+v", accounts)
	}
}
