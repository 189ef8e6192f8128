// Package pdp is the policy decision point that speaks JSON: a line in is a case, which is a request with the policies
// that bear on it; a line out is the decision and why.
//
// # Cases
//
//	{"id": "x",
//	 "request": {
//	   "principal": "arn:aws:iam::111122223333:user/dev",
//	   "action": "s3:GetObject",
//	   "resource": "arn:aws:s3:::b/k",
//	   "resourceAccount": "111122223333",
//	   "sessionIssuer": "arn:aws:iam::111122223333:role/path/name",
//	   "context": {"aws:CalledVia": ["cloudformation.amazonaws.com"], "aws:MultiFactorAuthPresent": "true"}},
//	 "policies": {
//	   "identity": […], "boundary": […], "session": […], "resource": {…},
//	   "scp": [[…], […]], "rcp": [[…]], "endpoint": […]}}
//
// Only request.action must be there. What the members of the request mean is said at [Request]; a context value is a
// string, a number (its text is kept as written), a boolean, or a list of these.
//
// A policy is a document, a string that holds one, or a reference to an AWS managed policy, such as
// "AdministratorAccess-Amplify@v10". Where a list of policies is expected, one will do; boundary and resource take at most one,
// scp and rcp list the levels of the organization from the root down, each a list. null is the same as leaving the policies out.
//
// Reading is as strict as that of policy documents, which go to package policy as the bytes they are: unknown keys, keys
// given twice, wrong types and text behind the case are errors that name the place.
//
// # Answers
//
//	{"id": "x", "decision": "allowed", "decidedBy": ["identity"],
//	 "matched": [{"policy": "identity[0]", "statement": 1, "sid": "…", "effect": "Allow"}],
//	 "blockedBy": [], "missingContext": []}
//
// Where there are any, "nearMisses" and "notes" follow; see [Answer]. A case that cannot be read is answered
// {"id": "x", "error": "…"}, and the others still run. An id is a string or a number; a case without one goes by its place: "line 7".
//
// The package does not read files and does not decide: package eval does that.
package pdp

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
)

// MaxLine is the size in bytes from which the line of a case is refused.
const MaxLine = 8 << 20

// A Tally is what came of the cases of a [Run].
type Tally struct {
	Cases  int
	Errors int // cases that could not be read
}

// Run reads cases from r, a line each, and writes an answer to w for each, in order; empty lines are skipped. What is
// answered is written before Run waits for more to read. After each case it calls progress, if there is one. The
// error is one of reading, of writing, or of ctx.
func Run(ctx context.Context, r io.Reader, w io.Writer, progress func(Tally)) (t Tally, err error) {
	in, out := bufio.NewReaderSize(r, 64<<10), bufio.NewWriterSize(w, 64<<10)
	defer func() {
		if unwritten := out.Flush(); err == nil { // else it may be the same error again
			err = unwritten
		}
	}()
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)

	var d Decider
	var line []byte
	for n := 1; ; n++ {
		if err := ctx.Err(); err != nil {
			return t, err
		}
		if in.Buffered() == 0 {
			if err := out.Flush(); err != nil {
				return t, err
			}
		}
		size, err := 0, error(nil)
		line, size, err = readLine(in, line[:0])
		if err != nil && err != io.EOF {
			return t, err
		}
		if len(bytes.TrimSpace(line)) > 0 {
			var a Answer
			if size > MaxLine {
				a = failed(n, line, fmt.Errorf("line %d has %d bytes; at most %d are read", n, size, MaxLine))
			} else {
				a = d.Decide(n, line)
			}
			t.Cases++
			if a.Error != "" {
				t.Errors++
			}
			if err := enc.Encode(a); err != nil {
				return t, err
			}
			if progress != nil {
				progress(t)
			}
		}
		if err == io.EOF {
			return t, nil
		}
	}
}

// readLine appends the next line to buf, without its end. It keeps no more than MaxLine bytes; size is that of the
// line. At the end of the text the error is io.EOF, and there may be a last line.
func readLine(in *bufio.Reader, buf []byte) (line []byte, size int, err error) {
	for {
		chunk, err := in.ReadSlice('\n')
		if err == nil {
			chunk = chunk[:len(chunk)-1]
		}
		size += len(chunk)
		buf = append(buf, chunk[:min(len(chunk), MaxLine-len(buf))]...)
		if err != bufio.ErrBufferFull {
			return buf, size, err
		}
	}
}
