package lang

import "regexp"

// Placeholder finds what is to be filled in in the format of an ARN, as the service reference has it:
// "arn:${Partition}:s3:::${BucketName}".
var Placeholder = regexp.MustCompile(`\$\{[^}]*\}|\*`)

const accountPart, lastPart = 4, 5 // of an ARN, from 0

// FormatPart returns the pattern of one part of the format of an ARN, which is taken apart at its first five colons; n is its
// place, from 0.
func FormatPart(format string, n int) (p Pattern) {
	for format != "" {
		at := Placeholder.FindStringIndex(format)
		if at == nil {
			return append(p, Literal(format)...)
		}
		p = append(p, Literal(format[:at[0]])...)
		switch {
		case n == accountPart && at[1]-at[0] == len(format):
			for range 12 {
				p = append(p, Item{Class: Digit})
			}
		case n < lastPart:
			p = append(p, Item{Class: NotColon}, Item{Class: NotColon, Run: true})
		case format[at[0]:at[1]] == "${BucketName}": // which has no slash: what has is an object
			p = append(p, Item{Class: NotSlash}, Item{Class: NotSlash, Run: true})
		default:
			p = append(p, Item{Class: Any}, Item{Class: Any, Run: true})
		}
		format = format[at[1]:]
	}
	return p
}
