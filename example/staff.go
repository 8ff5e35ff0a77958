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

// A staffPage is what the staff see of the users.
type staffPage struct {
	People    []person
	Done      string // what the viewer has just done
	CanLogout bool   // the session store can find the sessions of a user
}

// doneKey is where the session keeps a sentence for the next page: the application's own data, beside chiauth0's.
const doneKey = "done"

func (s *site) staff(w http.ResponseWriter, r *http.Request) {
	everybody, err := s.users.list(r.Context())
	if err != nil {
		s.fail(w, r, unavailable(err))
		return
	}
	p := s.newPage(r, routeOf(r.URL.Path).Name)
	p.Staff = staffPage{
		People:    everybody,
		Done:      s.cfg.Sessions.PopString(r.Context(), doneKey),
		CanLogout: sessionstores.CanEndAll(s.cfg.Sessions) == nil,
	}
	s.render(w, r, http.StatusOK, "staff", p)
}

// endSessions signs a user out in every browser and on every node. The form is only shown where the store can do so.
func (s *site) endSessions(w http.ResponseWriter, r *http.Request) {
	s.change(w, r, func(ctx context.Context, them person) (string, error) {
		err := chiauth0.LogoutUser(ctx, s.cfg, strconv.FormatInt(them.ID, 10))
		return them.Name() + " is signed out everywhere.", err
	})
}

// setActive lets a user in again, or keeps them out: their next request finds them inactive, on every node.
func (s *site) setActive(w http.ResponseWriter, r *http.Request) {
	active, err := strconv.ParseBool(r.PostFormValue("active"))
	if err != nil {
		s.fail(w, r, &chiauth0.Error{Status: http.StatusBadRequest, Code: "bad_form", Message: "The form says neither yes nor no.", Err: err})
		return
	}
	s.change(w, r, func(ctx context.Context, them person) (string, error) {
		if viewer, err := chiauth0.UserAs[person](ctx); err != nil || viewer.ID == them.ID {
			return "", errOneself
		}
		done := them.Name() + " is active and may log in."
		if !active {
			done = them.Name() + " is inactive: their next request is refused."
		}
		return done, s.users.setActive(ctx, them.ID, active)
	})
}

// errOneself keeps the last superuser from locking everybody out.
var errOneself = errors.New("nobody switches themselves off")

// change does something to the user whom the path names, and shows the list again.
func (s *site) change(w http.ResponseWriter, r *http.Request, do func(context.Context, person) (done string, err error)) {
	user, err := s.users.FindUser(r.Context(), chi.URLParam(r, "id"))
	var done string
	if err == nil {
		done, err = do(r.Context(), user.Value.(person))
	}
	switch {
	case err == nil:
		s.cfg.Sessions.Put(r.Context(), doneKey, done)
		http.Redirect(w, r, "/staff", http.StatusSeeOther)
	case errors.Is(err, userprovider.ErrNotFound):
		s.fail(w, r, &chiauth0.Error{Status: http.StatusNotFound, Code: "no_such_user", Message: "There is no such user.", Err: err})
	case errors.Is(err, errOneself):
		s.fail(w, r, &chiauth0.Error{Status: http.StatusConflict, Code: "oneself", Message: "Nobody can switch themselves off.", Err: err})
	case errors.Is(err, errors.ErrUnsupported):
		s.fail(w, r, &chiauth0.Error{
			Status: http.StatusNotImplemented, Code: "unsupported",
			Message: "This session store cannot find the sessions of a user.", Err: err,
		})
	default:
		s.fail(w, r, unavailable(err))
	}
}

func unavailable(err error) *chiauth0.Error {
	return &chiauth0.Error{
		Status: http.StatusServiceUnavailable, Code: "unavailable", Message: "That did not work just now. Try again in a moment.", Err: err,
	}
}
