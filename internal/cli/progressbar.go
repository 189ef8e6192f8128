package cli

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// A bar shows how far a long piece of work is, on a terminal. The nil bar shows nothing.
type bar struct {
	w     io.Writer
	all   int
	last  time.Time
	shown bool
}

// bar returns one on standard error, if that is a terminal.
func (p *program) bar(all int) *bar {
	if !screenOf(p.stderr).terminal {
		return nil
	}
	return &bar{w: p.stderr, all: all, last: time.Now()}
}

// The bar's width in characters, and the least time between two states of it.
const (
	barWidth = 30
	barPause = 200 * time.Millisecond
)

// step shows that so many are done. What is done in no time is not shown.
func (b *bar) step(done int) {
	if b == nil || time.Since(b.last) < barPause {
		return
	}
	b.last, b.shown = time.Now(), true
	full := barWidth * done / b.all
	fmt.Fprintf(b.w, "\r[%s%s] %d of %d", strings.Repeat("#", full), strings.Repeat(".", barWidth-full), done, b.all)
}

// wipe takes the bar away.
func (b *bar) wipe() {
	if b != nil && b.shown {
		fmt.Fprint(b.w, "\r\x1b[K")
	}
}
