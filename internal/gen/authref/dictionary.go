package main

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/writ-iam/writ/internal/reffile"
)

// dictionarySize balances what the dictionary costs in the index, which every
// caller inflates, against what it saves in the services.
const dictionarySize = 8 << 10

// dictionary returns texts that many services share, the most useful last,
// where references to them are the shortest. They are names, ARN formats and
// the like, and the words of those.
func dictionary(services []*reffile.Service) []string {
	shared := make(map[string]int) // services that have the text
	for _, s := range services {
		seen := make(map[string]bool)
		for text := range s.Texts() {
			seen[text] = true
			for _, word := range words(text) {
				seen[word] = true
			}
		}
		for text := range seen {
			shared[text]++
		}
	}
	gain := func(text string) int { // what references save, roughly: one takes 3 bytes, and the dictionary the text itself
		return max(0, shared[text]-2) * max(0, len(text)-3)
	}
	texts := slices.SortedFunc(maps.Keys(shared), func(a, b string) int {
		return cmp.Or(cmp.Compare(gain(b), gain(a)), strings.Compare(a, b))
	})
	var chosen []string
	room := dictionarySize
	for _, text := range texts {
		if gain(text) == 0 || len(text) >= room {
			break
		}
		if !slices.ContainsFunc(chosen, func(c string) bool { return strings.Contains(c, text) }) {
			chosen = append(chosen, text)
			room -= len(text) + 1
		}
	}
	slices.Reverse(chosen)
	return chosen
}

// words cuts a text before its capitals.
func words(text string) []string {
	var words []string
	start := 0
	for i := 1; i < len(text); i++ {
		if 'A' <= text[i] && text[i] <= 'Z' && !('A' <= text[i-1] && text[i-1] <= 'Z') {
			words = append(words, text[start:i])
			start = i
		}
	}
	return append(words, text[start:])
}
