package cli

import (
	"cmp"
	"fmt"
	"html"
	"slices"
	"strings"

	"github.com/writ-iam/writ/analysis/escalate"
)

// A drawing shows the ways to administration as lanes: the holder at the left, the requests of each way, and who it then is at
// the right.
type drawing struct {
	title string
	lanes []lane
	left  int // ways that are not shown
}

type lane struct {
	id    string
	steps []drawnStep
	end   string // whom the holder becomes
}

type drawnStep struct {
	action, detail string
	forwarded      bool
}

// maxLanes is how many ways are drawn: the shortest.
const maxLanes = 12

func drawingOf(q *escalation) *drawing {
	d := &drawing{title: q.holderName()}
	var ways []*escalate.Finding
	for _, f := range q.analysis.Findings {
		if f.Administration && (!q.method.given() || f.Method.ID == q.method.text) {
			ways = append(ways, f)
		}
	}
	slices.SortStableFunc(ways, escalate.Order)
	if len(ways) > maxLanes {
		d.left, ways = len(ways)-maxLanes, ways[:maxLanes]
	}
	for _, f := range ways {
		l := lane{id: f.Method.ID, end: "administration"}
		if len(f.Needs) > 0 {
			l.end = "administration, if there is " + strings.Join(f.Needs, " and ")
		}
		for i := range f.Requests {
			r := &f.Requests[i]
			l.steps = append(l.steps, drawnStep{r.Action, strings.TrimPrefix(r.Resource, "arn:aws:"), len(r.Context["aws:CalledVia"]) > 0})
		}
		d.lanes = append(d.lanes, l)
	}
	return d
}

// verdict is the drawing's last line, or its only one.
func (d *drawing) verdict(q *escalation) string {
	switch {
	case q.analysis.Full:
		return "an administrator already"
	case len(d.lanes) == 0:
		return "no way to administration was found"
	case d.left > 0:
		return "and by " + counted(d.left, "more method")
	}
	return ""
}

// escalationMermaid draws the ways for a README.
// https://mermaid.js.org/syntax/flowchart.html
func escalationMermaid(q *escalation) string {
	d := drawingOf(q)
	var b strings.Builder
	quoted := func(text string) string {
		return `"` + strings.NewReplacer(`"`, "#quot;", "`", "'", "<", "#lt;", ">", "#gt;").Replace(printable(text)) + `"`
	}
	b.WriteString("flowchart LR\n")
	fmt.Fprintf(&b, "  holder([%s])\n", quoted(d.title))
	ends := map[string]string{}
	for i, l := range d.lanes {
		from := "holder"
		for j, s := range l.steps {
			node := fmt.Sprintf("w%d_%d", i+1, j+1)
			text := s.action
			if s.forwarded {
				text += "<br>forwarded by CloudFormation"
			}
			shown := strings.ReplaceAll(quoted(text), "#lt;br#gt;", "<br>")
			arrow := "-->"
			if j == 0 {
				arrow = fmt.Sprintf("-- %s -->", quoted(l.id))
			}
			fmt.Fprintf(&b, "  %s %s %s[%s]\n", from, arrow, node, shown)
			from = node
		}
		end := ends[l.end]
		if end == "" {
			end = fmt.Sprintf("end%d", len(ends)+1)
			ends[l.end] = end
			fmt.Fprintf(&b, "  %s{{%s}}\n", end, quoted(l.end))
		}
		fmt.Fprintf(&b, "  %s --> %s\n", from, end)
	}
	if text := d.verdict(q); text != "" {
		fmt.Fprintf(&b, "  holder -.- note[%s]\n", quoted(text))
	}
	return b.String()
}

// The measures of the picture, in pixels.
const (
	boxWidth, boxHeight = 270, 46
	gapX, gapY          = 34, 22
	margin              = 20
	boldInBox           = 34 // characters
	plainInBox          = 42
)

// escalationSVG draws the ways as a picture, which reads on light and on dark ground.
func escalationSVG(q *escalation) string {
	d := drawingOf(q)
	most := 0
	for _, l := range d.lanes {
		most = max(most, len(l.steps))
	}
	rows := max(len(d.lanes), 1)
	width := 2*margin + (most+2)*boxWidth + (most+1)*gapX
	height := 2*margin + rows*(boxHeight+gapY) + 20
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" font-family="system-ui, sans-serif" font-size="12" role="img">`+"\n", width, height, width, height)
	fmt.Fprintf(&b, "<title>%s</title>\n", html.EscapeString("What "+printable(d.title)+" can become"))
	b.WriteString(`<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" fill="#777"/></marker></defs>` + "\n")
	x := func(column int) int { return margin + column*(boxWidth+gapX) }
	y := func(row int) int { return margin + row*(boxHeight+gapY) }
	box := func(left, top int, colour, first, second string, dashed bool) {
		dash := ""
		if dashed {
			dash = ` stroke-dasharray="5 3"`
		}
		fmt.Fprintf(&b, `<g><title>%s</title><rect x="%d" y="%d" width="%d" height="%d" rx="6" fill="%s" fill-opacity="0.14" stroke="%s"%s/>`,
			html.EscapeString(printable(strings.TrimSpace(first+" "+second))), left, top, boxWidth, boxHeight, colour, colour, dash)
		line := func(text string, at int, weight, size, most int) {
			fmt.Fprintf(&b, `<text x="%d" y="%d" fill="#777" font-weight="%d" font-size="%d">%s</text>`, left+8, at, weight, size, html.EscapeString(shortened(printable(text), most)))
		}
		if second == "" {
			line(first, top+boxHeight/2+4, 600, 12, boldInBox)
		} else {
			line(first, top+18, 600, 12, boldInBox)
			line(second, top+36, 400, 11, plainInBox)
		}
		b.WriteString("</g>\n")
	}
	arrow := func(x1, y1, x2, y2 int) {
		fmt.Fprintf(&b, `<path d="M%d %dC%d %d %d %d %d %d" fill="none" stroke="#777" marker-end="url(#arrow)"/>`+"\n", x1, y1, x1+gapX/2, y1, x2-gapX/2, y2, x2, y2)
	}
	middle := y(rows-1) / 2
	if rows == 1 {
		middle = y(0)
	}
	box(x(0), middle, "#3572b0", d.title, d.verdict(q), false)
	for i, l := range d.lanes {
		from, at := x(0)+boxWidth, middle+boxHeight/2
		for j, s := range l.steps {
			box(x(j+1), y(i), "#b8860b", s.action, s.detail, s.forwarded)
			arrow(from, at, x(j+1), y(i)+boxHeight/2)
			from, at = x(j+1)+boxWidth, y(i)+boxHeight/2
		}
		_, needs, _ := strings.Cut(l.end, ", ")
		box(x(most+1), y(i), "#c0392b", l.id, cmp.Or(needs, "administration"), false)
		arrow(from, at, x(most+1), y(i)+boxHeight/2)
	}
	fmt.Fprintf(&b, `<text x="%d" y="%d" fill="#777">dashed: CloudFormation makes the call for the holder</text>`+"\n", margin, height-margin+8)
	b.WriteString("</svg>\n")
	return b.String()
}
