package service

import (
	"regexp"
	"strings"
	"testing"
)

func TestInstance(t *testing.T) {
	name := regexp.MustCompile(`^[!-~]{1,50}-[a-z2-7]{6}$`)
	for _, host := range []string{"api1-7f9c6d7b5-abcde", "", "árbol y\x00", strings.Repeat("h", 200), strings.Repeat("ñ", 60)} {
		if got := instance(host, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"); !name.MatchString(got) && host != "" || len(got) > 57 {
			t.Errorf("%q: %q", host, got)
		}
	}
	if a, b := Instance(), Instance(); a == b || !name.MatchString(a) {
		t.Errorf("%q and %q", a, b)
	}
}
