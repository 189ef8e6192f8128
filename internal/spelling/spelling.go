// Package spelling tells how far apart two names are, for suggestions in errors and explanations.
package spelling

// Distance returns how many bytes must be inserted, deleted or replaced to make b of a.
func Distance(a, b string) int {
	row := make([]int, len(b)+1) // distances from a prefix of a to each prefix of b
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}

// maxNear is the length from which nothing is near: a text of that length is no misspelt name.
const maxNear = 128

// Near reports whether a and b, two names, are at most slips apart. It looks at their lengths first.
func Near(a, b string, slips int) bool {
	return max(len(a), len(b)) <= maxNear && max(len(a)-len(b), len(b)-len(a)) <= slips && Distance(a, b) <= slips
}
