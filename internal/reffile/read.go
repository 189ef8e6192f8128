package reffile

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"io"
	"strings"
)

// ErrCorrupt is the error of a file that Encode did not write.
var ErrCorrupt = errors.New("reffile: the file is corrupt")

// A File is an opened file. It is safe for concurrent use.
type File struct {
	Prefixes []string // of the services, in the order of the file
	preset   []byte
	blocks   [][]byte
}

// Open reads the index of a file and keeps the data for File.Service.
func Open(data []byte) (*File, error) {
	file, ok := bytes.CutPrefix(data, []byte(magic))
	if !ok {
		return nil, ErrCorrupt
	}
	n, width := binary.Uvarint(file)
	if width <= 0 || n > uint64(len(file)-width) {
		return nil, ErrCorrupt
	}
	head, blocks := file[width:width+int(n)], file[width+int(n):]
	var x index
	if err := read(&x, head, nil); err != nil {
		return nil, err
	}
	f := &File{
		Prefixes: make([]string, len(x.Entries)),
		preset:   x.preset(),
		blocks:   make([][]byte, len(x.Entries)),
	}
	for i, e := range x.Entries {
		if e.Length > len(blocks) {
			return nil, ErrCorrupt
		}
		f.Prefixes[i] = e.Prefix
		f.blocks[i], blocks = blocks[:e.Length], blocks[e.Length:]
	}
	if len(blocks) > 0 {
		return nil, ErrCorrupt
	}
	return f, nil
}

// Service reads the i-th service, and no other.
func (f *File) Service(i int) (*Service, error) {
	s := new(Service)
	if err := read(s, f.blocks[i], f.preset); err != nil {
		return nil, err
	}
	return s, nil
}

func read(c columned, block, preset []byte) error {
	raw, err := io.ReadAll(flate.NewReaderDict(bytes.NewReader(block), preset))
	if err != nil {
		return ErrCorrupt
	}
	n, width := binary.Uvarint(raw)
	if width <= 0 || n > uint64(len(raw)-width) {
		return ErrCorrupt
	}
	texts := width + int(n)
	r := reader{texts: string(raw[width:texts]), numbers: raw[texts:]}
	c.columns(&r)
	if r.corrupt || r.texts != "" || len(r.numbers) > 0 {
		return ErrCorrupt
	}
	return nil
}

// A reader gives zero values once it has met something corrupt.
type reader struct {
	texts   string
	numbers []byte
	corrupt bool
}

func (r *reader) text(s *string) {
	var ok bool
	if *s, r.texts, ok = strings.Cut(r.texts, end); !ok {
		r.corrupt = true
	}
}

func (r *reader) number(n *int) {
	v, width := binary.Uvarint(r.numbers)
	if width <= 0 || v > 1<<31 {
		r.corrupt, r.texts, r.numbers, *n = true, "", nil, 0
		return
	}
	*n, r.numbers = int(v), r.numbers[width:]
}

// length bounds what a corrupt file can make column allocate: an element
// has at least a byte of its own.
func (r *reader) length(n *int) {
	if r.number(n); *n > len(r.texts)+len(r.numbers) {
		r.corrupt, r.texts, r.numbers, *n = true, "", nil, 0
	}
}
