package cli

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/term"
)

// A screen says what an output stream can show.
type screen struct {
	terminal bool
	colours  bool
}

func screenOf(w io.Writer) screen {
	f, ok := w.(*os.File)
	terminal := ok && term.IsTerminal(int(f.Fd()))
	return screen{terminal, terminal && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
}

func (s screen) green(text string) string  { return s.coloured("32", text) }
func (s screen) red(text string) string    { return s.coloured("31", text) }
func (s screen) yellow(text string) string { return s.coloured("33", text) }

func (s screen) coloured(code, text string) string {
	if !s.colours {
		return text
	}
	return "\x1b[1;" + code + "m" + text + "\x1b[m"
}

// maxPrintable is the length in bytes from which printable cuts a text.
const maxPrintable = 2000

// isPrintable reports whether a text can be shown as it is, as one that is to be copied must be, behind some label.
func isPrintable(text string) bool {
	const label = 100
	return len(text) <= maxPrintable-label && printable(text) == text
}

// printable returns text as one line of at most some thousand characters, in which what a terminal would not show but
// obey is escaped.
func printable(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case b.Len() > maxPrintable:
			return b.String() + "…"
		case unicode.IsPrint(r):
			b.WriteRune(r)
		default:
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		}
	}
	return b.String()
}

// shellQuoted returns a command line that a shell splits into the words.
func shellQuoted(words []string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-"
	quoted := make([]string, len(words))
	for i, w := range words {
		if quoted[i] = w; w == "" || strings.Trim(w, plain) != "" {
			quoted[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}

// aligned returns the rows as lines whose cells stand below each other, two spaces apart.
func aligned(rows [][]string) []string {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	lines := make([]string, len(rows))
	for i, row := range rows {
		var b strings.Builder
		for j, cell := range row {
			fmt.Fprintf(&b, "%-*s  ", widths[j], cell)
		}
		lines[i] = strings.TrimRight(b.String(), " ")
	}
	return lines
}

// textWidth is the width that longer texts are laid out for.
const textWidth = 100

// wrapped lays words out in lines of at most the width, separated by spaces. If there would be more than most lines, unless
// that is 0, the words that are left are counted.
func wrapped(words []string, width, most int) (lines []string) {
	var line strings.Builder
	length := 0 // of the line, in characters
	for i, w := range words {
		n := len([]rune(w))
		if length > 0 && length+1+n > width {
			lines = append(lines, line.String())
			if most > 0 && len(lines) == most {
				lines[most-1] += fmt.Sprintf(" … %d more", len(words)-i)
				return lines
			}
			line.Reset()
			length = 0
		}
		if length > 0 {
			line.WriteByte(' ')
			length++
		}
		line.WriteString(w)
		length += n
	}
	return append(lines, line.String())
}

// hanging lays words out behind an indentation that grows from the second line on.
func hanging(indent string, words []string) []string {
	lines := wrapped(words, textWidth-len(indent)-2, 0)
	for i := range lines {
		if i > 0 {
			lines[i] = "  " + lines[i]
		}
		lines[i] = indent + lines[i]
	}
	return lines
}
