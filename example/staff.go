package main

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/go-chi/chi/v5"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/userprovider"
)

// A staffPage is the data of the staff page.
type staffPage struct {
	List      userList
	Done      done   // the result of the viewer's last action
	CanLogout bool   // the session store can find the sessions of a user
	Target    person // the user to deactivate, on the page that asks for confirmation
}

// done is the message about an action. The page isolates the name from the text around it.
type done struct{ Name, Result string }

// The session keys of the message for the next page. Applications keep their own data in the same
// session as chiauth0.
const (
	doneNameKey   = "done_name"
	doneResultKey = "done_result"
)

func (s *site) staff(w http.ResponseWriter, r *http.Request) {
	list, err := s.users.list(r.Context(), readListQuery(r.URL.Query()))
	if err != nil {
		s.fail(w, r, unavailable(err))
		return
	}
	p := s.newPage(r, routeOf(r.URL.Path).Name)
	p.Staff = staffPage{
		List: list,
		Done: done{
			Name:   s.cfg.Sessions.PopString(r.Context(), doneNameKey),
			Result: s.cfg.Sessions.PopString(r.Context(), doneResultKey),
		},
		CanLogout: sessionstores.CanRevokeAll(s.cfg.Sessions) == nil,
	}
	s.render(w, r, http.StatusOK, "staff", p)
}

// confirmDeactivation asks before a user is deactivated.
func (s *site) confirmDeactivation(w http.ResponseWriter, r *http.Request) {
	target, err := s.target(r)
	if err != nil {
		s.fail(w, r, changeError(err))
		return
	}
	p := s.newPage(r, "Deactivate "+target.Name()+"?")
	if p.Viewer != nil && p.Viewer.ID == target.ID {
		s.fail(w, r, changeError(errOwnAccount))
		return
	}
	p.Staff = staffPage{
		List:   userList{listQuery: readListQuery(r.URL.Query())},
		Target: target,
	}
	s.render(w, r, http.StatusOK, "deactivate", p)
}

// target returns the user in the path.
func (s *site) target(r *http.Request) (person, error) {
	user, err := s.users.FindUser(r.Context(), chi.URLParam(r, "id"))
	if err != nil {
		return person{}, err
	}
	return user.Value.(person), nil
}

// endSessions ends all sessions of a user, on all nodes.
func (s *site) endSessions(w http.ResponseWriter, r *http.Request) {
	s.change(w, r, func(ctx context.Context, target person) (string, error) {
		err := chiauth0.LogoutUser(ctx, s.cfg, strconv.FormatInt(target.ID, 10))
		return "is logged out everywhere.", err
	})
}

// setActive activates or deactivates a user. On all nodes, the next request of an inactive user is
// anonymous.
func (s *site) setActive(w http.ResponseWriter, r *http.Request) {
	active, err := strconv.ParseBool(r.PostFormValue("active"))
	if err != nil {
		s.fail(w, r, badForm("The form field active is neither true nor false.", err))
		return
	}
	s.change(w, r, func(ctx context.Context, target person) (string, error) {
		viewer, err := chiauth0.UserAs[person](ctx)
		if err != nil {
			return "", err
		}
		if viewer.ID == target.ID {
			return "", errOwnAccount
		}
		result := "is active and may log in."
		if !active {
			result = "is inactive and cannot log in."
		}
		return result, s.users.setActive(ctx, target.ID, active)
	})
}

// errOwnAccount prevents that the last superuser is deactivated.
var errOwnAccount = errors.New("a superuser cannot deactivate their own account")

// change applies a function to the user in the path and redirects to the user's row in the list.
func (s *site) change(
	w http.ResponseWriter, r *http.Request,
	apply func(ctx context.Context, target person) (result string, err error),
) {
	if err := r.ParseForm(); err != nil {
		s.fail(w, r, badForm("The form cannot be read.", err))
		return
	}
	target, err := s.target(r)
	if err != nil {
		s.fail(w, r, changeError(err))
		return
	}
	result, err := apply(r.Context(), target)
	if err != nil {
		s.fail(w, r, changeError(err))
		return
	}
	s.cfg.Sessions.Put(r.Context(), doneNameKey, target.Name())
	s.cfg.Sessions.Put(r.Context(), doneResultKey, result)
	row := readListQuery(r.PostForm).RowURL(target.ID)
	http.Redirect(w, r, row, http.StatusSeeOther) //nolint:gosec // the URL begins with /staff
}

func badForm(message string, err error) *chiauth0.Error {
	return &chiauth0.Error{
		Status:  http.StatusBadRequest,
		Code:    "bad_form",
		Title:   "This form does not work",
		Message: message,
		Err:     err,
	}
}

func changeError(err error) *chiauth0.Error {
	switch {
	case errors.Is(err, userprovider.ErrNotFound):
		return &chiauth0.Error{
			Status:  http.StatusNotFound,
			Code:    "no_such_user",
			Title:   "User not found",
			Message: "There is no such user.",
			Err:     err,
		}
	case errors.Is(err, errOwnAccount):
		return &chiauth0.Error{
			Status:  http.StatusConflict,
			Code:    "own_account",
			Title:   "This does not work for your own account",
			Message: "You cannot deactivate your own account.",
			Err:     err,
		}
	case errors.Is(err, errors.ErrUnsupported):
		return &chiauth0.Error{
			Status:  http.StatusNotImplemented,
			Code:    "unsupported",
			Title:   "This session store cannot do that",
			Message: "This session store cannot find the sessions of a user.",
			Err:     err,
		}
	default:
		return unavailable(err)
	}
}

func unavailable(err error) *chiauth0.Error {
	return &chiauth0.Error{
		Status:  http.StatusServiceUnavailable,
		Code:    "unavailable",
		Title:   "Try again in a moment",
		Message: "The database or the session store does not answer. Try again in a moment.",
		Err:     err,
	}
}
