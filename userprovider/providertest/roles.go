package providertest

import "fmt"

func roles(p *probe) error {
	yes, no := new(true), new(false)
	for i, step := range []struct {
		staff, superuser         *bool
		wantStaff, wantSuperuser bool
	}{
		{nil, nil, false, false},
		{nil, yes, false, true}, // the one role does not imply the other
		{nil, no, false, false},
		{yes, no, true, false},
		{nil, nil, true, false}, // no group is configured any more
		{nil, yes, true, true},
		{no, nil, false, true},
		{nil, no, false, false},
		{yes, yes, true, true},
		{no, no, false, false},
	} {
		login := p.login(p.subject, nil)
		login.Staff, login.Superuser = step.staff, step.superuser
		user, err := p.sync(login)
		if err != nil {
			return err
		}
		if user.Staff != step.wantStaff || user.Superuser != step.wantSuperuser {
			return fmt.Errorf("step %d: after Staff %s and Superuser %s the user has Staff %t and "+
				"Superuser %t, want %t and %t", i, show(step.staff), show(step.superuser),
				user.Staff, user.Superuser, step.wantStaff, step.wantSuperuser)
		}
	}
	return newUsersWithRoles(p)
}

func newUsersWithRoles(p *probe) error {
	for i, staff := range []bool{true, false} {
		login := p.login(fmt.Sprint(p.subject, "-new-", i), nil)
		login.Superuser = new(true)
		if staff {
			login.Staff = new(true)
		}
		user, err := p.sync(login)
		if err != nil {
			return fmt.Errorf("a new user with roles: %w", err)
		}
		if user.Staff != staff {
			return fmt.Errorf("a new user with Superuser true and Staff %s has Staff %t",
				show(login.Staff), user.Staff)
		}
	}
	return nil
}

func show(role *bool) string {
	if role == nil {
		return "nil"
	}
	return fmt.Sprint(*role)
}
