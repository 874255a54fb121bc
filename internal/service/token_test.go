package service

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestToken(t *testing.T) {
	for _, c := range []struct {
		secret, header string
		admitted       bool
	}{
		{"", "", true}, {"", "Bearer x", true},
		{"geheim", "Bearer geheim", true}, {"geheim", "bearer geheim", true},
		{"geheim", "", false}, {"geheim", "Bearer", false}, {"geheim", "Bearer ", false}, {"geheim", "Bearer geheim ", false},
		{"geheim", "geheim", false}, {"geheim", "Basic geheim", false}, {"geheim", "Bearer x", false},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Authorization", c.header)
		if got := NewToken(c.secret).AdmitsRequest(r); got != c.admitted {
			t.Errorf("secret %q, header %q: admitted %t", c.secret, c.header, got)
		}
	}
	if NewToken("geheim").Admits("") || !NewToken("").Admits("") {
		t.Error("an empty one is admitted where nothing is asked for, and nowhere else")
	}
}
