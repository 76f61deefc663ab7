package doctor

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

const (
	nameWidth = 18
	lineWidth = 88
)

// Write prints a report for people.
func (r *Report) Write(w io.Writer) {
	fmt.Fprintf(w, "%s\n\n", r.URL)
	for _, c := range r.Checks {
		state := string(c.State)
		if c.State == Ill {
			state = "FAILS"
		}
		fmt.Fprintf(w, "  %-*s%-9s%s\n", nameWidth, c.Name, state, hanging(c.Detail, nameWidth+2+9))
	}
	mend := 0
	for _, f := range r.Findings {
		if !f.Note {
			mend++
		}
	}
	switch mend {
	case 0:
		fmt.Fprint(w, "\nNothing is to be mended.\n")
	case 1:
		fmt.Fprint(w, "\nOne thing is to be mended.\n")
	default:
		fmt.Fprintf(w, "\n%d things are to be mended, the likeliest cause first.\n", mend)
	}
	for _, f := range r.Findings {
		code := f.Code
		if f.Note {
			code += " (to know)"
		}
		fmt.Fprintf(w, "\n  %s\n    %s\n    %s\n", code, hanging(f.Cause, 4), hanging(f.Remedy, 4))
		if f.Line != "" {
			fmt.Fprintf(w, "\n        %s\n", strings.ReplaceAll(f.Line, "\n", "\n        "))
		}
	}
}

// hanging breaks a text into lines, of which all but the first begin so far to the right.
func hanging(text string, indent int) string {
	var b strings.Builder
	at := indent
	for i, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case at+1+n > lineWidth:
			b.WriteString("\n" + strings.Repeat(" ", indent))
			at = indent
		default:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(word)
		at += n
	}
	return b.String()
}
