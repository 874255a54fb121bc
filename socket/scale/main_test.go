// Package scale checks what the stream promises when there are many clients, of which some leave without a word, some do
// not listen, and some are at another replica every other second. docs/scaling.md has what it takes.
package scale

import (
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/internal/store/storetest"
)

const patience = 60 * time.Second // for what must happen

var program string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "pulso-scale-")
	if err != nil {
		log.Fatal(err)
	}
	program = filepath.Join(dir, "socket")
	if out, err := exec.Command("go", "build", "-o", program, "..").CombinedOutput(); err != nil {
		log.Fatalf("%v\n%s", err, out)
	}
	code := storetest.Run(m)
	if err := os.RemoveAll(dir); err != nil {
		log.Print(err)
	}
	os.Exit(code)
}

// await returns when the condition holds.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %s: %s", patience, what)
		}
	}
}
