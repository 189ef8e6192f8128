package catalogfile

import (
	"bytes"
	"cmp"
	"compress/flate"
	"encoding/binary"
	"slices"
	"strings"
)

// window is how far back deflate can refer, and so the most of a dictionary
// that is of use.
const window = 32 << 10

// minCopy is the shortest copy, in bytes, worth leaving off an insertion for.
// Found by trial: from 12 to 32 the file hardly changes.
const minCopy = 20

// Encode returns the file that holds c and its documents. Document(i, j) is
// asked for the document of c.Policies[i].Versions[j]; the Size of a Version is
// taken from it. The same catalog and documents make the same file.
//
// Encode fails if c is not in order: see the fields of [Catalog].
func Encode(c *Catalog, document func(policy, version int) []byte) ([]byte, error) {
	if err := check(c); err != nil {
		return nil, err
	}
	var (
		bodies  = make([][]byte, len(c.Policies))
		deflate = make([][]byte, len(c.Policies))
		sizes   = make([][]int, len(c.Policies))
		words   = newWordCount()
	)
	for i, p := range c.Policies {
		var newer [][]byte
		sizes[i] = make([]int, len(p.Versions))
		words.nextPolicy()
		for j := len(p.Versions) - 1; j >= 0; j-- {
			doc := document(i, j)
			sizes[i][j] = len(doc)
			pieces := split(doc)
			bodies[i] = appendEdits(bodies[i], newer, pieces, words)
			newer = pieces
		}
	}
	dictionary := words.dictionary()
	for i, body := range bodies {
		deflate[i] = deflated(body, dictionary)
	}

	rows := make([][]byte, len(c.Policies))
	for i, p := range c.Policies {
		rows[i] = appendRows(nil, p.Versions, sizes[i])
	}

	file := []byte(magic)
	for _, section := range [][]byte{appendIndex(nil, c, rows, bodies, deflate), dictionary} {
		section = deflated(section, nil)
		file = binary.AppendUvarint(file, uint64(len(section)))
		file = append(file, section...)
	}
	file = append(file, bytes.Join(rows, nil)...)
	return append(file, bytes.Join(deflate, nil)...), nil
}

func appendIndex(b []byte, c *Catalog, rows, bodies, deflate [][]byte) []byte {
	str := func(s string) { b = append(binary.AppendUvarint(b, uint64(len(s))), s...) }
	num := func(n int) { b = binary.AppendUvarint(b, uint64(n)) }

	str(c.Source)
	num(len(c.Policies))
	var names, paths []string
	for _, p := range c.Policies {
		names, paths = append(names, p.Name), append(paths, p.Path)
	}
	str(strings.Join(names, "\n"))
	str(strings.Join(paths, "\n"))
	for _, p := range c.Policies {
		if p.Deprecated {
			num(1)
		} else {
			num(0)
		}
	}
	for _, p := range c.Policies {
		num(len(p.Versions))
	}
	for _, lengths := range [][][]byte{rows, bodies, deflate} {
		for _, of := range lengths {
			num(len(of))
		}
	}
	return b
}

func appendRows(b []byte, versions []Version, sizes []int) []byte {
	var last [4]int64
	for i, v := range versions {
		row := [4]int64{int64(v.Number), 0, int64(v.Statements), int64(sizes[i])}
		if !v.Created.IsZero() {
			row[1] = v.Created.Unix()
		}
		for k, n := range row {
			b = binary.AppendVarint(b, n-last[k])
		}
		last = row
	}
	return b
}

// split cuts a JSON document after each comma and opening bracket that is not in a
// string, which makes each element of a list one piece.
func split(doc []byte) [][]byte {
	var pieces [][]byte
	start, quoted := 0, false
	for i := 0; i < len(doc); i++ {
		switch c := doc[i]; {
		case c == '"':
			quoted = !quoted
		case c == '\\' && quoted:
			i++
		case (c == ',' || c == '[' || c == '{') && !quoted:
			pieces = append(pieces, doc[start:i+1])
			start = i + 1
		}
	}
	if start < len(doc) {
		pieces = append(pieces, doc[start:])
	}
	return pieces
}

// appendEdits appends the edits that make the document of pieces doc from
// newer, and counts the pieces it had to insert.
func appendEdits(b []byte, newer, doc [][]byte, words *wordCount) []byte {
	offset := make([]int, len(newer)+1) // of each piece of newer
	places := make(map[string][]int)    // where a piece stands in newer
	for i, piece := range newer {
		offset[i+1] = offset[i] + len(piece)
		places[string(piece)] = append(places[string(piece)], i)
	}
	var insert []byte
	at := 0 // where in newer the last copy ended
	for i := 0; i < len(doc); {
		from, n := longestCopy(newer, doc[i:], places[string(doc[i])], offset, at)
		size := offset[from+n] - offset[from]
		if size < minCopy {
			insert = append(insert, doc[i]...)
			words.add(doc[i])
			i++
			continue
		}
		b = append(binary.AppendUvarint(b, uint64(len(insert))), insert...)
		b = binary.AppendVarint(b, int64(offset[from]-at))
		b = binary.AppendUvarint(b, uint64(size))
		insert, at = insert[:0], offset[from+n]
		i += n
	}
	if len(insert) > 0 {
		b = append(binary.AppendUvarint(b, uint64(len(insert))), insert...)
	}
	return b
}

// longestCopy returns the longest run of pieces of newer, from one of places,
// with which doc begins. Of equals it returns the one nearest to at, which
// makes similar edits similar bytes.
func longestCopy(newer, doc [][]byte, places, offset []int, at int) (from, n int) {
	longest, distance := 0, 0
	for _, place := range places {
		k := 0
		for k < len(doc) && place+k < len(newer) && bytes.Equal(newer[place+k], doc[k]) {
			k++
		}
		size, d := offset[place+k]-offset[place], max(offset[place]-at, at-offset[place])
		if size > longest || size == longest && d < distance {
			from, n, longest, distance = place, k, size, d
		}
	}
	return from, n
}

// A wordCount counts in how many policies a piece was inserted, to choose the
// dictionary.
type wordCount struct {
	policies map[string]int
	seen     map[string]bool // in this policy
}

func newWordCount() *wordCount {
	return &wordCount{policies: make(map[string]int), seen: make(map[string]bool)}
}

func (w *wordCount) nextPolicy() { clear(w.seen) }

func (w *wordCount) add(piece []byte) {
	if !w.seen[string(piece)] {
		w.seen[string(piece)] = true
		w.policies[string(piece)]++
	}
}

// dictionary returns the pieces that save the most, as many as are of use.
func (w *wordCount) dictionary() []byte {
	const (
		minPolicies = 3 // fewer do not pay for the piece's place
		reference   = 4 // bytes which a reference to a piece costs, about
	)
	var words []string
	for word, n := range w.policies {
		if n >= minPolicies && len(word) > reference {
			words = append(words, word)
		}
	}
	saves := func(word string) int { return w.policies[word] * (len(word) - reference) }
	slices.SortFunc(words, func(a, b string) int {
		return cmp.Or(cmp.Compare(saves(b), saves(a)), cmp.Compare(a, b))
	})
	room, n := window, 0
	for n < len(words) && len(words[n]) <= room {
		room -= len(words[n])
		n++
	}
	var dictionary []byte
	for _, word := range slices.Backward(words[:n]) {
		dictionary = append(dictionary, word...)
	}
	return dictionary
}

func deflated(b, dictionary []byte) []byte {
	var out bytes.Buffer
	w, err := flate.NewWriterDict(&out, flate.BestCompression, dictionary)
	if err != nil {
		panic(err) // only for a level that does not exist
	}
	w.Write(b) // a bytes.Buffer takes every write
	w.Close()
	return out.Bytes()
}
