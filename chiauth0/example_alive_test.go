package chiauth0_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/chiauth0/auth/chiauth0"
)

// stream sends server-sent events until the session ends.
func stream(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	flusher := http.NewResponseController(w)
	for {
		alive, err := chiauth0.Alive(r.Context())
		if err != nil {
			return // the browser connects again
		}
		if !alive {
			fmt.Fprint(w, "event: logout\ndata: {}\n\n")
			return
		}

		fmt.Fprintf(w, "data: %s\n\n", time.Now().Format(time.TimeOnly))
		if err := flusher.Flush(); err != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-time.After(5 * time.Second):
		}
	}
}

// A stream of events ends when the session does, also by a logout in another browser. A visitor
// who is not signed in gets its end at once.
func ExampleAlive() {
	cfg := &chiauth0.Config{ // or ConfigFromEnv
		Domain:       "tenant.eu.auth0.com",
		ClientID:     "id",
		ClientSecret: "0123456789abcdef0123456789abcdef",
		BaseURL:      "https://app.example",
		Logger:       slog.New(slog.DiscardHandler),
	}
	r := chi.NewRouter()
	r.With(chiauth0.LoadUser(cfg)).Get("/events", stream)

	w := httptest.NewRecorder()
	r.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "https://app.example/events", nil))
	fmt.Println(w.Body)
	// Output:
	// event: logout
	// data: {}
}
