package history

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/writ-iam/writ/managed"
	"github.com/writ-iam/writ/policy"
)

// A Meaning is what a shipped version meant, in short: as [Step.Update] says in the open universe.
type Meaning struct {
	Verdict Verdict  `json:"verdict"`
	Added   []string `json:"added,omitempty"` // as Names has them; of a first version, as Allows has them
	Removed []string `json:"removed,omitempty"`
}

// meaningsFile is JSON of a map from "NAME@VERSION", compressed. go run ./internal/gen/report writes it.
//
//go:embed meanings.json.gz
var meaningsFile []byte

var meanings = sync.OnceValue(func() map[string]*Meaning { return embedded[*Meaning](meaningsFile, "meanings.json.gz") })

// embedded reads a compressed map; a test reads each file.
func embedded[T any](file []byte, name string) (all map[string]T) {
	r, err := gzip.NewReader(bytes.NewReader(file))
	if err == nil {
		var text []byte
		if text, err = io.ReadAll(r); err == nil {
			err = json.Unmarshal(text, &all)
		}
	}
	if err != nil {
		panic("history: " + name + ": " + err.Error())
	}
	return all
}

// Compressed returns a map as the embedded files have it, for the generators that write them.
func Compressed[T any](all map[string]T) ([]byte, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err == nil {
		if err = json.NewEncoder(w).Encode(all); err == nil {
			err = w.Close()
		}
	}
	return b.Bytes(), err
}

// MeaningOf returns what was worked out beforehand of a version of the shipped catalogue, or nil: proving it takes a while.
func MeaningOf(v *managed.Version) *Meaning { return meanings()[v.Ref()] }

// Meaning sums the update up.
func (u *Update) Meaning() (*Meaning, error) {
	if u.Verdict != New {
		return &Meaning{u.Verdict, Names(u.Added), Names(u.Removed)}, nil
	}
	doc, err := policy.Parse(u.After.Document())
	if err != nil {
		return nil, &DocumentError{u.After, err}
	}
	return &Meaning{Verdict: New, Added: Allows(doc)}, nil
}

// Allows returns the actions and patterns of a document's Allow statements, as they are written.
func Allows(doc *policy.Document) (all []string) {
	for _, s := range doc.Statements {
		switch {
		case s.Effect != policy.Allow:
		case s.Action.Not:
			all = append(all, "all but "+strings.Join(s.Action.Strings(), ", "))
		default:
			all = append(all, s.Action.Strings()...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
