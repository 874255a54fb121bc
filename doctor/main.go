// Command doctor says what this machine and the cloud project lack, each with its cure, in one table: `make doctor`.
// It runs in the root of the checkout, changes nothing, and exits with 0 only if nothing failed. Without a cloud project
// it checks the machine alone.
//
//	doctor [-project ID] [-v]
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"regexp"
	"syscall"
	"time"

	"github.com/pulso-lab/pulso/doctor/internal/check"
	"github.com/pulso-lab/pulso/doctor/internal/cloud"
	"github.com/pulso-lab/pulso/doctor/internal/command"
	"github.com/pulso-lab/pulso/doctor/internal/machine"
	"github.com/pulso-lab/pulso/doctor/internal/table"
)

const (
	atOnce   = 4                // programs: gcloud takes a second of CPU time each
	patience = 45 * time.Second // with one of them
)

func main() {
	// Programs that were started end before this one does, however it ends.
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	// The database's server is there on Debian, where only root finds it.
	_ = os.Setenv("PATH", os.Getenv("PATH")+":/usr/sbin:/sbin")
	failed, err := run(ctx, os.Args[1:], os.Stdout, cloud.World{
		Run:    command.New(atOnce, patience),
		Client: &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		Lookup: net.DefaultResolver.LookupHost,
	})
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "doctor: %v\n", err)
	}
	if err != nil || failed > 0 {
		os.Exit(1)
	}
}

// run prints the table and says how many checks failed.
func run(ctx context.Context, arguments []string, out io.Writer, w cloud.World) (failed int, err error) {
	flags := flag.NewFlagSet("doctor", flag.ContinueOnError)
	project := flags.String("project", "", "the cloud project's `ID`; gcloud's if not set")
	commands := flags.Bool("v", false, "show under each row what was asked")
	if err := flags.Parse(arguments); errors.Is(err, flag.ErrHelp) {
		return 0, nil
	} else if err != nil {
		return 0, err
	}
	if flags.NArg() > 0 {
		return 0, fmt.Errorf("%q is too much: doctor [-project ID] [-v]", flags.Arg(0))
	}
	checks, err := list(ctx, *project, w)
	if err != nil {
		return 0, err
	}
	t := table.New(out, checks)
	t.Color, t.Commands = terminal(out), *commands
	t.Head()
	if err := check.Run(ctx, checks, t.Row); err != nil {
		return 0, err
	}
	t.Sum()
	return t.Failed(), nil
}

// projectID also keeps what somebody has configured out of the commands that are printed to be pasted.
var projectID = regexp.MustCompile(`^[a-z][a-z0-9.:-]+$`)

// list is what there is to check: always the machine, and the project that is named, or configured, or in
// terraform.tfvars.
func list(ctx context.Context, project string, w cloud.World) ([]check.Check, error) {
	settings, err := cloud.Read(".")
	if err != nil {
		return nil, err
	}
	account, configured, err := cloud.Configured(ctx, w.Run)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	settings.Project = cmp.Or(project, configured, settings.Terraform)
	if settings.Project != "" && !projectID.MatchString(settings.Project) {
		return nil, fmt.Errorf("%q is no project's id, which has lower-case letters, digits and hyphens; `gcloud projects list` shows them", settings.Project)
	}
	checks := machine.This(w.Run, settings.Project != "").Checks()
	if settings.Project != "" {
		return append(checks, cloud.Checks(w, settings, account)...), nil
	}
	return append(checks, check.Check{Area: "gcloud", Name: "project", Look: func(context.Context) check.Finding {
		if err != nil && command.KindOf(err) != command.NoProgram {
			return check.Failure(err.Error(), "gcloud config list")
		}
		return check.Unknown("none is configured: the cloud was not checked, and make demo needs none",
			"# for the cloud, docs/bootstrap.md has the way; it begins with a project, and with", "gcloud config set project ID")
	}}), nil
}

// terminal says whether somebody looks on who likes colors.
func terminal(out io.Writer) bool {
	file, ok := out.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
