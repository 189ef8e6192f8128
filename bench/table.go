package main

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// A table is a Markdown table: rows of cells, the first of which is the head. The first left columns hold words, and the
// others numbers, which are aligned at the right.
type table struct {
	left int
	rows [][]string
}

func (t *table) row(cells ...string) { t.rows = append(t.rows, cells) }

func (t *table) write(w io.Writer) {
	width := make([]int, len(t.rows[0]))
	for _, row := range t.rows {
		for i, cell := range row {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	for n, row := range t.rows {
		for i, cell := range row {
			pad := strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell))
			if i < t.left {
				cell += pad
			} else {
				cell = pad + cell
			}
			fmt.Fprintf(w, "| %s ", cell)
		}
		fmt.Fprintln(w, "|")
		if n > 0 {
			continue
		}
		for i := range row {
			if i < t.left {
				fmt.Fprintf(w, "|%s", strings.Repeat("-", width[i]+2))
			} else {
				fmt.Fprintf(w, "|%s:", strings.Repeat("-", width[i]+1))
			}
		}
		fmt.Fprintln(w, "|")
	}
	fmt.Fprintln(w)
}
