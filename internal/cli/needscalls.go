package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/spf13/cobra"

	"github.com/writ-iam/writ/internal/cloudtrail"
)

// callsQuery is what the flags of writ needs ask of recorded calls.
type callsQuery struct {
	sideFlags                      // the policies are those of --role-policies
	files                 []string // --from-calls
	principal             once
	since, until          once
	policy, compact, json bool
	timeout               time.Duration
	from, to              time.Time // the zero Time: open
	granted               *side     // nil if nothing is said to be granted
}

// needsFromCalls says what recorded calls used of what is granted.
func (p *program) needsFromCalls(c *cobra.Command, q *callsQuery) error {
	if err := q.check(); err != nil {
		return err
	}
	u, err := newRecorded(q)
	if err != nil {
		return placed(err, q.granted)
	}
	for _, name := range q.files {
		if err := p.readCalls(name, u.add); err != nil {
			return err
		}
	}
	a := u
	cutOff, err := a.finish(c.Context())
	if err != nil {
		if q.granted != nil {
			return placed(err, q.granted, q.granted)
		}
		return err
	}
	if cutOff != "" {
		fmt.Fprintf(p.stderr, "writ: %s\n", cutOff)
	}
	switch {
	case q.json:
		return p.recordedJSON(a)
	case q.policy:
		p.recordedPolicy(a)
	default:
		p.recordedText(a)
	}
	return nil
}

// check checks the flags.
func (q *callsQuery) check() (err error) {
	if q.timeout <= 0 {
		return fmt.Errorf("--timeout: %v is no time to work in; expected one such as 1m", q.timeout)
	}
	if q.from, err = dateOf("--since", &q.since); err != nil {
		return err
	}
	q.to, err = dateOf("--until", &q.until)
	return err
}

// dateOf reads a date, or a time.
func dateOf(flag string, o *once) (time.Time, error) {
	if !o.given() {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, o.text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%s: %q is no date; expected one such as 2026-01-31 or 2026-01-31T12:00:00Z", flag, o.text)
}

// recordFile matches the names of files in a folder that have records. The digests of a trail have none.
var recordFile = regexp.MustCompile(`(?i)\.jsonl?(\.gz|\.\d+)?$`)

// readCalls reads the records of a file, of all files below a folder, or of standard input.
func (p *program) readCalls(name string, each func(*cloudtrail.Record) error) error {
	const flag = "--from-calls"
	if name == "" {
		return fmt.Errorf("%s is empty; expected a file, a folder or -", flag)
	}
	if stat, err := os.Stat(name); name != "-" && err == nil && stat.IsDir() {
		found := false
		err := filepath.WalkDir(name, func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return fmt.Errorf("%s %s: %w", flag, path, reason(err))
			case d.IsDir() && d.Name() == "CloudTrail-Digest":
				return fs.SkipDir
			case d.IsDir() || !recordFile.MatchString(d.Name()):
				return nil
			}
			found = true
			return p.readCalls(path, each)
		})
		if err == nil && !found {
			err = fmt.Errorf("%s %s: the folder has no files of records, whose names end in .json, .json.gz or .jsonl", flag, name)
		}
		return err
	}
	in, err := p.open(flag, name)
	if err != nil {
		return err
	}
	defer in.Close()
	err = cloudtrail.Read(in, each)
	if _, ok := errors.AsType[*cloudtrail.Error](err); ok {
		return fmt.Errorf("%s: %w", nameOf(name), err)
	}
	return err
}
