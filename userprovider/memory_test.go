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

const testIssuer = "https://tenant.example/"

// loginOf returns a login of one of several subjects at one issuer.
func loginOf(subject string, fields map[string]any) userprovider.Login {
	return userprovider.Login{
		Identity: userprovider.Identity{Issuer: testIssuer, Subject: subject},
		Fields:   fields,
	}
}

func mustSync(
	t *testing.T, users *userprovider.Memory, login userprovider.Login,
) userprovider.MemoryUser {
	t.Helper()
	user, err := users.SyncUser(t.Context(), login)
	if err != nil {
		t.Fatal(err)
	}
	return user.Value.(userprovider.MemoryUser)
}

func mustFind(t *testing.T, users *userprovider.Memory, id string) userprovider.User {
	t.Helper()
	user, err := users.FindUser(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return user
}

func wantNotFound(t *testing.T, what string, err error) {
	t.Helper()
	if !errors.Is(err, userprovider.ErrNotFound) {
		t.Errorf("%s returned the error %v, want ErrNotFound", what, err)
	}
}

func TestZeroMemoryIsReady(t *testing.T) {
	var users userprovider.Memory
	if accounts := users.Accounts(); len(accounts) != 0 {
		t.Errorf("Accounts returned %v, want none", accounts)
	}
	_, err := users.FindUser(t.Context(), "")
	wantNotFound(t, "FindUser", err)
	_, err = users.FindSubject(t.Context(), "", "")
	wantNotFound(t, "FindSubject", err)
	wantNotFound(t, "SetActive", users.SetActive("x", true))
	wantNotFound(t, "Delete", users.Delete("x"))
	if err := users.CheckFields([]string{"email", "anything"}); err != nil {
		t.Errorf("CheckFields: %v", err)
	}
	mustSync(t, &users, loginOf("ada", nil))
}

func TestMemoryUserHasItsIdentity(t *testing.T) {
	users := userprovider.NewMemory()
	for i, created := range []bool{true, false, false} {
		login := loginOf("ada", map[string]any{"plan": fmt.Sprint(i / 2)})
		user, err := users.SyncUser(t.Context(), login)
		if err != nil {
			t.Fatal(err)
		}
		if user.Issuer != testIssuer || user.Subject != "ada" || user.Created != created {
			t.Errorf("login %d returned %+v, want its issuer, its subject and Created %t",
				i+1, user, created)
		}
		if found := mustFind(t, users, user.ID); found.Created || found.Subject != "ada" {
			t.Errorf("FindUser returned %+v, want Created false and the subject", found)
		}
	}
}

func TestMemoryRefusesLoginsWithoutIdentity(t *testing.T) {
	users := userprovider.NewMemory()
	for _, identity := range []userprovider.Identity{
		{}, {Issuer: testIssuer}, {Subject: "ada"},
	} {
		_, err := users.SyncUser(t.Context(), userprovider.Login{Identity: identity})
		if !errors.Is(err, userprovider.ErrInvalid) {
			t.Errorf("a login with %+v returned the error %v, want ErrInvalid", identity, err)
		}
	}
}

func TestMemoryRecordsTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		users := userprovider.NewMemory()
		first := mustSync(t, users, loginOf("ada", map[string]any{"plan": "gold"}))
		if first.Created.IsZero() || !first.Updated.Equal(first.Created) {
			t.Errorf("a new user was created at %v and updated at %v, want one time",
				first.Created, first.Updated)
		}
		time.Sleep(time.Hour)
		mustSync(t, users, loginOf("ada", map[string]any{"plan": "silver"}))
		time.Sleep(time.Hour)
		last := mustSync(t, users, loginOf("ada", map[string]any{"plan": "silver"}))
		updated := first.Created.Add(time.Hour)
		if !last.Created.Equal(first.Created) || !last.Updated.Equal(updated) {
			t.Errorf("the user was created at %v and updated at %v, want %v and %v",
				last.Created, last.Updated, first.Created, updated)
		}
	})
}

// spoil changes everything in the fields of TestMemoryUsersAreCopies.
func spoil(fields map[string]any) {
	fields["list"].([]any)[0] = "changed"
	fields["list"].([]any)[1].(map[string]any)["b"] = "changed"
	fields["tags"].([]string)[0] = "changed"
	fields["object"].(map[string]any)["k"].([]any)[0] = "changed"
	fields["new"] = "changed"
}

func TestMemoryUsersAreCopies(t *testing.T) {
	users := userprovider.NewMemory()
	claims := map[string]any{
		"list":   []any{"a", map[string]any{"b": "c"}},
		"tags":   []string{"x"},
		"object": map[string]any{"k": []any{"v"}},
	}
	user := mustSync(t, users, loginOf("ada", claims))
	before := fmt.Sprint(user.Fields())
	check := func(what string) {
		t.Helper()
		stored := mustFind(t, users, user.ID).Value.(userprovider.MemoryUser)
		if after := fmt.Sprint(stored.Fields()); after != before || !stored.Active || stored.Staff {
			t.Errorf("%s changed the stored user to %+v, want %s", what, stored, before)
		}
	}

	spoil(claims)
	check("changing the login")
	spoil(user.Fields())
	check("changing Fields")
	user.Field("list").([]any)[0] = "changed"
	user.Field("object").(map[string]any)["k"] = "changed"
	check("changing Field")
	user.Staff, user.Active = true, false
	check("changing a MemoryUser")
	for _, listed := range users.Accounts() {
		spoil(listed.Fields())
	}
	check("changing Accounts")
}

func TestMemoryDefaultsAreCopied(t *testing.T) {
	users := &userprovider.Memory{Defaults: map[string]any{"list": []any{"default"}}}
	user := mustSync(t, users, loginOf("grace", nil))
	user.Field("list").([]any)[0] = "changed"
	if got := users.Defaults["list"].([]any)[0]; got != "default" {
		t.Errorf("changing a field changed Memory.Defaults to %v", got)
	}
	users.Defaults["list"].([]any)[0] = "changed"
	if got := user.Field("list").([]any)[0]; got != "default" {
		t.Errorf("changing Memory.Defaults changed a stored field to %v", got)
	}
}

func TestLaterLoginsDoNotChangeAMemoryUser(t *testing.T) {
	users := userprovider.NewMemory()
	before := mustSync(t, users, loginOf("ada", map[string]any{"plan": "gold"}))
	mustSync(t, users, loginOf("ada", map[string]any{"plan": "silver"}))
	if err := users.SetActive(before.ID, false); err != nil {
		t.Fatal(err)
	}
	if before.Field("plan") != "gold" || !before.Active {
		t.Errorf("a user who was read before a login is %+v, want the plan gold and Active", before)
	}
}

func strictMemory() *userprovider.Memory {
	return &userprovider.Memory{Defaults: map[string]any{
		"first_name": "", "age": json.Number("0"), "newsletter": true, "anything": nil,
	}}
}

func TestMemoryDefaultsAreTheFieldsOfANewUser(t *testing.T) {
	users := strictMemory()
	fields := map[string]any{"first_name": "Ada", "email": "ada@app.example"}
	user := mustSync(t, users, loginOf("ada", fields))
	want := map[string]any{
		"first_name": "Ada", "age": json.Number("0"), "newsletter": true, "anything": nil,
		"email": "ada@app.example",
	}
	if got := user.Fields(); !reflect.DeepEqual(got, want) {
		t.Errorf("the fields are %v, want %v", got, want)
	}

	mustSync(t, users, loginOf("ada", map[string]any{"newsletter": false}))
	if got := mustSync(t, users, loginOf("ada", nil)).Field("newsletter"); got != false {
		t.Errorf("after a login without the field it is %v, want false", got)
	}
}

func TestMemoryChecksFieldsAtStart(t *testing.T) {
	users := strictMemory()
	err := users.CheckFields([]string{"age", "email", "plan", "zip"})
	wantParts(t, err, `no field "plan"`, `no field "zip"`)
	if !errors.Is(err, userprovider.ErrMisconfigured) {
		t.Errorf("the error is %v, want ErrMisconfigured", err)
	}
	if strings.Contains(err.Error(), `no field "age"`) {
		t.Errorf("the error names the field age, which exists: %v", err)
	}
	err = users.CheckFields([]string{"age", "email", "first_name", "newsletter", "anything"})
	if err != nil {
		t.Errorf("CheckFields: %v", err)
	}
}

func TestMemoryChecksFieldsAtLogin(t *testing.T) {
	for _, test := range []struct {
		name, field string
		value       any
		kind        error
	}{
		{"a field that users lack", "plan", "gold", userprovider.ErrMisconfigured},
		{"a number in text", "first_name", json.Number("1"), userprovider.ErrInvalid},
		{"text in a number", "age", "36", userprovider.ErrInvalid},
		{"text in a Boolean", "newsletter", "true", userprovider.ErrInvalid},
		{"a list as the e-mail", "email", []any{"ada@app.example"}, userprovider.ErrInvalid},
	} {
		t.Run(test.name, func(t *testing.T) {
			users := strictMemory()
			mustSync(t, users, loginOf("ada", nil))
			before := users.Accounts()
			for _, subject := range []string{"ada", "new"} {
				fields := map[string]any{"anything": "changed", test.field: test.value}
				login := loginOf(subject, fields)
				login.Staff = new(true)
				user, err := users.SyncUser(t.Context(), login)
				if !errors.Is(err, test.kind) || user != (userprovider.User{}) {
					t.Errorf("SyncUser returned %+v, %v, want %v", user, err, test.kind)
				}
				wantParts(t, err, `"`+test.field+`"`)
			}
			if after := users.Accounts(); !reflect.DeepEqual(after, before) {
				t.Errorf("a refused login changed the users to %v, want %v", after, before)
			}
		})
	}
}

func TestMemoryUniqueFields(t *testing.T) {
	users := &userprovider.Memory{Unique: []string{"email", "username"}}
	email := func(email string) map[string]any { return map[string]any{"email": email} }
	mustSync(t, users, loginOf("ada", email("ada@app.example")))
	mustSync(t, users, loginOf("ada", email("ada@app.example")))
	mustSync(t, users, loginOf("grace", email("grace@app.example")))

	for _, subject := range []string{"mallory", "grace"} {
		login := loginOf(subject, email("ada@app.example"))
		login.Superuser = new(true)
		_, err := users.SyncUser(t.Context(), login)
		if !errors.Is(err, userprovider.ErrConflict) {
			t.Errorf("the e-mail of another user returned the error %v, want ErrConflict", err)
		}
		wantParts(t, err, `"email"`)
	}
	accounts := users.Accounts()
	if len(accounts) != 2 || accounts[1].Email != "grace@app.example" || accounts[1].Superuser {
		t.Errorf("a conflict stored something: %+v", accounts)
	}

	mustSync(t, users, loginOf("ada", email("countess@app.example")))
	mustSync(t, users, loginOf("mallory", email("ada@app.example"))) // not in use any more
}

func TestMemorySetActive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		users := userprovider.NewMemory()
		id := mustSync(t, users, loginOf("ada", nil)).ID
		for _, active := range []bool{true, false, false, true} {
			time.Sleep(time.Second)
			before := mustFind(t, users, id)
			if err := users.SetActive(id, active); err != nil {
				t.Fatal(err)
			}
			after := mustFind(t, users, id)
			value := after.Value.(userprovider.MemoryUser)
			if after.Active != active || value.Active != active {
				t.Errorf("after SetActive(%t) the user is %+v", active, after)
			}
			saved := value.Updated != before.Value.(userprovider.MemoryUser).Updated
			if changed := before.Active != active; saved != changed {
				t.Errorf("SetActive from %t to %t saved: %t, want %t",
					before.Active, active, saved, changed)
			}
			subject, err := users.FindSubject(t.Context(), testIssuer, "ada")
			if err != nil || subject.Active != active {
				t.Errorf("FindSubject returned Active %t, %v, want %t", subject.Active, err, active)
			}
		}
	})
}

func TestMemoryDelete(t *testing.T) {
	users := userprovider.NewMemory()
	user := mustSync(t, users, loginOf("ada", nil))
	if err := users.Delete(user.ID); err != nil {
		t.Fatal(err)
	}
	_, err := users.FindUser(t.Context(), user.ID)
	wantNotFound(t, "FindUser of a deleted user", err)
	_, err = users.FindSubject(t.Context(), testIssuer, "ada")
	wantNotFound(t, "FindSubject of a deleted user", err)
	wantNotFound(t, "a second Delete", users.Delete(user.ID))

	again := mustSync(t, users, loginOf("ada", nil))
	if again.ID == user.ID || again.ID == "" {
		t.Errorf("the user who comes back has the ID %q, the deleted one had %q", again.ID, user.ID)
	}
	_, err = users.FindUser(t.Context(), user.ID)
	wantNotFound(t, "FindUser with the old ID", err)
}

func TestMemoryListsUsersInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		users := userprovider.NewMemory()
		for i := range 20 {
			mustSync(t, users, loginOf(fmt.Sprint(i), nil))
			time.Sleep(time.Second)
		}
		for i, user := range users.Accounts() {
			if user.Subject != fmt.Sprint(i) {
				t.Errorf("user %d is %q", i, user.Subject)
			}
		}
	})
}

func TestMemoryMakesOneUserOfSimultaneousLogins(t *testing.T) {
	users := userprovider.NewMemory()
	ids := make([]string, 50)
	var all sync.WaitGroup
	for i := range ids {
		all.Go(func() {
			tab := fmt.Sprint(i)
			user, err := users.SyncUser(t.Context(), loginOf("ada", map[string]any{"tab": tab}))
			if err != nil {
				t.Error(err)
				return
			}
			ids[i] = user.ID
			if got := user.Value.(userprovider.MemoryUser).Field("tab"); got != tab {
				t.Errorf("the login of tab %s returned the field of tab %v", tab, got)
			}
		})
	}
	all.Wait()
	for _, id := range ids {
		if id != ids[0] {
			t.Fatalf("simultaneous first logins made the users %q, want one", ids)
		}
	}
	if accounts := users.Accounts(); len(accounts) != 1 {
		t.Errorf("simultaneous first logins made %d users, want 1", len(accounts))
	}
}

// All methods run at once, for the race detector.
func TestMemoryIsSafeForConcurrentUse(t *testing.T) {
	users := &userprovider.Memory{Unique: []string{"email"}}
	id := mustSync(t, users, loginOf("ada", nil)).ID
	fields := func(round int) map[string]any {
		return map[string]any{"list": []any{fmt.Sprint(round)}}
	}
	works := []func(worker, round int) error{
		func(_, round int) error {
			_, err := users.SyncUser(t.Context(), loginOf("ada", fields(round)))
			return err
		},
		func(_, _ int) error {
			user, err := users.FindUser(t.Context(), id)
			if err != nil {
				return err
			}
			if list, ok := user.Value.(userprovider.MemoryUser).Field("list").([]any); ok {
				list[0] = "changed"
			}
			_, err = users.FindSubject(t.Context(), testIssuer, "ada")
			return err
		},
		func(_, round int) error { return users.SetActive(id, round%2 == 0) },
		func(worker, round int) error {
			other, err := users.SyncUser(t.Context(), loginOf(fmt.Sprint(worker), fields(round)))
			users.Accounts()
			return errors.Join(err, users.Delete(other.ID))
		},
	}
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			for round := range 100 {
				if err := works[worker%len(works)](worker, round); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if accounts := users.Accounts(); len(accounts) != 1 || accounts[0].ID != id {
		t.Errorf("the users are %+v, want one with the ID %s", accounts, id)
	}
}

func TestMemoryStoresNothingOfACancelledLogin(t *testing.T) {
	users := userprovider.NewMemory()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := users.SyncUser(ctx, loginOf("ada", nil)); !errors.Is(err, context.Canceled) {
		t.Errorf("SyncUser returned the error %v, want context.Canceled", err)
	}
	if accounts := users.Accounts(); len(accounts) != 0 {
		t.Errorf("a cancelled login made %+v, want no user", accounts)
	}
}
