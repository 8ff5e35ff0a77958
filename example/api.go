package main

import (
	"net/http"
	"strconv"

	"github.com/chiauth0/auth/chiauth0"
)

// apiUser is the answer of /api/me.
type apiUser struct {
	ID        string            `json:"id"`
	Subject   string            `json:"subject"`
	Name      string            `json:"name"`
	Email     string            `json:"email"`
	Staff     bool              `json:"staff"`
	Superuser bool              `json:"superuser"`
	Groups    []string          `json:"groups"`
	Fields    map[string]string `json:"fields"` // mapped from the claims
}

// me answers with the signed-in user. Its guard guarantees that there is one.
func me(w http.ResponseWriter, r *http.Request) {
	account, err := chiauth0.UserAs[person](r.Context())
	if err != nil {
		internalError(w)
		return
	}
	identity, err := chiauth0.IdentityFrom(r.Context())
	if err != nil {
		internalError(w)
		return
	}
	w.Header().Set("Cache-Control", "private, no-store")
	writeJSON(w, "application/json", http.StatusOK, apiUser{
		ID:        strconv.FormatInt(account.ID, 10),
		Subject:   account.Subject,
		Name:      identity.Name,
		Email:     account.Email,
		Staff:     account.Staff,
		Superuser: account.Superuser,
		Groups:    identity.Groups,
		Fields: map[string]string{
			"first_name": account.FirstName,
			"last_name":  account.LastName,
			"email":      account.Email,
		},
	})
}

func internalError(w http.ResponseWriter) {
	status := http.StatusInternalServerError
	http.Error(w, http.StatusText(status), status)
}
