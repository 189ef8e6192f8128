package cloudtrail

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"

	"github.com/writ-iam/writ/internal/jsontree"
	"github.com/writ-iam/writ/policy"
)

// MaxSize is the most that a record may have, in bytes. CloudTrail's own have 1 MB at most, and twice as much where they are written as a
// text.
const MaxSize = 2 << 20

// An Error says what is wrong with the records, and where.
type Error struct {
	Record int   // the number of the record, from 1
	Offset int64 // in bytes from the start, of the text as it is after decompression
	Err    error
}

func (e *Error) Error() string {
	return fmt.Sprintf("record %d, byte %d: %v", e.Record, e.Offset, e.Err)
}

// Unwrap returns what is wrong.
func (e *Error) Unwrap() error { return e.Err }

// Read reads records, and calls each with one after another. It ends with the first error of each, which it returns as it is; all others are
// an [*Error].
func Read(r io.Reader, each func(*Record) error) error {
	in := bufio.NewReaderSize(r, 64<<10)
	s := &stream{in: in, each: each}
	if start, _ := in.Peek(2); bytes.Equal(start, []byte{0x1f, 0x8b}) {
		unzipped, err := gzip.NewReader(in)
		if err != nil {
			return s.fail(err)
		}
		s.in = bufio.NewReaderSize(unzipped, 64<<10)
	}
	if start, _ := s.in.Peek(3); bytes.Equal(start, []byte("\ufeff")) { // the byte order mark
		s.in.Discard(3)
		s.at = 3
	}
	for {
		c, err := s.token()
		if err == io.EOF {
			return nil
		}
		if err == nil {
			switch c {
			case '{':
				err = s.object()
			case '[':
				err = s.list()
			default:
				err = s.fail(fmt.Errorf("expected a record or a list of them, found %q", c))
			}
		}
		if err != nil {
			return err
		}
	}
}

// A stream is cut into values without being understood; package jsontree reads each.
type stream struct {
	in     *bufio.Reader
	at     int64
	record int    // how many were read
	start  int64  // of what is kept
	kept   []byte // of the value that is being read
	each   func(*Record) error
}

// fail makes an error of the place where the stream is.
func (s *stream) fail(err error) error {
	if err == io.EOF {
		err = errors.New("the text ends in the middle of a record")
	} else if err == io.ErrUnexpectedEOF {
		err = errors.New("the compressed data ends in the middle")
	}
	return &Error{s.record + 1, s.at, err}
}

// byte takes the next byte, and keeps it.
func (s *stream) byte() (byte, error) {
	c, err := s.in.ReadByte()
	if err != nil {
		return 0, s.fail(err)
	}
	if len(s.kept) >= MaxSize {
		return 0, &Error{s.record + 1, s.start, fmt.Errorf("it has more than %d bytes, the most that are read of one", MaxSize)}
	}
	s.at++
	s.kept = append(s.kept, c)
	return c, nil
}

// token skips white space and returns the byte behind it, which is not taken. The error is io.EOF at the end.
func (s *stream) token() (byte, error) {
	for {
		c, err := s.in.ReadByte()
		if err == io.EOF {
			return 0, err
		}
		if err != nil {
			return 0, s.fail(err)
		}
		switch c {
		case ' ', '\t', '\r', '\n':
			s.at++
			if len(s.kept) > 0 && len(s.kept) < MaxSize {
				s.kept = append(s.kept, c) // so that offsets stay right
			}
		default:
			return c, s.in.UnreadByte()
		}
	}
}

// expect takes one of some bytes.
func (s *stream) expect(what string) (byte, error) {
	c, err := s.token()
	if err != nil {
		if err == io.EOF {
			err = s.fail(err)
		}
		return 0, err
	}
	for i := range len(what) {
		if what[i] == c {
			return s.byte()
		}
	}
	return 0, s.fail(fmt.Errorf("expected %q, found %q", what, c))
}

// begin starts to keep.
func (s *stream) begin() { s.kept, s.start = s.kept[:0], s.at }

// object reads an object at the top: a record, or one that holds a list of them.
func (s *stream) object() error {
	s.begin()
	if _, err := s.expect("{"); err != nil {
		return err
	}
	holds := false
	for next := `"}`; ; next = `"` {
		c, err := s.expect(next)
		if err != nil {
			return err
		}
		if c == '}' {
			break
		}
		key := len(s.kept) // behind the quotation mark
		if err := s.text(); err != nil {
			return err
		}
		name := string(s.kept[key : len(s.kept)-1])
		if _, err := s.expect(":"); err != nil {
			return err
		}
		if c, err := s.token(); err == nil && c == '[' && (name == "Records" || name == "Events") {
			holds = true
			if err := s.list(); err != nil {
				return err
			}
		} else if err := s.value(); err != nil {
			return err
		}
		if holds { // the rest is about the list, such as the token of the next page
			s.begin()
		}
		if c, err = s.expect(",}"); err != nil {
			return err
		}
		if c == '}' {
			break
		}
	}
	if holds {
		return nil
	}
	return s.emit()
}

// list reads a list of records.
func (s *stream) list() error {
	s.begin()
	if _, err := s.expect("["); err != nil {
		return err
	}
	if c, err := s.token(); err == nil && c == ']' {
		_, err := s.byte()
		return err
	}
	for {
		if c, err := s.token(); err == nil && c != '{' {
			return s.fail(fmt.Errorf("expected a record, found %q", c))
		}
		s.begin()
		if err := s.value(); err != nil {
			return err
		}
		if err := s.emit(); err != nil {
			return err
		}
		s.begin()
		if c, err := s.expect(",]"); err != nil || c == ']' {
			return err
		}
	}
}

// value takes a value: up to the bracket that closes it, whatever is in between.
func (s *stream) value() error {
	if _, err := s.token(); err != nil {
		return s.fail(err)
	}
	for depth := 0; ; {
		c, err := s.byte()
		if err != nil {
			return err
		}
		switch c {
		case '"':
			if err := s.text(); err != nil {
				return err
			}
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		if depth > 0 {
			continue
		}
		if depth < 0 {
			return s.fail(fmt.Errorf("expected a value, found %q", c))
		}
		// A number or a word ends where something else begins.
		switch next, err := s.in.Peek(1); {
		case c == '"' || c == '}' || c == ']' || err != nil:
			return nil
		default:
			switch next[0] {
			case ' ', '\t', '\r', '\n', ',', '}', ']':
				return nil
			}
		}
	}
}

// text takes the rest of a text, behind its first quotation mark.
func (s *stream) text() error {
	for {
		c, err := s.byte()
		if err == nil && c == '\\' {
			_, err = s.byte()
		}
		if err != nil {
			return err
		}
		if c == '"' {
			return nil
		}
	}
}

// emit reads the record that is kept.
func (s *stream) emit() error {
	tree, err := jsontree.Parse(s.kept)
	var r *Record
	if err == nil {
		r, err = record(tree)
	}
	if err != nil {
		at := s.start
		if e, ok := errors.AsType[*policy.Error](err); ok {
			at += int64(e.Pos.Offset)
			reason := e.Reason
			if e.Path != "" {
				reason = e.Path + ": " + reason
			}
			err = errors.New(reason)
		}
		return &Error{s.record + 1, at, err}
	}
	s.record++
	return s.each(r)
}
