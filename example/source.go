package main

import (
	"embed"
	"strings"
)

// sources are the files whose lines the pages show.
//
//go:embed routes.go reportsapi.go reportsclient.go
var sources embed.FS

// A sourceLine is a line of a source file.
type sourceLine struct {
	File string
	Line int
	Text string
}

// sourceOf returns the first line of a file that contains the text. It is nil if there is none.
func sourceOf(file, text string) *sourceLine {
	content, err := sources.ReadFile(file)
	if err != nil {
		return nil
	}
	number := 0
	for line := range strings.Lines(string(content)) {
		number++
		if strings.Contains(line, text) {
			return &sourceLine{file, number, strings.TrimSpace(line)}
		}
	}
	return nil
}
