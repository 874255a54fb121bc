// Report writes what a run says of its VM as two files to hand to somebody: one HTML page that needs nothing else, and a
// summary in Markdown. Of two runs it writes them side by side.
//
//	make report RUN=run.json                a document that a phase left, or that the dashboard exported
//	make report RUN=20261130-184237-3f9c2a1b    a run of the dashboard at PULSO_URL, http://127.0.0.1:8000 by default
//	make report RUN="run.json other.json"   two runs
//
// Where the dashboard asks for its token, it is in PULSO_SOCKET_TOKEN. The page is made by the dashboard's own charts, so
// that it takes Node.js, in the root of a checkout in which `make build` was run.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/pulso-lab/pulso/internal/run"
	"github.com/pulso-lab/pulso/internal/service"
	"github.com/pulso-lab/pulso/internal/verdict"
)

// Judged is a run and its verdict, as the page takes them.
type Judged struct {
	Run     run.Run         `json:"run"`
	Verdict verdict.Verdict `json:"verdict"`
	Version string          `json:"version"` // of the program that judged
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := write(ctx, ".", os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1) //nolint:gocritic // nothing is left to stop
	}
}

// write makes both files in a folder, and says where they are.
func write(ctx context.Context, folder string, names []string) error {
	if len(names) < 1 || len(names) > 2 {
		return errors.New("say which run, or which two: make report RUN=run.json, or RUN=ID")
	}
	source := dashboard{os.Getenv("PULSO_URL"), os.Getenv("PULSO_SOCKET_TOKEN")}
	var all []Judged
	file := "report"
	for _, name := range names {
		r, err := source.open(ctx, name)
		if err != nil {
			return err
		}
		all = append(all, Judged{r, verdict.Of(r, r.Protocol.Objective, 0), service.Version()})
		file += "-" + r.ID
	}
	html, err := page(ctx, all)
	if err != nil {
		return err
	}
	path := filepath.Join(folder, file)
	if err := os.WriteFile(path+".html", html, 0o644); err != nil { //nolint:gosec // made to be handed on
		return err
	}
	if err := os.WriteFile(path+".md", summary(all), 0o644); err != nil { //nolint:gosec // made to be handed on
		return err
	}
	for _, j := range all {
		fmt.Printf("%s\n  %s\n  %s\n", title(j.Run), j.Verdict.Sentence.EN, j.Verdict.Sentence.ES)
	}
	fmt.Printf("\n%s.html\n%s.md\n", path, path)
	return nil
}
