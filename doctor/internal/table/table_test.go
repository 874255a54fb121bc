package table

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/pulso-lab/pulso/doctor/internal/check"
)

var rows = []check.Result{
	{Check: check.Check{Area: "machine", Name: "Go"}, Finding: check.Good("1.26.8")},
	{
		Check: check.Check{Area: "database", Name: "grant"},
		Finding: check.Failure("pulso-migrator has no role, and so it can neither make the tables nor give the services their rights",
			"# as long as it is so, the pods wait for their tables, and answer every request with 503; the build does this, too",
			"gcloud sql users assign-roles pulso-migrator@my-project.iam.gserviceaccount.com --instance=pulso --type=cloud_iam_service_account --note='a b c'"),
		Asked: []string{"gcloud sql users list"},
	},
	{Check: check.Check{Area: "cluster", Name: "socket"}, Finding: check.Unknown("needs cluster")},
}

func printed(commands, color bool) string {
	var out strings.Builder
	checks := make([]check.Check, len(rows))
	for i, r := range rows {
		checks[i] = r.Check
	}
	table := New(&out, checks)
	table.Commands, table.Color = commands, color
	table.Head()
	for _, r := range rows {
		table.Row(r)
	}
	table.Sum()
	return out.String()
}

func TestTheTable(t *testing.T) {
	const want = `area      check   state        what was found
machine   Go      ok           1.26.8
database  grant   FAIL         pulso-migrator has no role, and so it can neither make the tables nor
                               give the services their rights
  cure    # as long as it is so, the pods wait for their tables, and answer every request with 503;
          # the build does this, too
          gcloud sql users assign-roles pulso-migrator@my-project.iam.gserviceaccount.com \
            --instance=pulso --type=cloud_iam_service_account --note='a b c'
  asked   gcloud sql users list
cluster   socket  not checked  needs cluster

1 ok, 1 FAIL, 1 not checked
`
	got := printed(true, false)
	if got != want {
		t.Errorf("got\n%s", got)
	}
	for line := range strings.Lines(got) {
		if utf8.RuneCountInString(strings.TrimSuffix(line, "\n")) > width {
			t.Errorf("too wide: %s", line)
		}
	}
	if strings.Contains(printed(false, false), "asked") {
		t.Error("commands that nobody wanted")
	}
}

func TestColorsAreOnTopOfTheSameText(t *testing.T) {
	colored := printed(true, true)
	if !strings.Contains(colored, "\x1b[1;31mFAIL       \x1b[0m") {
		t.Errorf("no red in\n%q", colored)
	}
	for _, code := range []string{"32", "1;31", "2", "36", "0"} {
		colored = strings.ReplaceAll(colored, "\x1b["+code+"m", "")
	}
	if colored != printed(true, false) {
		t.Errorf("got\n%s", colored)
	}
}

func TestALineIsNotBrokenWithinQuotes(t *testing.T) {
	got := wrap(`ssh vm --command='sudo journalctl -u x'`, 20, true)
	if len(got) != 2 || got[1] != `  --command='sudo journalctl -u x'` {
		t.Errorf("%q", got)
	}
}

func TestNoTerminalObeysTheWordsOfOthers(t *testing.T) {
	if got := wrap("it says \x1b[2J\x07 and\u202e more", 80, false); len(got) != 1 || got[0] != "it says [2J and more" {
		t.Errorf("%q", got)
	}
}
