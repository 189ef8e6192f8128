package reffile

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"iter"
	"strings"
)

// Encode returns the file of the services, which are in the order of their
// prefixes. The dictionary has texts that many services share, the most
// useful last; it changes the size and nothing else.
func Encode(prefixes []string, services []*Service, dictionary []string) ([]byte, error) {
	x := index{Dictionary: dictionary, Entries: make([]entry, len(prefixes))}
	var blocks []byte
	for i, s := range services {
		raw, err := written(s)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", prefixes[i], err)
		}
		block, err := deflate(raw, x.preset())
		if err != nil {
			return nil, err
		}
		x.Entries[i] = entry{prefixes[i], len(block)}
		blocks = append(blocks, block...)
	}
	raw, err := written(&x)
	if err != nil {
		return nil, err
	}
	head, err := deflate(raw, nil)
	if err != nil {
		return nil, err
	}
	file := binary.AppendUvarint([]byte(magic), uint64(len(head)))
	return append(append(file, head...), blocks...), nil
}

// Texts yields the texts of s in the order of the file.
func (s *Service) Texts() iter.Seq[string] {
	var w writer
	s.columns(&w)
	return strings.SplitSeq(strings.TrimSuffix(string(w.texts), end), end)
}

func written(c columned) ([]byte, error) {
	var w writer
	c.columns(&w)
	return w.block(), w.err
}

func deflate(raw, preset []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := flate.NewWriterDict(&out, flate.BestCompression, preset)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(raw); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// A writer keeps texts and numbers apart: they deflate better so, and a
// reader can cut its strings from one.
type writer struct {
	texts, numbers []byte
	err            error
}

func (w *writer) text(s *string) {
	if strings.Contains(*s, end) {
		w.err = fmt.Errorf("reffile: a newline in %q", *s)
	}
	w.texts = append(append(w.texts, *s...), end...)
}

func (w *writer) number(n *int) {
	if *n < 0 {
		w.err = fmt.Errorf("reffile: a negative number, %d", *n)
	}
	w.numbers = binary.AppendUvarint(w.numbers, uint64(*n))
}

func (w *writer) length(n *int) { w.number(n) }

func (w *writer) block() []byte {
	block := binary.AppendUvarint(nil, uint64(len(w.texts)))
	return append(append(block, w.texts...), w.numbers...)
}
