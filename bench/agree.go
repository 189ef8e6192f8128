package main

import (
	"fmt"
	"strings"
)

// agree returns an error that lists where an engine's answer differs from Writ's, which decides all requests. The floor
// does not answer.
func agree(list []contender, all []request) error {
	want := make([]bool, len(all))
	var differ []string
	for _, c := range list[1:] {
		for i, of := range c.requests {
			got, err := c.decider.decide(i)
			if err != nil {
				return fmt.Errorf("%s: %v: %w", c.name(), all[of], err)
			}
			switch {
			case c.engine == engine(writ{}):
				want[of] = got
			case got != want[of]:
				differ = append(differ, fmt.Sprintf("%s says %t of %v", c.name(), got, all[of]))
			}
		}
	}
	if len(differ) > 0 {
		shown := differ[:min(len(differ), 10)]
		return fmt.Errorf("%d answers differ from Writ's:\n%s", len(differ), strings.Join(shown, "\n"))
	}
	return nil
}
