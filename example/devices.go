package main

import (
	"errors"
	"net/http"

	"github.com/chiauth0/auth/chiauth0"
)

// deviceDoneKey is the session key of the message for the next account page.
const deviceDoneKey = "device_done"

// devices returns the sessions of the viewer. The session store may not be able to list them, as
// with cookie sessions.
func (s *site) devices(r *http.Request) (sessions []chiauth0.SessionInfo, ok bool, err error) {
	user, err := chiauth0.UserFrom(r.Context())
	if err != nil {
		return nil, false, err
	}

	sessions, err = chiauth0.Sessions(r.Context(), s.cfg, user.ID)
	if errors.Is(err, errors.ErrUnsupported) {
		return nil, false, nil
	}

	return sessions, err == nil, err
}

// endDevice logs the viewer out on another device.
func (s *site) endDevice(w http.ResponseWriter, r *http.Request) {
	user, err := chiauth0.UserFrom(r.Context())
	if err != nil {
		s.fail(w, r, unavailable(err))
		return
	}

	err = chiauth0.EndSession(r.Context(), s.cfg, user.ID, r.PostFormValue("session"))
	s.deviceEnded(w, r, err, "You are logged out on that device.")
}

// endOtherDevices logs the viewer out on all devices but this one.
func (s *site) endOtherDevices(w http.ResponseWriter, r *http.Request) {
	err := chiauth0.EndOtherSessions(r.Context())
	s.deviceEnded(w, r, err, "You are logged out on all other devices.")
}

func (s *site) deviceEnded(w http.ResponseWriter, r *http.Request, err error, done string) {
	if err != nil {
		s.fail(w, r, unavailable(err))
		return
	}

	s.cfg.Sessions.Put(r.Context(), deviceDoneKey, done)
	http.Redirect(w, r, "/account#devices", http.StatusSeeOther)
}
