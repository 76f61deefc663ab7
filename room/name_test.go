package room

import (
	"errors"
	"strings"
	"testing"
)

func TestCheckName(t *testing.T) {
	for _, ok := range []string{"Ada", "Żółw 🐢", "אדה", "a b", strings.Repeat("x", 64), "<script>", "o'Hara", "\u200fעדה"} {
		if err := CheckName("name", ok, 64); err != nil {
			t.Errorf("%q: %v", ok, err)
		}
	}
	for _, bad := range []string{"", strings.Repeat("x", 65), "a\x00b", "a\nb", "\x1b[31m", "a\u202eb", "\u2066x", "\u2028", "\xff\xfe", "a\u0085b"} {
		if err := CheckName("name", bad, 64); !errors.Is(err, ErrBadName) {
			t.Errorf("%q was taken: %v", bad, err)
		}
	}
}
