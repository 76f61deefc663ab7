package files

import (
	"mime"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestCleanName(t *testing.T) {
	long := strings.Repeat("ä", 300)
	for in, want := range map[string]string{
		"":                           "file",
		"  . ..":                     "file",
		"holiday.jpg":                "holiday.jpg",
		"Überweisung 2.pdf":          "Überweisung 2.pdf",
		"../../etc/passwd":           "_.._etc_passwd",
		`C:\Windows\calc.exe`:        "C__Windows_calc.exe",
		"a\r\nSet-Cookie: x=y":       "aSet-Cookie_ x=y",
		"\u202egpj.exe":              "gpj.exe",
		"a\x00b\u200b.txt":           "ab.txt",
		"\xff\xfe.txt":               "txt",
		`"><img src=x onerror=x>.md`: "___img src=x onerror=x_.md",
		"👩\u200d👩.png":               "👩\u200d👩.png",
		"tab\tand\u00a0space":        "taband space",
		long + ".docx":               strings.Repeat("ä", 97) + ".docx",
		"a." + long:                  "a." + strings.Repeat("ä", 99),
	} {
		if got := CleanName(in); got != want {
			t.Errorf("%q became %q, not %q", in, got, want)
		}
	}
}

// FuzzCleanName: what comes out can be shown, saved and put into a header, and stays as it is.
func FuzzCleanName(f *testing.F) {
	for _, seed := range []string{"", "a.txt", "../x", "\u202e\u2066", "\xff", strings.Repeat("x", 300) + ".html", "a\nb", `"; filename=x`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		got := CleanName(name)
		if got == "" || len(got) > nameBytes || !utf8.ValidString(got) || strings.ContainsAny(got, "/\\\"<>:|?*") {
			t.Fatalf("%q became %q", name, got)
		}
		if strings.HasPrefix(got, ".") || strings.HasSuffix(got, ".") || strings.TrimSpace(got) != got {
			t.Fatalf("%q became %q", name, got)
		}
		for _, r := range got {
			if unicode.IsControl(r) || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
				t.Fatalf("%q became %q", name, got)
			}
		}
		if again := CleanName(got); again != got {
			t.Fatalf("%q became %q and then %q", name, got, again)
		}
		header := mime.FormatMediaType("attachment", map[string]string{"filename": got})
		if _, params, err := mime.ParseMediaType(header); err != nil || params["filename"] != got {
			t.Fatalf("%q in a header is %q: %v", got, header, err)
		}
	})
}

func TestTypeOf(t *testing.T) {
	const svg, html = `<svg xmlns="http://www.w3.org/2000/svg" onload="x()">`, "<!doctype html><script>x()</script>"
	for _, c := range []struct{ head, declared, want string }{
		{"\x89PNG\r\n\x1a\nrest", "text/html", "image/png"},
		{"\xff\xd8\xff\xe0", "", "image/jpeg"},
		{"GIF89a<script>", "text/html", "image/gif"},
		{"RIFF\x00\x00\x00\x00WEBPVP8 ", "", "image/webp"},
		{"RIFF\x00\x00\x00\x00WAVE", "audio/wav", "audio/wav"},
		{svg, "image/png", Any},
		{svg, "image/svg+xml", "image/svg+xml"}, // never shown: it is no picture
		{html, "text/html; charset=utf-8", "text/html"},
		{html, "", Any},
		{"%PDF-1.7", "application/pdf", "application/pdf"},
		{"x", "text/plain\r\nx: y", Any},
		{"x", "plain", Any},
		{"x", strings.Repeat("a", 60) + "/" + strings.Repeat("b", 60), Any},
	} {
		if got := typeOf([]byte(c.head), c.declared); got != c.want {
			t.Errorf("%q, said to be %q: %q, not %q", c.head, c.declared, got, c.want)
		}
		if svg == c.head && IsPicture(typeOf([]byte(c.head), c.declared)) {
			t.Errorf("SVG would be shown")
		}
	}
}
